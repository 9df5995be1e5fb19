"""Did nets fail because of vanishing gradients? What the numbers allow to say.

Three things must hold before an area under the ROC curve says anything: enough runs of both kinds,
cells that have both (otherwise failing cannot be told apart from the configuration), and that what
should explain a failure happened at all.
"""

import pandas as pd

from vgstudy.analysis.predictors import ALL, BESIDE
from vgstudy.claims.verdicts import FEWEST_OF_EACH
from vgstudy.figures.frames import chosen
from vgstudy.formatting import listing, plural
from vgstudy.report.finding import Row, estimate, records

CHANCE = 0.5
RARE = 0.1  # share of the failures
RIVALS = {"smallest layer": "the smallest gradient level of any layer", "depth": "depth"}
SYMBOLS = {"d_delta": "the signal δ", "d_g": "the kernels' gradient g"}


def area(rows: pd.DataFrame, group: str, predictor: str, quantity: str = "AUC") -> Row | None:
    """The row of a predictor, if it has a value."""
    found = chosen(rows, group=group, predictor=predictor, quantity=quantity)
    found = found[found["value"].notna()]
    return records(found)[0] if len(found) else None


def side(row: Row) -> int:
    """1 where the interval lies above chance, -1 where it lies below, 0 otherwise."""
    return int(row["low"] > CHANCE) - int(row["high"] < CHANCE)


def learned(row: Row) -> int:
    """How many of the runs that entered learned."""
    return int(row["n"] - row["n_failed"] - row["failures"])


def many(row: Row) -> bool:
    """Whether enough runs failed, and enough learned, to compare them."""
    return bool(min(row["failures"], learned(row)) >= FEWEST_OF_EACH)


def enough(row: Row) -> bool:
    """Whether an area may be told: enough runs of both kinds, and cells that have both."""
    return many(row) and row["mixed"] > 0


def beside(rows: pd.DataFrame, group: str, predictor: str, quantity: str = "AUC") -> Row | None:
    """The row of a predictor over the runs with a decay factor of δ, to be compared with that of
    δ."""
    same = f"{quantity}{BESIDE}"  # absent where all runs have one
    return area(
        rows,
        group,
        predictor,
        quantity if chosen(rows, group=group, predictor=predictor, quantity=same).empty else same,
    )


def answer(rows: pd.DataFrame, group: str) -> str:
    """The answer in short, and what predicts failure better."""
    row = area(rows, group, "d_delta")
    return (
        " ".join(filter(None, (short_answer(rows, group), rivals(rows, group, row)))) if row else ""
    )


def short_answer(rows: pd.DataFrame, group: str) -> str:
    """The question, what the runs say, and what happened in those that failed."""
    row = area(rows, group, "d_delta")
    if row is None:
        return ""
    question = f"Did {'' if group == ALL else f'{group} '}nets fail because of vanishing gradients?"
    lead = "Not by a signal δ that vanishes before training." if never_vanished(rows, group) else ""
    parts = (lead, judged(rows, group, row), happened(rows, group))
    return " ".join([question, *filter(None, parts)])


def never_vanished(rows: pd.DataFrame, group: str) -> bool:
    """Whether the signal is shown to vanish in fewer than a tenth of the runs that failed: no
    reason then for most failures."""
    row = area(rows, group, "d_delta", "vanished where failed")
    return bool(row and row["high"] < RARE)


def judged(rows: pd.DataFrame, group: str, row: Row) -> str:
    """What the area under the ROC curve of a vanishing signal allows to say."""
    failed, well = int(row["failures"]), learned(row)
    counted = f"of {plural(failed + well, 'run')} with a decay factor {failed:,} failed and {well:,} learned"
    if not many(row):
        return f"Too few {'failed' if failed < well else 'learned'} for an AUC: {counted}."
    if not row["mixed"]:
        others = [name for name in dict.fromkeys(rows["group"]) if name != ALL]
        whole = group == ALL and not any(area(rows, name, "d_delta") for name in others)
        thing = "activation" if whole and len(others) > 1 else "configuration"
        return f"That cannot be told apart from the {thing}: {counted}, and every cell did one or the other as a whole."
    told = f"{counted}; a signal that vanishes before training predicts failure with an AUC of {estimate(row)} (.5 is chance)"
    either = area(rows, group, "distance")
    far = f", a decay factor far from 1 either way with {estimate(either)}" if either else ""
    if never_vanished(rows, group):
        return f"{told[:1].upper()}{told[1:]}{far}; these compare degrees of exploding."
    if side(row) < 0:
        return f"The runs point the other way, the more the signal vanishes the fewer failures: {told}{far}."
    if side(row) == 0:
        return f"The runs do not say so: {told}{far}."
    if either and either["low"] > row["high"]:
        return f"In part: {told}, yet{far[1:]}. Nets whose signal explodes fail too, so vanishing alone is not the reason."
    inside = area(rows, group, "d_delta", "AUC within cells")
    if inside and enough(inside) and side(inside) == 0:
        return f"Across configurations the runs agree with it, among runs of one cell it is not shown: {told}{far}."
    return f"The runs agree with it: {told}{far}."


def happened(rows: pd.DataFrame, group: str) -> str:
    """In how many runs that failed, and that learned, the signal and the gradient vanished before
    training."""
    texts = []
    for name, symbol in SYMBOLS.items():
        found = [
            (kind, area(rows, group, name, f"vanished where {kind}"))
            for kind in ("failed", "learned")
        ]
        counts = [
            f"{round(row['value'] * row['n']):,} of {int(row['n']):,} that {kind}"
            for kind, row in found
            if row
        ]
        texts += [f"{symbol} in {' and '.join(counts)}"] * bool(counts)
    if not texts:
        return ""
    return f"What shrank toward the input before training (a decay factor below 1): {', '.join(texts)}."


def rivals(rows: pd.DataFrame, group: str, row: Row) -> str:
    """What predicts failure better than a vanishing signal in the same runs, and why the signal
    decides nevertheless."""
    found = {text: beside(rows, group, name) for name, text in RIVALS.items()}
    better = {
        text: own
        for text, own in found.items()
        if own and enough(own) and own["low"] > max(CHANCE, row["value"])
    }
    if not better:
        return ""
    inside = beside(rows, group, "smallest layer", "AUC within cells")
    seeds = f" ({estimate(inside)} among runs of one cell)" if inside else ""
    smallest = RIVALS["smallest layer"]
    told = listing(
        f"{text} {estimate(own)}{seeds * (text == smallest)}" for text, own in better.items()
    )
    if smallest not in better:
        return f"In the same runs failure is predicted better by {told}."
    return (
        f"In the same runs failure is predicted better by {told}: small gradients go with failure, but with depth, too. δ is "
        "judged because vanishing is a loss from layer to layer, which g, δ times the activations, can hide or feign."
    )
