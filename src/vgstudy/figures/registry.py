"""Every figure by its name, which of them a study has, and the texts next to it: what it shows in
few words, and the details that a reader may ask for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any

import pandas as pd

from vgstudy.errors import UserError, among
from vgstudy.figures.frames import Frames
from vgstudy.figures.view import View, thinned
from vgstudy.formatting import listing, percent, plural

# modules of this package that register figures, in the order of the report
FAMILIES = ("outcomes", "depth", "rates", "comparisons", "arms", "layers", "signal", "levels")
# of methods whose name in tables is not a sentence's
METHODS: Mapping[str, str] = MappingProxyType(
    {
        "t": "Student t",
        "chi-squared on log": "chi-squared (too narrow for ReLU)",
        "t on log": "Student t (log scale)",
        "max-|t|, bootstrap of seeds": "max-t bootstrap",
        "max-|t|, normal draws": "max-t",
        "Newcombe, paired difference": "Newcombe's paired",
        "DKW band over epochs": "DKW",
        "exact, common odds ratio": "exact",
        "Newcombe, sum of shares": "Newcombe",
        "monotone fit, Jeffreys draws": "posterior (Jeffreys' prior)",
        "monotone fit, band by Bonferroni": "fitted-curve",
    }
)
CUT = "An interval far wider than the spread of the values is cut at the edge of its panel."

Select = Callable[[Frames], View]
_registered: dict[str, "FigureSpec"] = {}


@dataclass(frozen=True)
class FigureSpec:
    """A figure: the fixed part of its caption, and the function that selects what it shows.

    Attributes
    ----------
    name
        Names its files.
    title
        What it shows, as a heading.
    caption, details
        What is drawn, in few words, and what else a reader may ask, in whole sentences.
    needs
        Why it is not drawn where there is nothing to draw, as the end of a sentence.
    select
        Returns the view of a study's tables.
    is_of
        Whether a study, as its settings, has the figure.
    """

    name: str
    title: str
    caption: str
    needs: str
    details: str
    select: Select
    is_of: Callable[[Mapping[str, Any]], bool]

    def view(self, frames: Frames) -> View:
        """Return what the figure shows of a study; of very many panels some."""
        return thinned(self.select(frames))

    def texts(self, view: View) -> dict[str, str]:
        """Return the title, the takeaway, the caption and the details.

        The caption of a figure that shows nothing says why.
        """
        caption, details = [f"Not drawn: {self.needs}."], [""]
        if not view.empty:
            drawn = view.frame[view.frame["value"].notna()]
            number = view.counts or seeds(drawn)
            caption = [self.caption, intervals(drawn, view.simultaneous), number]
            details = [self.details, view.note, CUT * ("method" in drawn), left_out(view.frame)]
        return {
            "title": self.title,
            "takeaway": "" if view.empty else view.takeaway,
            "caption": " ".join(filter(None, caption)),
            "details": " ".join(filter(None, details)),
        }


def figure(
    name: str,
    *,
    title: str,
    caption: str,
    needs: str,
    details: str = "",
    is_of: Callable[[Mapping[str, Any]], bool] = lambda _: True,
) -> Callable[[Select], Select]:
    """Register the decorated function, which selects what a figure shows; see `FigureSpec`."""

    def register(select: Select) -> Select:
        _registered[name] = FigureSpec(name, title, caption, needs, details, select, is_of)
        return select

    return register


def figures(study: Mapping[str, Any] | None = None) -> dict[str, FigureSpec]:
    """Return every figure by name, or those of a study, in the order of the report."""
    modules = [f"{__package__}.{family}" for family in FAMILIES]
    for module in modules:
        import_module(module)

    def place(spec: FigureSpec) -> int:
        module = spec.select.__module__
        return modules.index(module) if module in modules else len(modules)

    specs = sorted(_registered.values(), key=place)
    return {spec.name: spec for spec in specs if study is None or spec.is_of(study)}


def figure_of(study: Mapping[str, Any], name: str) -> FigureSpec:
    """Return a figure of a study by its name.

    Raises
    ------
    UserError
        If the study has no such figure.
    """
    specs = figures(study)
    if name not in specs:
        raise UserError(f"{study['name']} has no figure {name!r}; {among(name, specs)}")
    return specs[name]


def intervals(frame: pd.DataFrame, simultaneous: bool) -> str:
    """Say which intervals are drawn."""
    if "method" not in frame:
        return ""
    kinds = frame[["confidence", "method"]].drop_duplicates().itertuples(index=False)
    named = listing(
        f"{percent(confidence)} {METHODS.get(method, method)}" for confidence, method in kinds
    )
    return f"{named} bands, each for a whole line." if simultaneous else f"{named} intervals."


def seeds(frame: pd.DataFrame) -> str:
    """Say how many seeds the design has for a network."""
    return f"{seed_range(frame['n'])} per network." if "n" in frame else ""


def left_out(frame: pd.DataFrame) -> str:
    """Say how many networks lack seeds, or any value, and why."""
    if "n_failed" not in frame:
        return ""
    failed = frame.groupby("cell")["n_failed"].max()
    some = failed[failed > 0]
    if some.empty:
        return f"Nothing is left out of the {plural(len(failed), 'network')} shown."
    text = (
        f"Left out: {seed_range(some)} at a point in {len(some):,} of "
        f"{plural(len(failed), 'network')} (all-zero gradient, non-finite value or missing file)."
    )
    values = frame.groupby(["cell", "quantity"], observed=True)["value"].count()
    undrawn = int((values == 0).groupby("cell").any().sum())
    return f"{text} {plural(undrawn, 'network')} without any value: not drawn." if undrawn else text


def seed_range(counts: "pd.Series[int]") -> str:
    """Return a number of seeds or a range: ``10 seeds``, ``3–10 seeds``."""
    low, high = int(counts.min()), int(counts.max())
    return plural(low, "seed") if low == high else f"{low}–{high} seeds"
