"""How precise is the study, and how many seeds would make it more so?"""

from math import isfinite

import numpy as np
import pandas as pd

from vgstudy.analysis.planner import MOST, SENSIBLE, half_width
from vgstudy.figures.frames import Frames, chosen, untrained
from vgstudy.figures.profiles import at_depths
from vgstudy.figures.view import REFERENCE_DEPTH
from vgstudy.formatting import number, plural, reach
from vgstudy.report.finding import Finding, Row, Table, cross_table, extreme, setting

SETTING = ("activation", "initializer", "width", "depth")


def precision(frames: Frames) -> Finding | None:
    """Half-widths reached by the intervals of the decay factor of δ at epoch 0, and the seeds that
    5 % would take."""
    rows = known(frames)
    if rows.empty:
        return None
    worst, hardest = extreme(rows, by="half"), extreme(rows, by="spread")
    headline = (
        f"Half of {plural(len(rows), 'cell')} know the decay factor of δ at epoch 0 to within {reach(rows['half'].median())}, "
        f"the least precise to {reach(worst['half'])} ({setting(worst, SETTING)})."
    )
    more = (
        f"At the spread seen, ±5 % takes {seeds_text(rows['seeds_needed'].median())} in half of the cells and "
        f"{seeds_text(hardest['seeds_needed'])} in the hardest ({setting(hardest, SETTING)}){instead(hardest)}."
    )
    return Finding(
        "Precision reached",
        headline,
        (more,),
        "profile-start",
        (seeds_table(at_depths(rows, [REFERENCE_DEPTH])),),
    )


def known(frames: Frames) -> pd.DataFrame:
    """The decay factors of δ at epoch 0 that have an interval, with its half-width, of natural
    logs, as `half`."""
    rows: pd.DataFrame = untrained(chosen(frames.estimates, quantity="d_delta", epoch=0))
    rows = rows[rows["seeds_needed"].notna() & (rows["low"] > 0) & np.isfinite(rows["high"])]
    found: pd.DataFrame = rows.assign(half=np.log(rows["high"] / rows["low"]) / 2)
    return found


def seeds_table(rows: pd.DataFrame) -> Table:
    """Seeds for an interval of ±5 % in every setting at one depth, beside the half-width
    reached."""
    caption = (
        f"Seeds for ±5 % in the decay factor of δ at epoch 0, from value / 1.05 to 1.05 times the value, depth "
        f"{rows['depth'].iloc[0]} (half-width reached)"
    )
    return cross_table(caption, rows, ("initializer", "width"), "activation", _entry)


def _entry(row: Row) -> str:
    return f"{seeds_text(row['seeds_needed']).removesuffix(' seeds')} ({reach(row['half'])})"


def seeds_text(count: float) -> str:
    """A number of seeds, or that there are too many."""
    return f"{number(count, 0)} seeds" if isfinite(count) else f"more than {MOST:,} seeds"


def instead(row: Row) -> str:
    """What a sensible number of seeds reaches where ±5 % takes too many."""
    if isfinite(row["seeds_needed"]):
        return ""
    return (
        f", where {SENSIBLE} seeds would reach {reach(float(half_width(row['spread'], SENSIBLE)))}"
    )
