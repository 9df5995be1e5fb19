"""Findings about gradients before training: decay factors, agreement with theory, precision."""

from collections.abc import Iterator
from math import isfinite

import numpy as np
import pandas as pd

from vgstudy.analysis.equivalence import FEASIBLE_SEEDS, MAX_SEEDS, half_width
from vgstudy.analysis.intervals import ALPHA
from vgstudy.figures.frames import (
    REFERENCE_DEPTH,
    Frames,
    at_depths,
    chosen,
    nearest,
    optimizers,
    untrained,
)
from vgstudy.formatting import interval, number, plural, reach
from vgstudy.report.estimate_text import Row, estimate, extreme, setting
from vgstudy.report.finding import Finding
from vgstudy.report.table import Table, cross_table
from vgstudy.theory.overlays import VARIANCE

SYMBOLS = {"d_delta": "δ", "d_g": "g"}
UNTRAINED_SETTING = ("activation", "initializer", "width")
DEFINITION = (
    "Vanishes, explodes: the whole interval lies below, above 1. Does neither: the factor is shown "
    "to be within 5 % of 1 (equivalence by two one-sided tests)."
)
# relative difference that rounding explains, as where all weights are constant
ROUNDING = 1e-9
BASES = {
    "asymptotic": "the limit of infinite width",
    "approximation": "an approximation (kernels with a mean, or an output layer drawn in another "
    "way)",
}


def initial_decay(frames: Frames) -> Finding | None:
    """Count the settings whose signal vanishes, explodes or does neither at epoch 0, one depth."""
    rows = initial_rows(frames)
    if rows is None:
        return None
    depth = rows["depth"].iloc[0]
    delta, g = chosen(rows, quantity="d_delta"), chosen(rows, quantity="d_g")
    several = frames.estimates["optimizer"].nunique() > 1
    trained = f", in the networks for {optimizers(rows)}" if several else ""
    headline = " ".join(
        filter(
            None,
            (
                f"Before any update, at depth {depth}{trained}, the backpropagated signal δ "
                f"{direction_counts(delta)}.",
                strongest_cases(delta),
                dead_seeds(delta),
            ),
        )
    )
    more = (
        f"The kernel gradient g, a product of δ and the activations, {direction_counts(g)}.",
        DEFINITION,
        *curved_cells(frames),
    )
    tables = tuple(
        cross_table(
            f"Decay factor of {symbol} per layer toward the input at epoch 0, depth {depth}, with "
            "its interval",
            chosen(rows, quantity=name),
            ("initializer", "width"),
            "activation",
        )
        for name, symbol in SYMBOLS.items()
    )
    return Finding("decay", "Decay before training", headline, more, tables, "signal-start")


def initial_rows(frames: Frames) -> pd.DataFrame | None:
    """Return the decay factors at epoch 0 at the depth nearest to the reference; None where no
    interval is known.

    Depths at which less than half as many settings were run as at another do not count.
    """
    first = untrained(chosen(frames.estimates, quantity=list(SYMBOLS), epoch=0))
    settings = first[first["value"].notna()]["depth"].astype(int).value_counts()
    common = settings[2 * settings >= settings.max()].index
    rows = chosen(first, depth=nearest([REFERENCE_DEPTH], common))
    return None if rows["low"].isna().all() else rows


def direction_counts(rows: pd.DataFrame) -> str:
    """Say in how many settings a quantity vanishes, explodes, does neither, or is undecided."""
    counts = rows["direction"].value_counts()
    vanishes, explodes, neither, undecided = (
        counts.get(name, 0) for name in ("vanishes", "explodes", "equivalent", "undecided")
    )
    unknown = int(rows["direction"].isna().sum())
    return (
        f"vanishes toward the input in {vanishes} of {plural(len(rows), 'setting')}, explodes in "
        f"{explodes}, does neither in {neither} and is undecided in {undecided}"
        + (f"; {unknown} without an interval" if unknown else "")
    )


def strongest_cases(rows: pd.DataFrame) -> str:
    """Name the strongest vanishing and the strongest explosion, as factors per layer."""
    kinds = (("vanishing", "vanishes", False), ("explosion", "explodes", True))
    texts = []
    for name, direction, largest in kinds:
        if len(some := chosen(rows, direction=direction)):
            row = extreme(some, largest)
            texts.append(
                f"Strongest {name}: a factor of {estimate(row)} per layer with "
                f"{setting(row, UNTRAINED_SETTING)}."
            )
    return " ".join(texts)


def dead_seeds(rows: pd.DataFrame) -> str:
    """Say in how many settings some seeds have no decay factor."""
    some = int((rows["n_failed"] > 0).sum())
    if not some:
        return ""
    return (
        f"Decay factors are of seeds whose gradient is alive; in {plural(some, 'setting')} some "
        "seeds' is not."
    )


def curved_cells(frames: Frames) -> tuple[str, ...]:
    """Say in how many cells one factor per layer is the wrong description of δ, and where most."""
    rows = untrained(chosen(frames.linearity, quantity="curvature_delta"))
    rows = rows[rows["p_adjusted"].notna()]
    if rows.empty:
        return ()
    curved = rows[rows["p_adjusted"] < ALPHA]
    text = (
        f"One factor per layer is too simple a description of δ in {len(curved)} of "
        f"{plural(len(rows), 'cell')} (curvature, Holm)."
    )
    if curved.empty:
        return (text,)
    with np.errstate(divide="ignore"):
        size = np.abs(np.log(curved["curvature_ratio"].astype(float)))
    row = extreme(curved.assign(size=size), by="size")
    return (f"{text} Most bent: {setting(row, (*UNTRAINED_SETTING, 'depth'))}.",)


def theory_agreement(frames: Frames) -> Finding | None:
    """Count the cells whose decay factor at epoch 0 agrees with theory, and name the worst."""
    rows = untrained(frames.overlays)
    rows = rows[rows["z"].notna()]
    decays = chosen(rows, quantity=list(SYMBOLS))
    if decays.empty:
        return None
    counts = (
        agreement(chosen(decays, quantity=name, basis=basis), name, basis)
        for name in SYMBOLS
        for basis in BASES
    )
    headline, *more = filter(None, counts)
    worst = extreme(decays.assign(size=decays["z"].abs().where(~agrees(decays), 0.0)), by="size")
    more.append(
        f"Furthest apart in standard errors: {SYMBOLS[worst['quantity']]} with "
        f"{setting(worst, (*UNTRAINED_SETTING, 'depth'))}, measured {estimate(worst)}, predicted "
        f"{number(worst['predicted'])}. Standard errors are those of the seeds: with many seeds a "
        "small error of theory is found."
    )
    more.extend(seed_variance(chosen(rows, quantity=VARIANCE)))
    depth = nearest([REFERENCE_DEPTH], decays["depth"].astype(int))
    tables = tuple(
        theory_table(chosen(decays, depth=depth, quantity=name), name, depth[0]) for name in SYMBOLS
    )
    return Finding("theory", "Theory before training", headline, tuple(more), tables)


def agreement(rows: pd.DataFrame, quantity: str, basis: str) -> str:
    """Say in how many cells a decay factor agrees with predictions of one basis."""
    if rows.empty:
        return ""
    ratio = rows["value"] / rows["predicted"]
    return (
        f"The interval of the decay factor of {SYMBOLS[quantity]} before any update holds what "
        f"theory predicts, here {BASES[basis]}, in {int(agrees(rows).sum())} of "
        f"{plural(len(rows), 'cell')}; measured over predicted has the median "
        f"{number(ratio.median())} and the range {number(ratio.min())} to {number(ratio.max())}."
    )


def agrees(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Return whether the interval of the measurement holds the prediction, up to rounding."""
    inside = (rows["low"] <= rows["predicted"]) & (rows["predicted"] <= rows["high"])
    return inside | ((rows["value"] / rows["predicted"] - 1).abs() < ROUNDING)


def seed_variance(rows: pd.DataFrame) -> Iterator[str]:
    """Compare the variance of log gradients over seeds with the law for one input."""
    if len(rows):
        ratio = (rows["value"] / rows["predicted"]).median()
        yield (
            f"The variance over seeds of log δ across the layers is {number(ratio)} times (median "
            f"over {plural(len(rows), 'cell')}) that of the law of normal kernels at one input, "
            "which grows with the sum of 1 / width."
        )


def theory_table(rows: pd.DataFrame, quantity: str, depth: int) -> Table:
    """Return measured, predicted and z of every setting."""
    caption = (
        f"Decay factor of {SYMBOLS[quantity]} at epoch 0, depth {depth}: measured with its "
        "interval | predicted (≈ an approximation) | difference in standard errors"
    )

    def entry(row: Row) -> str:
        mark = "≈ " if row["basis"] == "approximation" else ""
        measured = interval(row["value"], row["low"], row["high"])
        return f"{measured} | {mark}{number(row['predicted'])} | {row['z']:+.1f}"

    return cross_table(caption, rows, ("initializer", "width"), "activation", entry)


def precision(frames: Frames) -> Finding | None:
    """Give the half-widths reached for δ at epoch 0, and the seeds that ±5 % would take."""
    rows = half_widths(frames)
    if rows.empty:
        return None
    cell = (*UNTRAINED_SETTING, "depth")
    worst, hardest = extreme(rows, by="half"), extreme(rows, by="spread")
    headline = (
        f"In half of {plural(len(rows), 'cell')} the decay factor of δ at epoch 0 is known to "
        f"within {reach(rows['half'].median())}, in the least precise to {reach(worst['half'])} "
        f"({setting(worst, cell)})."
    )
    more = (
        f"At the spread seen, ±5 % takes {seeds_text(rows['seeds_needed'].median())} in half of "
        f"the cells and {seeds_text(hardest['seeds_needed'])} in the hardest "
        f"({setting(hardest, cell)}){reachable(hardest)}."
    )
    table = seeds_table(at_depths(rows, [REFERENCE_DEPTH]))
    return Finding("precision", "Precision reached", headline, (more,), (table,))


def half_widths(frames: Frames) -> pd.DataFrame:
    """Return the decay factors of δ at epoch 0 that have an interval, with its half-width in
    natural logs as `half`."""
    rows: pd.DataFrame = untrained(chosen(frames.estimates, quantity="d_delta", epoch=0))
    rows = rows[rows["seeds_needed"].notna() & (rows["low"] > 0) & np.isfinite(rows["high"])]
    return rows.assign(half=np.log(rows["high"] / rows["low"]) / 2)


def seeds_table(rows: pd.DataFrame) -> Table:
    """Return the seeds for an interval of ±5 % in every setting at one depth."""
    caption = (
        "Seeds for ±5 % in the decay factor of δ at epoch 0, from value / 1.05 to 1.05 times the "
        f"value, depth {rows['depth'].iloc[0]} (half-width reached)"
    )

    def entry(row: Row) -> str:
        return f"{seeds_text(row['seeds_needed']).removesuffix(' seeds')} ({reach(row['half'])})"

    return cross_table(caption, rows, ("initializer", "width"), "activation", entry)


def seeds_text(count: float) -> str:
    """Return a number of seeds, or that there are too many."""
    return f"{number(count, 0)} seeds" if isfinite(count) else f"more than {MAX_SEEDS:,} seeds"


def reachable(row: Row) -> str:
    """Say what a sensible number of seeds reaches where ±5 % takes too many."""
    if isfinite(row["seeds_needed"]):
        return ""
    half = float(half_width(row["spread"], FEASIBLE_SEEDS))
    return f", where {FEASIBLE_SEEDS} seeds would reach {reach(half)}"
