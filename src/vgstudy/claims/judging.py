"""A statement and a number per seed -> estimate, interval, verdict, and the reasons in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
from vgstudy.claims.spread import FEWEST, FULL_COVERAGE, Spread, near, spread_of, thinned
from vgstudy.claims.statements import Statement, range_words
from vgstudy.formatting import interval, number, percent, plural

Array = NDArray[np.float64]
NAN = float("nan")
EQUIVALENCE = 1 - 2 * ALPHA  # coverage of the interval that stands for two one-sided tests


@dataclass(frozen=True)
class Judged:
    """What the seeds say about a statement; NaN where a number does not apply.

    Attributes
    ----------
    reasoning
        How the verdict follows.
    sample
        Values of the seeds, or what is compared, thinned.

    The others are the columns of the table of claims.
    """

    verdict: str
    reasoning: str
    n: int = 0
    n_failed: int = 0
    value: float = NAN
    low: float = NAN
    high: float = NAN
    method: str = "none"
    confidence: float = CONFIDENCE
    seed_low: float = NAN
    seed_high: float = NAN
    share: float = NAN
    needed_n: int | None = None
    sample: list[float] = field(default_factory=list)


def judge(statement: Statement, values: Array, compared: Array | None = None) -> Judged:
    """Judge a statement.

    Parameters
    ----------
    values
        The measure, axes (seed, value), NaN without one; several values only for an order, which
        must hold in all.
    compared
        Values of the other runs, or the other values of the same ones, that the statement compares
        with, if it does.
    """
    if statement.comparator == "equals":
        return _equals(statement, values[:, 0])
    if statement.comparator == "open":
        return _open(statement, values[:, 0])
    if compared is None:
        compared = np.full((len(values), 1), statement.reported_range[0], dtype=float)
    bound = compared * statement.times
    if statement.near:
        return _near(statement, values[:, 0], bound[:, 0])
    return _order(statement, values, bound)


def judge_prediction(row: Mapping[str, Any], is_open: bool = False) -> Judged:
    """Judge that a predictor predicts failure, from its row in the table of predictions: is the AUC
    above one half?"""
    failed, learned = row["failures"], row["n"] - row["n_failed"] - row["failures"]
    counts = f"{plural(failed, 'run')} failed and {learned:,} learned"
    value, low, high = (
        NAN if row[name] is None else row[name] for name in ("value", "low", "high")
    )
    known = (row["n"], row["n_failed"], value)
    if min(failed, learned) < verdicts.FEWEST_OF_EACH:
        reason = f"fewer than {verdicts.FEWEST_OF_EACH} of one kind, too few to predict anything."
        return Judged(verdicts.INCONCLUSIVE, f"{counts}: {reason}", *known)
    if np.isnan([value, low, high]).any():
        reason = (
            "but no cell has runs of both kinds: failing cannot be told apart from the "
            "configuration."
        )
        return Judged(verdicts.INCONCLUSIVE, f"{counts}, {reason}", *known)
    verdict = _answered(verdicts.of_interval(low > 0.5, high < 0.5), is_open)
    reason = f"{counts}: AUC {interval(value, low, high)}; one half is chance."
    return Judged(verdict, reason, *known, low, high, row["method"], row["confidence"])


def _equals(statement: Statement, values: Array) -> Judged:
    (known, missing), scale = _known(values), statement.measure.scale
    if len(known) < FEWEST:
        return _too_few(known, missing)
    low, high = (float(end or 0) for end in statement.reported_range)
    spread = spread_of(known, scale)
    overlaps = spread.seed_low <= high and spread.seed_high >= low
    count = int(near(known, low, high, statement.within, scale).sum())
    share = _share(count, len(known))
    verdict = verdicts.of_number(overlaps, *share)
    # nothing is outside an interval that covers less than its nominal share
    narrow = not overlaps and spread.seed_confidence < CONFIDENCE - 1e-9
    needed = verdicts.seeds_for_share(share[0]) if verdict == verdicts.INCONCLUSIVE else None
    if verdict == verdicts.NOT and narrow:
        verdict, needed = verdicts.INCONCLUSIVE, FULL_COVERAGE
    reason = _reported_words(
        statement, spread, overlaps, f"{count} of {plural(len(known), 'seed')}"
    )
    return _summarised(verdict, reason, values, spread, share=share[0], needed_n=needed)


def _reported_words(statement: Statement, spread: Spread, overlaps: bool, count: str) -> str:
    low, high = (float(end or 0) for end in statement.reported_range)
    whole = spread.seed_low <= low and high <= spread.seed_high
    where = "lies inside" if whole else "overlaps" if overlaps else "lies outside"
    kind = f"{percent(spread.seed_confidence)} one-seed prediction interval ({spread.method})"
    ends = f"{number(spread.seed_low)} to {number(spread.seed_high)}"
    come = "comes" if count.startswith("1 of") else "come"
    nearness = f"{count} {come} near it{statement.nearness}"
    return f"The reported {range_words(low, high)} {where} the {kind}, {ends}; {nearness}."


def _order(statement: Statement, values: Array, bound: Array) -> Judged:
    pairs = min(len(values), len(bound))
    sign = 1 if statement.above else -1
    gap = sign * (values[:pairs] - bound[:pairs])
    # of several values the one for which the order holds least
    known, missing = _known(gap.min(axis=1))
    if not len(known):
        return _too_few(known, missing)
    holds = int((known > statement.by).sum())
    share = _share(holds, len(known))
    verdict = verdicts.of_share(*share)
    open_verdict = verdict == verdicts.INCONCLUSIVE
    reason = f"{_holds_words(statement, values, len(known), holds)}: {interval(*share)}."
    return Judged(
        _answered(verdict, statement.open),
        reason,
        pairs,
        missing,
        *share,
        WILSON,
        share=share[0],
        needed_n=verdicts.seeds_for_share(share[0]) if open_verdict else None,
        sample=thinned(values[:, 0]) if values.shape[1] == 1 else [],
    )


def _holds_words(statement: Statement, values: Array, count: int, holds: int) -> str:
    if statement.measure.column == "learned":
        learned = f"{int(np.nansum(values)):,} of {plural(count, 'seed')} learned"
        return f"{learned}, and the statement holds for {holds:,}"
    unit = "seed pair" if statement.bound and statement.bound.arm is not None else "seed"
    return f"It holds for {holds:,} of {plural(count, unit)}"


def _near(statement: Statement, values: Array, bound: Array) -> Judged:
    """Judge by two one-sided tests at 5 % each: the 90 % Welch interval of the difference of means
    lies within the margin."""
    (known, missing), (others, others_missing) = _known(values), _known(bound)
    margin = statement.by
    if len(others) < min(FEWEST, len(known)):
        return _too_few(others, others_missing)
    if len(known) < FEWEST:
        return _too_few(known, missing)
    difference = welch_difference(moments(known), moments(others), EQUIVALENCE)
    value, low, high = (float(x) for x in (difference.value, difference.low, difference.high))
    inside, outside = -margin < low and high < margin, low > margin or high < -margin
    verdict = verdicts.of_interval(inside, outside)
    needed = None
    if verdict == verdicts.INCONCLUSIVE:
        needed = verdicts.seeds_for_margin(value, (high - low) / 2, margin, len(known))
    where = "inside" if inside else "outside" if outside else "neither inside nor outside"
    ends = interval(value, low, high, signed=True)
    return Judged(
        verdict,
        f"The 90 % interval of the difference of means, {ends}, lies {where} ±{margin:g}.",
        len(values),
        missing,
        value,
        low,
        high,
        WELCH_DIFFERENCE,
        EQUIVALENCE,
        needed_n=needed,
        sample=thinned(known),
    )


def _open(statement: Statement, values: Array) -> Judged:
    known, missing = _known(values)
    if statement.measure.column == "learned" and len(known):
        share = _share(int(known.sum()), len(known))
        learned = f"{known.sum():.0f} of {plural(len(known), 'seed')} learned"
        reason = f"{learned}: {interval(*share)}."
        counts = (len(values), missing)
        return Judged(verdicts.ANSWERED, reason, *counts, *share, WILSON, share=share[0])
    if len(known) < FEWEST:
        return _too_few(known, missing)
    spread = spread_of(known, statement.measure.scale)
    estimate = f"{interval(spread.value, spread.low, spread.high)} ({spread.method})"
    reason = f"Nothing was reported; the seeds give {estimate}."
    return _summarised(verdicts.ANSWERED, reason, values, spread)


def _summarised(verdict: str, reason: str, values: Array, spread: Spread, **more: Any) -> Judged:
    """Return what is judged of seeds that a spread summarises."""
    known, missing = _known(values)
    fields = ("value", "low", "high", "method", "confidence", "seed_low", "seed_high")
    numbers = {name: getattr(spread, name) for name in fields}
    sample = thinned(known)
    return Judged(verdict, reason, len(values), missing, **numbers, **more, sample=sample)


def _too_few(known: Array, missing: int) -> Judged:
    """Return that there are too few seeds to judge by: their median, no interval."""
    seeds = f"{plural(len(known), 'seed')} with a value"
    return Judged(
        verdicts.INCONCLUSIVE,
        f"{seeds}: fewer than the {FEWEST} without which no number is judged.",
        len(known) + missing,
        missing,
        float(np.median(known)) if len(known) else NAN,
        needed_n=FEWEST,
        sample=thinned(known),
    )


def _known(values: Array) -> tuple[Array, int]:
    """Return the values that are not missing, and how many are."""
    known = values[~np.isnan(values)]
    return known, len(values) - len(known)


def _share(count: int, n: int) -> tuple[float, float, float]:
    """Return a share of seeds with its Wilson interval."""
    share = wilson(count, n)
    return float(share.value), float(share.low), float(share.high)


def _answered(verdict: str, is_open: bool) -> str:
    """Return the verdict; a settled one on an open question is an answer."""
    return verdicts.ANSWERED if is_open and verdict != verdicts.INCONCLUSIVE else verdict
