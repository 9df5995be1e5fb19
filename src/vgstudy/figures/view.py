"""What a picture shows: a table with a row per drawn point, and the grid of panels it is laid out
in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from vgstudy.formatting import listing
from vgstudy.schema import FACTORS

REFERENCE_DEPTH = 10  # the depth, or the nearest to it, at which numbers of one depth are shown
COLUMNS_AT_MOST = 6  # panels side by side on a page ten inches wide
# of a factor that makes panels: nobody reads hundreds of them, and each takes a tenth of a second
# to draw
LEVELS_AT_MOST = 8


@dataclass(frozen=True)
class Axis:
    """An axis: label with unit, scale as matplotlib names it, named levels marked by a line."""

    label: str
    scale: str = "linear"
    marks: Mapping[str, float] = field(default_factory=dict)
    limits: tuple[float, float] | None = None


BLOCKS = ("initializer", "width")
DEPTH = Axis("depth (hidden layers)")
EPOCH = Axis("epoch (0 is before any update)", "symlog")


@dataclass(frozen=True)
class View:
    """Finished estimates selected for one picture.

    Attributes
    ----------
    frame
        A row per point: `quantity` (a key of `axes`), `x`, `value`, `low`, `high`, the factor
        columns, and what the estimate's table says about it (n, n_alive, n_failed, method,
        confidence); optionally `predicted`, drawn as a thin line, and `outer_low`, `outer_high`,
        the ends of a band that holds over a whole line at once, with `band`, how it was made.
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
    free
        Those of `across` whose levels have vertical ranges of their own, because they differ by too
        many decades.
    """

    frame: pd.DataFrame
    axes: Mapping[str, Axis]
    x: Axis
    note: str = ""
    across: tuple[str, ...] = ("width", "initializer")
    down: tuple[str, ...] = ()
    free: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is no point to draw."""
        return bool(self.frame["value"].isna().all())


def with_bands(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose simultaneous bands, over all points of a line, are to be drawn beside the
    intervals of single points."""
    return rows.assign(outer_low=rows["band_low"], outer_high=rows["band_high"])


def laid_out(view: View) -> View:
    """The view with its widths led down, not across, where the panels would not fit side by
    side."""
    panels = int(np.prod([view.frame[name].nunique() for name in view.across]))
    if "width" not in view.across or panels <= COLUMNS_AT_MOST:
        return view
    return replace(
        view,
        across=tuple(name for name in view.across if name != "width"),
        down=("width", *view.down),
    )


def thinned(view: View) -> View:
    """The view with at most `LEVELS_AT_MOST` levels of each factor that makes panels: the first,
    the last, and others evenly between them in the study's order. The note says which."""
    frame, notes = view.frame, [view.note]
    for factor in (name for name in (*view.across, *view.down) if name in FACTORS):
        levels = list(frame[factor].drop_duplicates().sort_values())
        if len(levels) > LEVELS_AT_MOST:
            kept = [
                levels[place]
                for place in np.linspace(0, len(levels) - 1, LEVELS_AT_MOST).round().astype(int)
            ]
            frame = frame[frame[factor].isin(kept)]
            notes.append(
                f"Shown are {len(kept)} of {len(levels)} levels of {factor}: {listing(map(str, kept))}."
            )
    return (
        view
        if frame is view.frame
        else replace(view, frame=frame, note=" ".join(filter(None, notes)))
    )


def nearest(wanted: Iterable[int], available: Iterable[int]) -> list[int]:
    """For each wanted number the nearest available one, without repeats, in order; the smaller of
    two equally near."""
    choices = sorted(available)
    return (
        sorted(
            {min(choices, key=lambda choice: (abs(choice - number), choice)) for number in wanted}
        )
        if choices
        else []
    )
