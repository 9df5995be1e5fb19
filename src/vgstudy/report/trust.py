"""Tables to judge the numbers by: who was left out, whether one factor per layer fits, every limit,
every share of variance."""

from collections.abc import Mapping, Sequence
from math import exp

import numpy as np
import pandas as pd

from vgstudy.analysis.estimates import SINGLE_ZEROS
from vgstudy.analysis.resampling import BCA
from vgstudy.analysis.robust import TWO_MODES
from vgstudy.figures.frames import Frames, chosen
from vgstudy.formatting import ABSENT, number
from vgstudy.report.finding import estimate, records
from vgstudy.report.findings import Table
from vgstudy.report.opinions import not_one_mode, second_opinions
from vgstudy.schema import FACTORS, ZERO_CAUSES

ESTIMATE = "estimate [interval]"
ALIVE = "p_alive"
CAUSES: Mapping[str, str] = {
    f"p_zero_{cause.replace(' ', '_')}": f"zero: {cause}" for cause in ZERO_CAUSES[1:]
}
SINGLE: Mapping[str, str] = {
    f"p_zero_float32_{cause}": f"zero in float32: {cause}" for cause in SINGLE_ZEROS
}
SURVIVAL: Mapping[str, str] = {
    ALIVE: "P(alive)",
    **CAUSES,
    **SINGLE,
    "p_dead": "P(dead)",
    "p_diverged": "P(diverged)",
    "p_learned": "P(learned)",
}
DECAYS: Mapping[str, str] = {"d_g": "g", "d_delta": "δ", "d_h": "h"}


def trust_tables(frames: Frames) -> tuple[Table, ...]:
    """The tables that have rows, in the order in which a reader doubts."""
    limits = frames.limits.assign(
        factor=frames.limits["factor"].astype("object").fillna("own limit")
    )
    tables = (
        survivors(frames),
        sensitivity(frames),
        second_opinions(frames),
        not_one_mode(frames),
        shown(
            "Curvature of log RMS over the layers at epoch 0: 0 if one factor per layer fits (p by Holm)",
            frames.linearity,
            (*FACTORS, "quantity", ESTIMATE, "p_adjusted", "bend", "n", "n_alive"),
        ),
        shown(
            "Depth limits and their differences: depths at which half the seeds still learn",
            limits,
            (
                "width",
                "activation",
                "initializer",
                "optimizer",
                "factor",
                "reference",
                "value",
                "low",
                "high",
                "range",
                "fit",
                "misfit",
                "n",
            ),
        ),
        shown(
            "Shares of variance over runs, every quantity and epoch",
            frames.variances,
            ("quantity", "epoch", "source", ESTIMATE, "freedom", "n_cells", "n"),
        ),
    )
    return tuple(table for table in tables if table.rows)


def survivors(frames: Frames) -> Table:
    """Cells in which some seeds have no decay factor or a float32 zero, at the start or the end;
    why, and what became of them."""
    epochs = [0, frames.last_epoch]
    decays = chosen(frames.estimates, quantity="d_delta", epoch=epochs)
    shares = chosen(frames.estimates, quantity=list(SURVIVAL), epoch=epochs)
    found = ((shares["quantity"] == ALIVE) & (shares["value"] < 1)) | (
        shares["quantity"].isin(SINGLE) & (shares["value"] > 0)
    )
    rows = shares.merge(shares[found][["cell", "epoch"]].drop_duplicates(), on=["cell", "epoch"])
    rows = rows[
        rows["quantity"].map(rows.groupby("quantity")["value"].max()) > 0
    ]  # causes that occur
    rows = rows.assign(text=[estimate(row) for row in records(rows)])
    wide = rows.pivot(
        index=[*FACTORS, "epoch", "cell"], columns="quantity", values="text"
    ).reset_index()
    wide = wide.sort_values([*FACTORS, "epoch"])
    wide = wide.merge(decays[["cell", "epoch", "n", "n_alive"]], on=["cell", "epoch"], how="left")
    wide = wide.rename(
        columns={**SURVIVAL, "n_alive": "seeds in the decay factor of δ", "n": "seeds"}
    )
    return shown(
        "Survivors: cells in which the whole gradient of some layer is zero or not finite for some seeds, so that decay factors "
        "are of the others alone, or zero in float32 alone, which leaves no seed out; why, and for how many seeds",
        wide,
        (
            *(*FACTORS, "epoch"),
            *(name for name in SURVIVAL.values() if name in wide),
            *("seeds", "seeds in the decay factor of δ"),
        ),
    )


def sensitivity(frames: Frames) -> Table:
    """How far decay factors and what they say of 1 depend on how they are summarised: a row per
    quantity and epoch."""
    rows = chosen(frames.estimates, quantity=list(DECAYS), epoch=[0, frames.last_epoch])
    rows = rows[rows["low"].notna()].astype({"epoch": int})
    listed = tuple(
        (f"d of {DECAYS[str(quantity)]}", str(epoch), *sensitivity_texts(own))
        for (quantity, epoch), own in rows.groupby(["quantity", "epoch"], sort=False)
    )
    return Table(
        "Sensitivity: in how many cells a decay factor says something else when summarised otherwise "
        "(second interval: BCa from 20 seeds on; trimmed: without the lowest and the highest fifth of the seeds)",
        (
            *(
                "quantity",
                "epoch",
                "cells with an interval",
                "other side of 1 by the second interval",
            ),
            *(
                "other side of 1 by the trimmed mean",
                "trimmed mean outside the interval",
                "median outside the interval",
            ),
            *("largest ratio of trimmed mean to mean", "may have two modes"),
        ),
        listed,
    )


def sensitivity_texts(rows: pd.DataFrame) -> tuple[str, ...]:
    """Counts of cells, and how far the trimmed mean lies off at most."""
    side = of_one(rows["low"], rows["high"])
    by_second, by_trimmed = (
        of_one(rows[f"{name}low"], rows[f"{name}high"]) for name in ("check_", "trimmed_")
    )
    outside = [
        (rows[name] < rows["low"]) | (rows[name] > rows["high"]) for name in ("trimmed", "median")
    ]
    other = [(by != side) & by.notna() for by in (by_second, by_trimmed)]
    farthest = exp(np.abs(np.log(rows["trimmed"].astype(float) / rows["value"])).max())
    counts = [*other, *outside, rows["bimodality"] > TWO_MODES]
    texts = [f"{int(count.sum()):,}" for count in counts]
    if not (rows["check"] == BCA).any():
        texts[0] = "the same interval"
    return (f"{len(rows):,}", *texts[:4], number(farthest), texts[4])


def of_one(low: "pd.Series[float]", high: "pd.Series[float]") -> "pd.Series[float]":
    """-1 where an interval lies below 1, 1 where it lies above, 0 where it holds 1, missing where
    there is none."""
    side = np.where(high < 1, -1.0, np.where(low > 1, 1.0, 0.0))
    return pd.Series(np.where(low.isna() | high.isna(), np.nan, side), low.index)


def shown(caption: str, frame: pd.DataFrame, columns: Sequence[str]) -> Table:
    """Some columns of any table as texts; ESTIMATE stands for value, low and high together."""
    rows = (tuple(_text(row, name) for name in columns) for row in records(frame))
    return Table(caption, tuple(name.replace("_", " ") for name in columns), tuple(rows))


def _text(row: Mapping[str, object], name: str) -> str:
    if name == ESTIMATE:
        return estimate(row)
    value = row[name]
    if isinstance(value, float):
        return number(value, 0 if value.is_integer() else None)
    return ABSENT if value is None or value is pd.NA else str(value)
