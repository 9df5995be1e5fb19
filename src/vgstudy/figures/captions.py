"""The caption of a figure: its estimand, what was selected, its intervals, its seeds, what is left
out."""

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
        "t on log": "Student t on the log scale",
        "Wilson": "Wilson score",
        "Welch, difference": "Welch t",
        "Welch on log, ratio": "Welch t on the log scale",
        "Newcombe, difference": "Newcombe",
        "exact, common odds ratio": "exact",
        "Newcombe, sum of shares": "Newcombe",
        "monotone fit, Jeffreys draws": "posterior (Jeffreys' prior)",
        "monotone fit, band over depths": "fitted-curve",
        "seeds resampled within cells": "percentile bootstrap (seeds resampled within cells)",
    }
)


def caption_text(spec: FigureSpec, view: View) -> str:
    """Return the whole caption under a figure, or why it is not drawn."""
    if view.empty:
        return f"Not drawn: {spec.needs}."
    drawn = view.frame[view.frame["value"].notna()]
    ranges = "Columns of panels have vertical ranges of their own." if view.own_ranges else ""
    parts = (spec.estimand, view.note, ranges, intervals(drawn, view.simultaneous))
    return " ".join(filter(None, (*parts, seeds(drawn), left_out(view.frame))))


def intervals(frame: pd.DataFrame, simultaneous: bool) -> str:
    """Say which intervals are drawn."""
    if "method" not in frame:
        return ""
    kinds = frame[["confidence", "method"]].drop_duplicates().itertuples(index=False)
    named = listing(
        f"{percent(confidence)} {METHODS.get(method, method)}" for confidence, method in kinds
    )
    span = (
        "each for a whole line at once"
        if simultaneous
        else "each for one point, not corrected for their number"
    )
    return (
        f"Bands and bars: {named} intervals over seeds, {span}; one far wider than the spread of "
        "the values is cut at the edge of its panel."
    )


def seeds(frame: pd.DataFrame) -> str:
    """Say how many seeds the design has for a cell."""
    return f"{seed_range(frame['n'])} per cell." if "n" in frame else ""


def left_out(frame: pd.DataFrame) -> str:
    """Say how many cells lack seeds, or any value, and why."""
    if "n_failed" not in frame:
        return ""
    failed = frame.groupby("cell")["n_failed"].max()
    some = failed[failed > 0]
    if some.empty:
        return f"Nothing is left out of the {plural(len(failed), 'cell')} shown."
    text = (
        f"Left out: {seed_range(some)} at a point in {len(some):,} of "
        f"{plural(len(failed), 'cell')} (all-zero gradient, non-finite value or missing file)."
    )
    values = frame.groupby(["cell", "quantity"], observed=True)["value"].count()
    undrawn = int((values == 0).groupby("cell").any().sum())
    return f"{text} {plural(undrawn, 'cell')} without any value: not drawn." if undrawn else text


def seed_range(counts: pd.Series[int]) -> str:
    """Return a number of seeds or a range: ``10 seeds``, ``3–10 seeds``."""
    low, high = int(counts.min()), int(counts.max())
    return plural(low, "seed") if low == high else f"{low}–{high} seeds"
