"""Does theory say what is measured before training?"""

import pandas as pd

from vgstudy.figures.frames import Frames, chosen, untrained
from vgstudy.figures.view import REFERENCE_DEPTH, nearest
from vgstudy.formatting import interval, number, plural
from vgstudy.report.finding import Finding, Row, Table, cross_table, estimate, extreme, setting
from vgstudy.theory.overlays import VARIANCE

# relative difference that rounding explains, as where kernels are constant and seeds do not differ
ROUNDING = 1e-9
NAMES = {"d_delta": "δ", "d_g": "g"}
SETTING = ("activation", "initializer", "depth", "width")
STANDINGS = {
    "asymptotic": "the limit of infinite width",
    "approximation": "an approximation (kernels with a mean, or an output layer drawn in another way)",
}


def theory(frames: Frames) -> Finding | None:
    """Decay factors at epoch 0 against theory: in how many cells they agree, where least, and the
    numbers at one depth."""
    rows = untrained(frames.overlays)
    rows = rows[rows["z"].notna()]
    decays = chosen(rows, quantity=list(NAMES))
    if decays.empty:
        return None
    counts = [
        agreement(chosen(decays, quantity=name, standing=standing), name, standing)
        for name in NAMES
        for standing in STANDINGS
    ]
    headline, *more = [text for text in counts if text]
    worst = extreme(decays.assign(size=decays["z"].abs().where(~holds(decays), 0.0)), by="size")
    more.append(
        f"Furthest apart in standard errors: {NAMES[worst['quantity']]} with {setting(worst, SETTING)}, measured "
        f"{estimate(worst)}, predicted {number(worst['predicted'])}. Standard errors are those of the seeds: with many seeds a "
        "small error of theory is found."
    )
    if text := fluctuation(chosen(rows, quantity=VARIANCE)):
        more.append(text)
    depth = nearest([REFERENCE_DEPTH], decays["depth"].astype(int))
    shown = chosen(decays, depth=depth)
    tables = tuple(table(chosen(shown, quantity=name), name, depth[0]) for name in NAMES)
    return Finding("Theory before training", headline, tuple(more), "profile-start", tables)


def agreement(rows: pd.DataFrame, quantity: str, standing: str) -> str:
    """In how many cells a decay factor agrees with a prediction of one standing, and by how much
    the others differ."""
    if rows.empty:
        return ""
    near = int(holds(rows).sum())
    ratio = rows["value"] / rows["predicted"]
    return (
        f"The interval of the decay factor of {NAMES[quantity]} before any update holds what theory predicts, here "
        f"{STANDINGS[standing]}, in {near} of {plural(len(rows), 'cell')}; measured over predicted has the median "
        f"{number(ratio.median())} and the range {number(ratio.min())} to {number(ratio.max())}."
    )


def holds(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Whether the interval of what was measured holds the prediction, up to rounding."""
    inside = (rows["low"] <= rows["predicted"]) & (rows["predicted"] <= rows["high"])
    return inside | ((rows["value"] / rows["predicted"] - 1).abs() < ROUNDING)


def fluctuation(rows: pd.DataFrame) -> str:
    """How the variance of log gradients over seeds compares with the law of one input."""
    if rows.empty:
        return ""
    ratio = rows["value"] / rows["predicted"]
    return (
        f"The variance over seeds of log δ across the layers is {number(ratio.median())} times (median over "
        f"{plural(len(rows), 'cell')}) that of the law of normal kernels at one input, which grows with the sum of 1 / width."
    )


def table(rows: pd.DataFrame, quantity: str, depth: int) -> Table:
    """Measured, predicted and z of every setting."""
    caption = (
        f"Decay factor of {NAMES[quantity]} at epoch 0, depth {depth}: measured with its interval | predicted "
        "(≈ an approximation) | difference in standard errors"
    )
    return cross_table(caption, rows, ("initializer", "width"), "activation", compared)


def compared(row: Row) -> str:
    """Measured, predicted, and their difference in standard errors."""
    mark = "≈ " if row["standing"] == "approximation" else ""
    return f"{interval(row['value'], row['low'], row['high'])} | {mark}{number(row['predicted'])} | {row['z']:+.1f}"
