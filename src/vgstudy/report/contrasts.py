"""What does a declared contrast show: one initializer against another, one optimizer against
another?"""

import pandas as pd

from vgstudy.figures.frames import OPTIMIZER, Frames, chosen, untrained
from vgstudy.figures.view import REFERENCE_DEPTH, nearest
from vgstudy.formatting import plural
from vgstudy.report.finding import (
    Finding,
    Row,
    Sides,
    Table,
    cross_table,
    estimate,
    furthest,
    setting,
    sides_by_test,
)
from vgstudy.schema import FACTORS

SCALES = {
    "d_delta": ("decay factor of δ", 1.0),
    "p_learned": ("P(learned)", 0.0),
    "test_accuracy": ("test accuracy", 0.0),
}


def contrast(frames: Frames, factor: str) -> Finding | None:
    """How often each level lies above or below the reference, in P(learned) and in the decay factor
    of δ."""
    rows = compared_rows(frames, factor)
    if rows["value"].isna().all():
        return None
    pairs = list(rows["pair"].drop_duplicates())
    ends = [
        difference_sentence(chosen(rows, quantity=name, pair=pair), pair, factor)
        for name in ("p_learned", "test_accuracy")
        for pair in pairs
    ]
    decays = [
        decay_sentence(chosen(rows, quantity="d_delta", pair=pair), named(pair, factor))
        for pair in pairs
    ]
    tables = [
        table
        for quantity in SCALES
        if (table := contrast_table(chosen(rows, quantity=quantity), quantity, factor))
    ]
    more = tuple(sentence for sentence in decays if sentence)
    headline = " ".join(sentence for sentence in ends if sentence) or " ".join(more)
    return Finding(f"{factor.capitalize()}s compared", headline, more, "depth-limit", tuple(tables))


def compared_rows(frames: Frames, factor: str) -> pd.DataFrame:
    """Return the contrasts of a factor that the report speaks of, with the compared `pair` as text.

    Decay factors are compared at epoch 0, the primary analysis; for optimizers, which play no part
    there, at the last probed epoch. P(learned) and test accuracy are compared at the end of
    training, the latter where the study declares it. A ratio without an interval has no value.
    """
    rows = chosen(frames.contrasts, factor=factor)
    decays = chosen(rows, quantity=["d_g", "d_delta"])
    epoch = int(decays["epoch"].max()) if factor == OPTIMIZER and len(decays) else 0
    ratios = chosen(decays, epoch=epoch)
    ratios = ratios if factor == OPTIMIZER else untrained(ratios)
    ratios = ratios.assign(value=ratios["value"].where(ratios["low"].notna()))
    declared = [each for each in frames.study["contrasts"] if each["factor"] == factor]
    has_accuracy = any("test_accuracy" in each["quantities"] for each in declared)
    ends = chosen(rows, quantity=["p_learned", *(["test_accuracy"] if has_accuracy else [])])
    compared = pd.concat([ratios, ends[ends["epoch"] == ends["epoch"].max()]])
    against = "against " + compared["reference_level"]
    wide = " wide" * (factor == "width")
    return compared.assign(
        pair=against if factor == "depth" else compared["level"] + " " + against + wide
    )


def named(pair: str, factor: str) -> str:
    """A pair of levels, as a sentence about them begins; of depths, which are shown along an axis,
    the reference only."""
    return f"Other depths {pair}" if factor == "depth" else pair


def difference_sentence(rows: pd.DataFrame, pair: str, factor: str) -> str:
    """In how many pairs of cells a share or an accuracy is higher or lower, and the largest decided
    difference."""
    found = sides_by_test(rows, 0.0)
    if found.n == len(found.unknown):
        return ""
    what = SCALES[str(rows["quantity"].iloc[0])][0]
    text = (
        f"{named(pair, factor)}: {what} is {tally(found, 'higher', 'lower')} ({correction(rows)})."
    )
    decided = pd.concat([found.above, found.below])
    if decided.empty:
        return text
    row, more = furthest(decided)
    return f"{text} Largest difference: {estimate(row, signed=True)} with {setting(row, others(factor))}{more}."


def decay_sentence(rows: pd.DataFrame, pair: str) -> str:
    """In how many pairs of cells the decay factor of the backpropagated signal is larger or
    smaller."""
    found = sides_by_test(rows, 1.0)
    if found.n == len(found.unknown):
        return ""
    counts = tally(found, "larger", "smaller")
    return f"{pair}: the decay factor of δ at epoch {rows['epoch'].iloc[0]} is {counts} ({correction(rows)})."


def correction(rows: pd.DataFrame) -> str:
    """Which tests decided."""
    kind = rows["correction"].iloc[0]
    return "tests corrected by Holm" if kind == "Holm" else kind


def tally(found: Sides, above: str, below: str) -> str:
    """How many pairs of cells lie above, below, or are undecided."""
    pairs = f"{plural(found.n, 'pair')} of cells"
    counts = f"{above} in {len(found.above)} of {pairs}, {below} in {len(found.below)} and undecided in {len(found.undecided)}"
    return counts + found.no_interval


def contrast_table(rows: pd.DataFrame, quantity: str, factor: str) -> Table | None:
    """Ratios or differences at one depth for every setting."""
    depths = nearest([REFERENCE_DEPTH], rows["depth"].astype(int))
    if not depths:
        return None
    name, null = SCALES[quantity]
    kind = "Ratio" if null else "Difference"
    across = "activation" if factor != "activation" else OPTIMIZER
    down = (
        "pair",
        *(
            other
            for other in ("width", "initializer", OPTIMIZER, "activation")
            if other not in (factor, across)
        ),
    )

    def text(row: Row) -> str:
        return estimate(row, signed=not null)

    if factor == "depth":
        return cross_table(f"{kind} of {name}", rows, ("depth", *down), across, text)
    return cross_table(
        f"{kind} of {name}, depth {depths[0]}", chosen(rows, depth=depths), down, across, text
    )


def others(factor: str) -> tuple[str, ...]:
    """All factors but one."""
    return tuple(name for name in FACTORS if name != factor)
