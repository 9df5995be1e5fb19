"""A statement and a number per seed -> which seeds agree, estimate, verdict, reasons in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vgstudy.analysis.intervals import CONFIDENCE, WILSON, wilson
from vgstudy.claims import verdicts
from vgstudy.claims.spread import near, spread_of, thinned
from vgstudy.claims.statements import Statement, range_words
from vgstudy.formatting import interval, plural

Array = NDArray[np.float64]
NAN = float("nan")


@dataclass(frozen=True)
class Judged:
    """What the seeds say about a statement: columns of the table of claims, NaN where a number does
    not apply."""

    verdict: str
    reasoning: str
    n: int = 0
    n_failed: int = 0
    value: float = NAN
    low: float = NAN
    high: float = NAN
    method: str = "none"
    confidence: float = CONFIDENCE
    prediction_low: float = NAN
    prediction_high: float = NAN
    share: float = NAN
    share_low: float = NAN
    share_high: float = NAN
    sample: list[float] = field(default_factory=list)


def agreement(statement: Statement, values: Array, compared: Array | None = None) -> Array:
    """Return for which seeds a statement holds, axis (seed,): 1, 0, or NaN without a value.

    Parameters
    ----------
    values
        The measure, axes (seed, value), NaN without one; several values only for an order, which
        must hold in all.
    compared
        Values of the network, or the other values of the same runs, that the statement compares
        with, if it does; same axes.
    """
    if compared is None:
        compared = np.full_like(values, statement.reported_range[0] or 0.0)
    bound = compared * statement.times
    if statement.comparator == "open":
        agrees = values > 0.5 if statement.is_about_learning else np.full_like(values, NAN)
    elif statement.comparator == "equals":
        low, high = (float(end or 0) for end in statement.reported_range)
        agrees = near(values, low, high, statement.within, statement.measure.scale)
    elif statement.near:
        agrees = np.abs(values - bound) < statement.by
    else:
        sign = 1 if statement.above else -1
        agrees = sign * (values - bound) > statement.by
    missing = np.isnan(values + bound).any(axis=1)
    return np.where(missing, NAN, agrees.min(axis=1))


def judge(statement: Statement, values: Array, compared: Array | None = None) -> Judged:
    """Judge a statement by the share of seeds for which it holds; see `agreement`."""
    agrees = agreement(statement, values, compared)
    share = _share(agrees)
    verdict = verdicts.ANSWERED if statement.open else verdicts.of_share(*share[1:])
    about_number = statement.comparator in ("equals", "open") and not statement.is_about_learning
    numbers = _of_number if about_number else _of_order
    return numbers(statement, verdict, values, agrees)


def judge_prediction(row: Mapping[str, Any]) -> Judged:
    """Answer whether a predictor predicts failure, from its row in the table of predictions."""
    failed, learned = row["failures"], row["n"] - row["n_failed"] - row["failures"]
    counts = f"{plural(failed, 'run')} failed and {learned:,} learned"
    value, low, high = (
        NAN if row[name] is None else row[name] for name in ("value", "low", "high")
    )
    known = (row["n"], row["n_failed"], value)
    if min(failed, learned) < verdicts.FEWEST_OF_EACH:
        reason = f"fewer than {verdicts.FEWEST_OF_EACH} of one kind, too few to predict anything."
        return Judged(verdicts.UNDECIDED, f"{counts}: {reason}", *known)
    if np.isnan([value, low, high]).any():
        reason = (
            "but no cell has runs of both kinds: failing cannot be told apart from the "
            "configuration."
        )
        return Judged(verdicts.UNDECIDED, f"{counts}, {reason}", *known)
    reason = f"{counts}: AUC {interval(value, low, high)}; one half is chance."
    return Judged(verdicts.ANSWERED, reason, *known, low, high, row["method"], row["confidence"])


def share_of_all(agreements: list[Array]) -> float | None:
    """Return the share of the seeds for which all statements hold, of those with a value in all;
    None without any."""
    if not agreements:
        return None
    all_hold = np.min(agreements, axis=0)
    return None if np.isnan(all_hold).all() else float(np.nanmean(all_hold))


def _of_number(statement: Statement, verdict: str, values: Array, agrees: Array) -> Judged:
    """Return what is judged of a number: its estimate over seeds."""
    known = values[:, 0][~np.isnan(values[:, 0])]
    spread = spread_of(known, statement.measure.scale)
    share, share_low, share_high = _share(agrees)
    if statement.open:
        estimate = interval(spread.value, spread.low, spread.high)
        reason = f"Nothing was reported; the seeds give {estimate} ({spread.method})."
    else:
        reported = range_words(*statement.reported_range)
        reason = (
            f"{_counted(agrees, 'seed')} come near the reported {reported}{statement.nearness}: "
            f"{interval(share, share_low, share_high)}."
        )
    return Judged(
        verdict,
        reason,
        len(values),
        len(values) - len(known),
        **vars(spread),
        share=share,
        share_low=share_low,
        share_high=share_high,
        sample=thinned(known),
    )


def _of_order(statement: Statement, verdict: str, values: Array, agrees: Array) -> Judged:
    """Return what is judged of an order: the estimate is the share of seeds."""
    share = _share(agrees)
    unit = "seed pair" if statement.bound and statement.bound.arm is not None else "seed"
    reason = f"It holds for {_counted(agrees, unit)}: {interval(*share)}."
    if statement.is_about_learning:
        learned = f"{int(np.nansum(values)):,} of {plural(int((~np.isnan(agrees)).sum()), 'seed')}"
        reason = f"{learned} learned, and the statement holds for {np.nansum(agrees):,.0f}: "
        reason += f"{interval(*share)}."
    missing = int(np.isnan(agrees).sum())
    sample = thinned(values[:, 0]) if values.shape[1] == 1 else []
    return Judged(
        verdict, reason, len(values), missing, *share, WILSON, CONFIDENCE, NAN, NAN, *share, sample
    )


def _share(agrees: Array) -> tuple[float, float, float]:
    """Return a share of seeds with its Wilson interval; NaN without seeds."""
    share = wilson(np.nansum(agrees), np.isfinite(agrees).sum())
    return float(share.value), float(share.low), float(share.high)


def _counted(agrees: Array, unit: str) -> str:
    """Return how many of the seeds agree, in words."""
    return f"{np.nansum(agrees):,.0f} of {plural(int((~np.isnan(agrees)).sum()), unit)}"
