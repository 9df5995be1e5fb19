"""A statement and a number per seed -> which seeds agree, estimate, verdict, reasons in words."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vgstudy.analysis.intervals import CONFIDENCE, WILSON, wilson
from vgstudy.claims import verdicts
from vgstudy.claims.spread import Spread, near, spread_of, thinned
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
    """Judge a statement by the share of seeds for which it holds; see `agreement`.

    The estimate of a reported number is the number's, of anything else the share.
    """
    agrees = agreement(statement, values, compared)
    share, low, high = _share(agrees)
    is_number = statement.comparator in ("equals", "open") and not statement.is_about_learning
    if is_number:
        spread = spread_of(values[~np.isnan(values)], statement.measure.scale)
    else:
        spread = Spread(share, low, high, method=WILSON)
    return Judged(
        verdicts.ANSWERED if statement.open else verdicts.of_share(low, high),
        _reason(statement, spread, values, agrees),
        len(values),
        int(np.isnan(values[:, 0] if is_number else agrees).sum()),
        **vars(spread),
        share=share,
        share_low=low,
        share_high=high,
        sample=thinned(values[:, 0]) if values.shape[1] == 1 else [],
    )


def share_of_all(agreements: list[Array]) -> tuple[float | None, int]:
    """Return the share of the seeds for which all statements hold, and the number of seeds: those
    with a value in all of them. None and 0 without any."""
    all_hold = np.min(agreements, axis=0) if agreements else np.array([NAN])
    known = all_hold[~np.isnan(all_hold)]
    return (float(known.mean()) if len(known) else None), len(known)


def _share(agrees: Array) -> tuple[float, float, float]:
    """Return a share of seeds with its Wilson interval; NaN without seeds."""
    share = wilson(np.nansum(agrees), np.isfinite(agrees).sum())
    return float(share.value), float(share.low), float(share.high)


def _reason(statement: Statement, spread: Spread, values: Array, agrees: Array) -> str:
    """Return in words how many seeds agree; of a number that is asked, its estimate."""
    count, seeds = int(np.nansum(agrees)), int(np.isfinite(agrees).sum())
    share = interval(*_share(agrees))
    if statement.is_about_learning:
        learned = f"{np.nansum(values):,.0f} of {plural(seeds, 'seed')} learned"
        holds = "" if statement.open else f", and the statement holds for {count:,}"
        return f"{learned}{holds}: {share}."
    if statement.comparator == "open":
        estimate = interval(spread.value, spread.low, spread.high)
        return f"Nothing was reported; the seeds give {estimate} ({spread.method})."
    if statement.comparator == "equals":
        reported = f"the reported {range_words(*statement.reported_range)}{statement.nearness}"
        return f"{count:,} of {plural(seeds, 'seed')} come near {reported}: {share}."
    unit = "seed pair" if statement.bound and statement.bound.arm is not None else "seed"
    return f"It holds for {count:,} of {plural(seeds, unit)}: {share}."
