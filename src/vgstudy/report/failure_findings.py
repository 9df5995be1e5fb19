"""Finding about failure: does what a gradient looks like before training predict it?

Three things must hold before an area under the ROC curve (AUC) says anything: enough runs of both
kinds, cells that have both (otherwise failing cannot be separated from the configuration), and that
what should explain a failure happened at all.
"""

from collections.abc import Iterator

import pandas as pd

from vgstudy.analysis.predictors import ALL, BESIDE, PREDICTORS
from vgstudy.claims.verdicts import FEWEST_OF_EACH
from vgstudy.figures.frames import Frames, chosen
from vgstudy.formatting import ABSENT, listing, plural
from vgstudy.report.estimate_text import Row, estimate, records
from vgstudy.report.finding import Finding
from vgstudy.report.table import Table

CHANCE = 0.5
RARE = 0.1  # share of the failures
TUTORIALS_ACTIVATION = "tanh"  # of the tutorials' open question
NAMES = {
    **PREDICTORS,
    "autotrainer vanishing": "AUTOTRAINER's rule for vanishing gradients",
    "autotrainer dying": "AUTOTRAINER's rule for dying ReLU",
    "depth and width": "model of depth and width",
    "gradients": "model of gradients before training",
    "everything": "model of both",
}
AUC, AUC_WITHIN = "AUC", "AUC within cells"
AUC_SAME_RUNS = f"{AUC}{BESIDE}"
VANISHED = {kind: f"vanished where {kind}" for kind in ("failed", "learned")}
AREAS = (AUC, AUC_SAME_RUNS, AUC_WITHIN)
SHARES = ("sensitivity", "specificity", *VANISHED.values(), "deviance explained", "Brier score")
COMPETITORS = {
    "smallest layer": "the smallest gradient level of any layer",
    "depth": "depth",
}
SYMBOLS = {"d_delta": "the signal δ", "d_g": "the kernels' gradient g"}


def failure_prediction(frames: Frames) -> Finding | None:
    """Say how well vanishing before training predicts failure."""
    rows = frames.prediction
    if rows.empty or area(rows, ALL, "d_delta") is None:
        return None
    known = area(rows, TUTORIALS_ACTIVATION, "d_delta") is not None
    group = TUTORIALS_ACTIVATION if known else ALL
    headline = " ".join(answer(rows, group))
    more = tuple(competitors(rows, group))
    topic = "Does vanishing predict failure?"
    return Finding("failure", topic, headline, more, (prediction_table(rows),))


def area(rows: pd.DataFrame, group: str, predictor: str, quantity: str = AUC) -> Row | None:
    """Return the row of a predictor, None if it has no value."""
    valued = chosen(rows, group=group, predictor=predictor, quantity=quantity)
    valued = valued[valued["value"].notna()]
    return records(valued)[0] if len(valued) else None


def side(row: Row) -> int:
    """Return 1 where the interval lies above chance, -1 where it lies below, 0 otherwise."""
    return int(row["low"] > CHANCE) - int(row["high"] < CHANCE)


def learned_count(row: Row) -> int:
    """Return how many of the runs compared learned."""
    return int(row["n"] - row["n_failed"] - row["failures"])


def has_both(row: Row) -> bool:
    """Return whether enough runs failed, and enough learned, to compare them."""
    return bool(min(row["failures"], learned_count(row)) >= FEWEST_OF_EACH)


def is_meaningful(row: Row) -> bool:
    """Return whether there are enough runs of both kinds, and cells that have both."""
    return has_both(row) and row["mixed"] > 0


def answer(rows: pd.DataFrame, group: str) -> Iterator[str]:
    """Say what the runs say about the question, and what happened in those that failed."""
    row = area(rows, group, "d_delta")
    if row is None:
        return
    kind = "" if group == ALL else f"{group} "
    yield f"Did {kind}nets fail because of vanishing gradients?"
    if rarely_vanished(rows, group):
        yield "Not by a signal δ that vanishes before training."
    yield judgement(rows, group, row)
    yield from vanished_counts(rows, group)


def rarely_vanished(rows: pd.DataFrame, group: str) -> bool:
    """Return whether the signal is shown to vanish in fewer than a tenth of the failed runs."""
    row = area(rows, group, "d_delta", VANISHED["failed"])
    return bool(row and row["high"] < RARE)


def judgement(rows: pd.DataFrame, group: str, row: Row) -> str:
    """Return what the AUC of a vanishing signal allows to say."""
    failed, learned = int(row["failures"]), learned_count(row)
    counts = (
        f"of {plural(failed + learned, 'run')} with a decay factor {failed:,} failed and "
        f"{learned:,} learned"
    )
    if not has_both(row):
        return f"Too few {'failed' if failed < learned else 'learned'} for an AUC: {counts}."
    if not row["mixed"]:
        return (
            f"That cannot be separated from the configuration: {counts}, and every cell did one or "
            "the other as a whole."
        )
    distance = area(rows, group, "distance")
    either = f", a decay factor far from 1 either way with {estimate(distance)}" if distance else ""
    return (
        f"{lead(rows, group, row, distance)}: {counts}; a signal that vanishes before training "
        f"predicts failure with an AUC of {estimate(row)} (.5 is chance){either}."
    )


def lead(rows: pd.DataFrame, group: str, row: Row, distance: Row | None) -> str:
    """Return how a sentence about an AUC begins."""
    if rarely_vanished(rows, group):
        return "The runs compare degrees of exploding"
    if side(row) < 0:
        return "The runs point the other way, the more the signal vanishes the fewer failures"
    if side(row) == 0:
        return "The runs do not say so"
    if distance and distance["low"] > row["high"]:
        return "In part, as nets whose signal explodes fail too"
    inside = area(rows, group, "d_delta", AUC_WITHIN)
    if inside and is_meaningful(inside) and side(inside) == 0:
        return (
            "Across configurations the runs agree with it, among runs of one cell it is not shown"
        )
    return "The runs agree with it"


def vanished_counts(rows: pd.DataFrame, group: str) -> Iterator[str]:
    """Say in how many failed and learned runs signal and gradient vanished before training."""
    texts = []
    for name, symbol in SYMBOLS.items():
        counts = [
            f"{round(row['value'] * row['n']):,} of {int(row['n']):,} that {kind}"
            for kind in VANISHED
            if (row := area(rows, group, name, VANISHED[kind]))
        ]
        if counts:
            texts.append(f"{symbol} in {' and '.join(counts)}")
    if texts:
        yield (
            "What shrank toward the input before training (a decay factor below 1): "
            f"{', '.join(texts)}."
        )


def competitors(rows: pd.DataFrame, group: str) -> Iterator[str]:
    """Say what predicts failure better than a vanishing signal in the same runs."""
    row = area(rows, group, "d_delta")
    better = []
    for name, words in COMPETITORS.items():
        other = same_runs(rows, group, name)
        if row and other and is_meaningful(other) and other["low"] > max(CHANCE, row["value"]):
            better.append(f"{words} {estimate(other)}")
    if better:
        yield f"In the same runs failure is predicted better by {listing(better)}."


def same_runs(rows: pd.DataFrame, group: str, predictor: str) -> Row | None:
    """Return the row of a predictor over the runs that have a decay factor of δ."""
    # absent where all runs have one
    narrowed = chosen(rows, group=group, predictor=predictor, quantity=AUC_SAME_RUNS)
    return area(rows, group, predictor, AUC if narrowed.empty else AUC_SAME_RUNS)


def prediction_table(rows: pd.DataFrame) -> Table:
    """Return every number of every predictor, rule and model, by group of runs."""
    groups = list(dict.fromkeys(rows["group"]))
    body = []
    for name, words in NAMES.items():
        for quantity in (*AREAS, *SHARES):
            areas = [area(rows, group, name, quantity) for group in groups]
            text = auc_text if quantity in AREAS else share_text
            if any(areas):
                body.append((words, quantity, *map(text, areas)))
    caption = "What predicts failure, with intervals (seeds resampled within cells)"
    return Table(caption, ("predictor", "quantity", *groups), tuple(body))


def share_text(row: Row | None) -> str:
    """Return a share or a score, with its interval if it has one."""
    return estimate(row) if row else ABSENT


def auc_text(row: Row | None) -> str:
    """Return an AUC, or why there is none."""
    if row is None or is_meaningful(row):
        return share_text(row)
    if has_both(row):
        return "cells fail as a whole"
    return "too few failed" if row["failures"] < learned_count(row) else "too few learned"
