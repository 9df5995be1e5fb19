"""A statement and a number per seed -> estimate, interval, verdict, and the reasons in words."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vgstudy.analysis.intervals import (
    ALPHA,
    CONFIDENCE,
    WELCH_DIFFERENCE,
    WILSON,
    moments,
    welch_difference,
    wilson,
)
from vgstudy.claims import verdicts
from vgstudy.claims.judged import NAN, Judged, living, too_few
from vgstudy.claims.numbers import FEWEST, Spread, near, sample, spread_of
from vgstudy.claims.statements import Statement
from vgstudy.claims.words import nearness_words
from vgstudy.formatting import interval, number, percent, plural

Array = NDArray[np.float64]
FULL = (
    round(2 / (1 - CONFIDENCE)) - 1
)  # seeds from which order statistics reach the nominal coverage
EQUIVALENCE = 1 - 2 * ALPHA  # coverage of the interval that stands for two one-sided tests


def judge(statement: Statement, values: Array, compared: Array | None = None) -> Judged:
    """Judge a statement.

    Parameters
    ----------
    values
        Of the measure, axes (seed, value), NaN without one; several values only for an order, which
        must hold in all.
    compared
        Values of the other runs, or the other values of the same ones, that the statement compares
        with, if it does.
    """
    if statement.comparator == "equals":
        return _equals(statement, values[:, 0])
    if statement.open and not statement.bound:
        return _open(statement, values[:, 0])
    number = statement.bound.number if statement.bound else None
    bound = (
        np.full((len(values), 1), number, dtype=float)
        if compared is None
        else compared * statement.times
    )
    return (
        _near(statement, values[:, 0], bound[:, 0])
        if statement.near
        else _order(statement, values, bound)
    )


def judge_prediction(row: Mapping[str, Any], is_open: bool = False) -> Judged:
    """Judge that a predictor predicts failure, from its row in the table of predictions: is the AUC
    above one half?"""
    counts = (row["n"], row["n_failed"])
    failed, learned = row["failures"], row["n"] - row["n_failed"] - row["failures"]
    told = f"{plural(failed, 'run')} failed and {learned:,} learned"
    value, low, high = (
        NAN if row[name] is None else float(row[name]) for name in ("value", "low", "high")
    )
    if min(failed, learned) < verdicts.FEWEST_OF_EACH:
        few = f"{told}: fewer than {verdicts.FEWEST_OF_EACH} of one kind, too few to predict anything."
        return Judged(verdicts.INCONCLUSIVE, few, *counts, value)
    if np.isnan([value, low, high]).any():
        whole = f"{told}, but no cell has runs of both kinds: failing cannot be told apart from the configuration."
        return Judged(verdicts.INCONCLUSIVE, whole, *counts, value)
    verdict = (
        verdicts.REPLICATED if low > 0.5 else verdicts.NOT if high < 0.5 else verdicts.INCONCLUSIVE
    )
    if is_open and verdict != verdicts.INCONCLUSIVE:
        verdict = verdicts.ANSWERED
    sentence = f"{told}: AUC {interval(value, low, high)}; one half is chance."
    return Judged(verdict, sentence, *counts, value, low, high, row["method"], row["confidence"])


def _equals(statement: Statement, values: Array) -> Judged:
    (alive, lost), on = living(values), statement.measure.scale
    low, high = (
        statement.equals if isinstance(statement.equals, tuple) else (statement.equals or 0.0,) * 2
    )
    if len(alive) < FEWEST:
        return too_few(alive, lost, FEWEST)
    spread = spread_of(alive, on)
    inside = spread.seed_low <= high and spread.seed_high >= low
    close = near(alive, low, high, statement.within, on)
    ends = wilson(close.sum(), len(close))
    share = float(ends.value)
    verdict = verdicts.of_number(inside, share, float(ends.low), float(ends.high))
    open_end = verdict == verdicts.NOT and not inside and spread.seed_confidence < CONFIDENCE - 1e-9
    needed = (
        FULL
        if open_end
        else verdicts.seeds_for_share(share)
        if verdict == verdicts.INCONCLUSIVE
        else None
    )
    told = f"{number(low)} to {number(high)}" if high > low else number(low)
    whole = spread.seed_low <= low and high <= spread.seed_high
    where = "lies inside" if whole else "overlaps" if inside else "lies outside"
    kind = f"{percent(spread.seed_confidence)} one-seed prediction interval ({spread.method})"
    reach = f"{number(spread.seed_low)} to {number(spread.seed_high)}"
    come = "comes" if close.sum() == 1 else "come"
    nearness = (
        f"{close.sum()} of {plural(len(close), 'seed')} {come} near it{nearness_words(statement)}"
    )
    sentence = f"The reported {told} {where} the {kind}, {reach}; {nearness}."
    return _summed(
        verdicts.INCONCLUSIVE if open_end else verdict,
        sentence,
        values,
        spread,
        share=share,
        needed_n=needed,
    )


def _summed(verdict: str, sentence: str, values: Array, spread: Spread, **more: Any) -> Judged:
    """What is judged of seeds that a spread sums up."""
    alive, lost = living(values)
    names = ("value", "low", "high", "method", "confidence", "seed_low", "seed_high")
    numbers = {name: getattr(spread, name) for name in names}
    return Judged(verdict, sentence, len(values), lost, **numbers, **more, sample=sample(alive))


def _order(statement: Statement, values: Array, bound: Array) -> Judged:
    pairs = min(len(values), len(bound))
    gap = (
        values[:pairs] - bound[:pairs]
        if statement.comparator == "above"
        else bound[:pairs] - values[:pairs]
    )
    alive, lost = living(
        gap.min(axis=1)
    )  # of several values the one for which the order holds least
    if not len(alive):
        return too_few(alive, lost, FEWEST)
    holds = int((alive > statement.by).sum())
    ends = wilson(holds, len(alive))
    share, low, high = float(ends.value), float(ends.low), float(ends.high)
    verdict = verdicts.of_share(share, low, high)
    unit = "seed pair" if statement.bound and statement.bound.arm is not None else "seed"
    holds_for = f"It holds for {holds:,} of {plural(len(alive), unit)}"
    if statement.measure.column == "learned":
        holds_for = f"{int(np.nansum(values)):,} of {plural(len(alive), 'seed')} learned, and the statement holds for {holds:,}"
    return Judged(
        verdicts.ANSWERED if statement.open and verdict != verdicts.INCONCLUSIVE else verdict,
        f"{holds_for}: {interval(share, low, high)}.",
        pairs,
        lost,
        share,
        low,
        high,
        WILSON,
        share=share,
        needed_n=verdicts.seeds_for_share(share) if verdict == verdicts.INCONCLUSIVE else None,
        sample=sample(values[:, 0]) if values.shape[1] == 1 else [],
    )


def _near(statement: Statement, values: Array, bound: Array) -> Judged:
    """Two one-sided tests at 5 % each: the 90 % Welch interval of the difference of means lies
    within the margin."""
    (own, lost), (other, other_lost), margin = living(values), living(bound), statement.by
    if min(len(own), len(other)) < FEWEST:
        shorter, missing = min((own, lost), (other, other_lost), key=lambda side: len(side[0]))
        return too_few(shorter, missing, FEWEST)
    found = welch_difference(moments(own), moments(other), EQUIVALENCE)
    value, low, high = float(found.value), float(found.low), float(found.high)
    inside, outside = -margin < low and high < margin, low > margin or high < -margin
    verdict = verdicts.REPLICATED if inside else verdicts.NOT if outside else verdicts.INCONCLUSIVE
    lies = "inside" if inside else "outside" if outside else "neither inside nor outside"
    return Judged(
        verdict,
        f"The 90 % interval of the difference of means, {interval(value, low, high, signed=True)}, lies {lies} ±{margin:g}.",
        len(values),
        lost,
        value,
        low,
        high,
        WELCH_DIFFERENCE,
        EQUIVALENCE,
        needed_n=_seeds_for_margin(value, (high - low) / 2, margin, len(own))
        if verdict == verdicts.INCONCLUSIVE
        else None,
        sample=sample(own),
    )


def _seeds_for_margin(value: float, half: float, margin: float, n: int) -> int | None:
    """Seeds with which the half-width, shrinking with their root, leaves the value's interval on
    one side of the margin."""
    room = abs(margin - abs(value))
    needed = int(np.ceil(n * (half / room) ** 2)) if room else verdicts.MAX_SEEDS + 1
    return needed if needed <= verdicts.MAX_SEEDS else None


def _open(statement: Statement, values: Array) -> Judged:
    alive, lost = living(values)
    if statement.measure.column == "learned" and len(alive):
        share = wilson(alive.sum(), len(alive))
        ends = float(share.value), float(share.low), float(share.high)
        sentence = f"{alive.sum():.0f} of {plural(len(alive), 'seed')} learned: {interval(*ends)}."
        return Judged(verdicts.ANSWERED, sentence, len(values), lost, *ends, WILSON, share=ends[0])
    if len(alive) < FEWEST:
        return too_few(alive, lost, FEWEST)
    spread = spread_of(alive, statement.measure.scale)
    sentence = f"Nothing was reported; the seeds give {interval(spread.value, spread.low, spread.high)} ({spread.method})."
    return _summed(verdicts.ANSWERED, sentence, values, spread)
