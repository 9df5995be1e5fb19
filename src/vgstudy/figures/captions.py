"""The texts of a figure: what it shows in few words, and the details that a reader may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from vgstudy.formatting import listing, percent, plural

if TYPE_CHECKING:
    import pandas as pd

    from vgstudy.figures.registry import FigureSpec
    from vgstudy.figures.view import View

# of methods whose name in tables is not a sentence's
METHODS: Mapping[str, str] = MappingProxyType(
    {
        "t": "Student t",
        "chi-squared on log": "chi-squared",
        "t on log": "Student t (log scale)",
        "max-|t|, bootstrap of seeds": "max-t bootstrap",
        "max-|t|, normal draws": "max-t",
        "Newcombe, paired difference": "Newcombe's paired",
        "DKW band over epochs": "DKW",
        "exact, common odds ratio": "exact",
        "Newcombe, sum of shares": "Newcombe",
        "monotone fit, Jeffreys draws": "posterior (Jeffreys' prior)",
        "monotone fit, band over depths": "fitted-curve",
    }
)
CUT = "An interval far wider than the spread of the values is cut at the edge of its panel."


def texts(spec: FigureSpec, view: View) -> dict[str, str]:
    """Return the title, the takeaway, the caption and the details of a figure.

    The caption of a figure that shows nothing says why.
    """
    if view.empty:
        return {
            "title": spec.title,
            "takeaway": "",
            "caption": f"Not drawn: {spec.needs}.",
            "details": "",
        }
    drawn = view.frame[view.frame["value"].notna()]
    number = view.counts or seeds(drawn)
    caption = (spec.caption, intervals(drawn, view.simultaneous), number)
    details = (spec.details, view.note, CUT * ("method" in drawn), left_out(view.frame))
    return {
        "title": spec.title,
        "takeaway": view.takeaway,
        "caption": " ".join(filter(None, caption)),
        "details": " ".join(filter(None, details)),
    }


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


def seed_range(counts: pd.Series[int]) -> str:
    """Return a number of seeds or a range: ``10 seeds``, ``3–10 seeds``."""
    low, high = int(counts.min()), int(counts.max())
    return plural(low, "seed") if low == high else f"{low}–{high} seeds"
