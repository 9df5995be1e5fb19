"""What a figure shows: a table with a row per drawn point, and the grid of panels for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from vgstudy.figures.style import Look
from vgstudy.formatting import listing
from vgstudy.quantities import QUANTITIES
from vgstudy.schema import FACTORS

MAX_COLUMNS = 6  # panels next to one another on a page ten inches wide
MAX_LEVELS = 8  # of a factor that makes panels: nobody reads hundreds of them


@dataclass(frozen=True)
class Axis:
    """An axis: label with unit, scale as matplotlib names it, named levels marked by a line, fixed
    limits if there are any, and the names of 0, 1, 2 ... where they are not numbers; on a vertical
    axis the first is at the top."""

    label: str
    scale: str = "linear"
    marks: Mapping[str, float] = field(default_factory=dict)
    limits: tuple[float, float] | None = None
    names: tuple[str, ...] = ()


DEPTH = Axis("depth (hidden layers)")
BLOCKS = ("initializer", "width")  # columns of panels
SETTING = tuple(name for name in FACTORS if name != "depth")


def axes_of(*quantities: str, **details: Any) -> dict[str, Axis]:
    """Return the vertical axes of some quantities, with marks or limits that they share."""
    return {
        name: Axis(QUANTITIES[name].axis, QUANTITIES[name].scale, **details) for name in quantities
    }


@dataclass(frozen=True)
class View:
    """Finished estimates selected for one figure.

    Attributes
    ----------
    frame
        A row per point: `quantity` (a key of `axes`), `x`, `value`, `low`, `high`, the factor
        columns, and what the estimate's table says about it (n, n_alive, n_failed, method,
        confidence); optionally `predicted`, drawn as a thin line.
    axes
        The quantities shown, from top to bottom.
    x
        The horizontal axis.
    note
        What was selected, in whole sentences, for the caption.
    across
        Columns of `frame` whose levels make the columns of panels.
    down
        Columns of `frame` whose levels make a row of panels each, within every quantity.
    line
        Columns of `frame` whose levels make a line each within a panel.
    simultaneous
        Whether intervals hold at all points of a line at once.
    panel
        Draws the points of one panel on its axes; lines with bands if there is none.
    key
        How the entries of the key above the panels look, with a `label` each; the activations if
        there is none.
    counts
        How many runs or seeds it stands on, where the points do not say `n`.
    takeaway
        What to see in the figure; its title on the page and on slides.
    """

    frame: pd.DataFrame
    axes: Mapping[str, Axis]
    x: Axis
    note: str = ""
    across: tuple[str, ...] = ("width", "initializer")
    down: tuple[str, ...] = ()
    line: tuple[str, ...] = ("cell",)
    simultaneous: bool = False
    panel: Callable[[Axes, pd.DataFrame], None] | None = None
    key: Sequence[Look] = ()
    counts: str = ""
    takeaway: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is no point to draw."""
        return bool(self.frame["value"].isna().all())


def in_rows(
    rows: pd.DataFrame, column: str, label: str | None = None
) -> tuple[pd.DataFrame, dict[str, Axis]]:
    """Return the rows with their `place` below one another, one for each name in a column, and the
    vertical axis of each quantity; its label is the quantity unless another is given."""
    axes = {
        str(quantity): Axis(
            str(quantity) if label is None else label, names=tuple(dict.fromkeys(some[column]))
        )
        for quantity, some in rows.groupby("quantity", sort=False)
    }
    pairs = zip(rows["quantity"], rows[column], strict=True)
    return rows.assign(place=[axes[one].names.index(name) for one, name in pairs]), axes


def with_bands(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with their simultaneous band as interval, where they have one."""
    has_band = rows["band"].notna()
    return rows.assign(
        low=rows["band_low"].where(has_band, rows["low"]),
        high=rows["band_high"].where(has_band, rows["high"]),
        method=rows["band"].where(has_band, rows["method"]),
    )


def laid_out(view: View) -> View:
    """Return the view with its widths down, not across, where too many panels would be side by
    side."""
    columns = prod(view.frame[name].nunique() for name in view.across)
    if "width" not in view.across or columns <= MAX_COLUMNS:
        return view
    across = tuple(name for name in view.across if name != "width")
    return replace(view, across=across, down=("width", *view.down))


def thinned(view: View) -> View:
    """Return the view with at most `MAX_LEVELS` levels of each factor that makes panels.

    They are the first, the last, and others evenly between them in the study's order; the note
    says which.
    """
    for factor in (*view.across, *view.down):
        if factor not in FACTORS:
            continue
        levels = list(view.frame[factor].drop_duplicates().sort_values())
        if len(levels) <= MAX_LEVELS:
            continue
        step = (len(levels) - 1) / (MAX_LEVELS - 1)
        kept = [levels[round(place * step)] for place in range(MAX_LEVELS)]
        text = f"Shown are {MAX_LEVELS} of {len(levels)} levels of {factor}:"
        view = replace(
            view,
            frame=view.frame[view.frame[factor].isin(kept)],
            note=f"{view.note} {text} {listing(map(str, kept))}.".strip(),
        )
    return view
