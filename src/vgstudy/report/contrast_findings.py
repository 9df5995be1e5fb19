"""Findings about declared contrasts: each level of a factor against its reference."""

import pandas as pd

from vgstudy.figures.frames import (
    OPTIMIZER,
    REFERENCE_DEPTH,
    Frames,
    chosen,
    nearest,
    untrained,
)
from vgstudy.formatting import plural
from vgstudy.report.estimate_text import Row, Sides, estimate, furthest, setting, sides_by_test
from vgstudy.report.finding import Finding
from vgstudy.report.table import Table, cross_table
from vgstudy.schema import FACTORS

CONTRASTED = {  # name, and the value that means no difference
    "d_delta": ("decay factor of δ", 1.0),
    "p_learned": ("P(learned)", 0.0),
    "test_accuracy": ("test accuracy", 0.0),
}


def contrast(frames: Frames, factor: str) -> Finding | None:
    """Say how often each level lies above or below the reference, in outcomes and in δ's decay."""
    rows = contrast_rows(frames, factor)
    if rows["value"].isna().all():
        return None
    pairs = list(rows["pair"].drop_duplicates())
    outcomes = (
        outcome_contrast(chosen(rows, quantity=name, pair=pair), pair, factor)
        for name in ("p_learned", "test_accuracy")
        for pair in pairs
    )
    decays = (
        decay_contrast(chosen(rows, quantity="d_delta", pair=pair), pair_words(pair, factor))
        for pair in pairs
    )
    tables = (
        contrast_table(chosen(rows, quantity=quantity), quantity, factor) for quantity in CONTRASTED
    )
    more = tuple(filter(None, decays))
    headline = " ".join(filter(None, outcomes)) or " ".join(more)
    kept = tuple(table for table in tables if table)
    return Finding(f"contrast-{factor}", f"{factor.capitalize()}s compared", headline, more, kept)


def contrast_rows(frames: Frames, factor: str) -> pd.DataFrame:
    """Return the contrasts of a factor, with `pair` in words.

    Decay factors are compared at epoch 0, the primary analysis; for optimizers, which play no part
    there, at the last probed epoch. Test accuracies are kept where the study declares them.
    """
    declared = {
        name
        for each in frames.study["contrasts"]
        if each["factor"] == factor
        for name in each["quantities"]
    }
    rows = chosen(frames.contrasts, factor=factor)
    decays = chosen(rows, quantity="d_delta")
    if factor == OPTIMIZER:
        decays = decays[decays["epoch"] == decays["epoch"].max()]
    else:
        decays = untrained(chosen(decays, epoch=0))
    # one seed on a side: no interval
    decays = decays.assign(value=decays["value"].where(decays["low"].notna()))
    names = [name for name in ("p_learned", "test_accuracy") if name in {"p_learned", *declared}]
    outcomes = chosen(rows, quantity=names)
    outcomes = outcomes[outcomes["epoch"] == outcomes["epoch"].max()]
    both = pd.concat([decays, outcomes])
    against = "against " + both["reference_level"]
    if factor != "depth":
        against = both["level"] + " " + against + (" wide" if factor == "width" else "")
    paired: pd.DataFrame = both.assign(pair=against)
    return paired


def pair_words(pair: str, factor: str) -> str:
    """Return a pair of levels as a sentence begins; of depths the reference only."""
    return f"Other depths {pair}" if factor == "depth" else pair


def outcome_contrast(rows: pd.DataFrame, pair: str, factor: str) -> str:
    """Say in how many pairs of cells a share or an accuracy is higher or lower."""
    sides = sides_by_test(rows, 0.0)
    if sides.n == len(sides.unknown):
        return ""
    name, _ = CONTRASTED[str(rows["quantity"].iloc[0])]
    text = (
        f"{pair_words(pair, factor)}: {name} is {side_counts(sides, 'higher', 'lower')} "
        f"({correction(rows)})."
    )
    decided = pd.concat([sides.above, sides.below])
    if decided.empty:
        return text
    row, more = furthest(decided)
    others = tuple(other for other in FACTORS if other != factor)
    return (
        f"{text} Largest difference: {estimate(row, signed=True)} with "
        f"{setting(row, others)}{more}."
    )


def decay_contrast(rows: pd.DataFrame, pair: str) -> str:
    """Say in how many pairs of cells the decay factor of the signal is larger or smaller."""
    sides = sides_by_test(rows, 1.0)
    if sides.n == len(sides.unknown):
        return ""
    return (
        f"{pair}: the decay factor of δ at epoch {rows['epoch'].iloc[0]} is "
        f"{side_counts(sides, 'larger', 'smaller')} ({correction(rows)})."
    )


def correction(rows: pd.DataFrame) -> str:
    """Return which tests decided."""
    kind = str(rows["correction"].iloc[0])
    return "tests corrected by Holm" if kind == "Holm" else kind


def side_counts(sides: Sides, above: str, below: str) -> str:
    """Return how many pairs of cells lie above, below, or are undecided."""
    return (
        f"{above} in {len(sides.above)} of {plural(sides.n, 'pair')} of cells, {below} in "
        f"{len(sides.below)} and undecided in {len(sides.undecided)}{sides.no_interval}"
    )


def contrast_table(rows: pd.DataFrame, quantity: str, factor: str) -> Table | None:
    """Return ratios or differences of every setting, at one depth or at all depths compared."""
    depths = nearest([REFERENCE_DEPTH], rows["depth"].astype(int))
    if not depths:
        return None
    name, null = CONTRASTED[quantity]
    caption = f"{'Ratio' if null else 'Difference'} of {name}"
    across = OPTIMIZER if factor == "activation" else "activation"
    others = (name for name in ("width", "initializer", OPTIMIZER) if name not in (factor, across))
    down = ("pair", *others)

    def entry(row: Row) -> str:
        return estimate(row, signed=not null)

    if factor == "depth":
        return cross_table(caption, rows, ("depth", *down), across, entry)
    at_one = chosen(rows, depth=depths)
    return cross_table(f"{caption}, depth {depths[0]}", at_one, down, across, entry)
