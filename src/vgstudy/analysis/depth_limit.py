"""The depth at which half the seeds still learn, for every setting: a cell without its depth.

The share that learned is fitted by a line that never rises with depth (isotonic regression); the
limit is where the fit crosses one half.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vgstudy.analysis.intervals import ALPHA, CONFIDENCE, equal_tails
from vgstudy.schema import FACTORS

Array = NDArray[np.float64]

SETTING = tuple(factor for factor in FACTORS if factor != "depth")
DRAWS = 2000
METHOD = "monotone fit, Jeffreys draws"
HALF = 0.5
# Depths are far apart if by more layers than this, and by more than half of the shallower depth.
NEAR = 2
# from best to worst
FITS = ("monotone", "interpolated", "not monotone")


@dataclass(frozen=True)
class Limit:
    """A setting's depth limit.

    Attributes
    ----------
    value
        The limit in layers; infinite: half the seeds learn even at the deepest, -infinite: not even
        at the shallowest.
    draws
        Draws of it, axis (draw,).
    depth
        Depths of the setting, ascending.
    n
        Runs with an outcome.
    misfit, fit
        The misfit of the monotone fit, and what the fit allows to say: one of FITS.
    """

    value: float
    draws: Array
    depth: Array
    n: int
    misfit: float = np.nan
    fit: str = ""

    @property
    def range(self) -> str:
        """`inside`, or `deeper` or `shallower` where the limit is beyond the range of depths."""
        if np.isfinite(self.value):
            return "inside"
        return "deeper" if self.value > 0 else "shallower"

    def clipped(self, place: Any) -> Any:
        """Return a place, in layers, clipped to the range of depths."""
        return np.clip(place, self.depth[0], self.depth[-1])

    def interval(self) -> tuple[float, float]:
        """Return the ends of the interval, infinite beyond the range of depths."""
        low, high = outward(self.draws, self.depth)
        return ends(low)[0], ends(high)[1]


@dataclass(frozen=True)
class Difference:
    """A difference of two limits and the ends of its interval, in layers.

    `bound` is `at least` or `at most` where a limit lies beyond the range of depths, `unknown`
    where both lie beyond the same end, else `exact`.
    """

    value: float
    low: float
    high: float
    bound: str


def limit(
    depth: Array, learned: Array, n: Array, stream: np.random.Generator, draws: int = DRAWS
) -> Limit:
    """Return the limit of a setting, linear between depths, with its distribution.

    Shares are drawn at every depth from Beta(learned + 1/2, n - learned + 1/2), the posterior under
    Jeffreys' prior, which is not degenerate even at 0 of n, and fitted in the same way.

    Parameters
    ----------
    depth, learned, n
        Depths, ascending; runs that learned; runs with an outcome; axis (depth,).
    """
    weight = n.astype(float)
    drawn = stream.beta(learned + 0.5, n - learned + 0.5, (draws, len(depth)))
    value = float(crossing(monotone(learned / n, weight), depth))
    return Limit(value, crossing(monotone(drawn, weight), depth), depth, int(n.sum()))


def shares_learned(cells: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    """Return the levels of every cell with an outcome, its runs `n` and how many `learned`.

    Parameters
    ----------
    cells
        Id and levels of each cell.
    moments
        Of `cell_moments`.
    """
    has_share = (moments["quantity"] == "p_learned") & (moments["n_alive"] > 0)
    shares = cells.merge(moments[has_share], on="cell").sort_values("depth")
    n = shares["n_alive"].astype(float)
    return shares[[*FACTORS]].assign(n=n, learned=np.rint(shares["mean"] * n))


def fitted_limits(shares: pd.DataFrame) -> dict[tuple[Any, ...], Limit]:
    """Return the limit of every setting with outcomes at two depths or more, by its levels."""
    return {
        setting: _fitted(setting, rows)
        for setting, rows in shares.groupby(list(SETTING))
        if rows["depth"].nunique() > 1
    }


def _fitted(setting: tuple[Any, ...], rows: pd.DataFrame) -> Limit:
    n, learned = (rows[name].to_numpy(dtype=float) for name in ("n", "learned"))
    # each setting has its own stream, whatever other settings there are
    stream = np.random.default_rng(list(repr(tuple(map(str, setting))).encode()))
    own_limit = limit(rows["depth"].to_numpy(dtype=float), learned, n, stream)
    misfit, p = p_monotone(learned, n, stream, DRAWS)
    left, right = outward(own_limit.value, own_limit.depth)
    return replace(own_limit, misfit=misfit, fit=FITS[2 if p < ALPHA else int(left < right)])


def limit_row(setting: tuple[Any, ...], this: Limit) -> dict[str, Any]:
    """Return the row of `limits` of a setting; an end beyond the range of depths is null."""
    low, high = this.interval()
    # a limit beyond the range is at least, or at most, the last depth
    low = this.depth[-1] if low == np.inf else low
    high = this.depth[0] if high == -np.inf else high
    numbers = {"value": this.value, "low": low, "high": high}
    return {
        **dict(zip(SETTING, setting, strict=True)),
        "shallowest": int(this.depth[0]),
        "deepest": int(this.depth[-1]),
        "method": METHOD,
        "confidence": CONFIDENCE,
        **{name: x if np.isfinite(x) else None for name, x in numbers.items()},
        "range": this.range,
        "fit": this.fit,
        "misfit": this.misfit,
        "n": this.n,
    }


def difference(one: Limit, other: Limit) -> Difference:
    """Return the difference of two limits, each clipped to the range of depths."""
    if one.value == other.value and not np.isfinite(one.value):
        return Difference(np.nan, np.nan, np.nan, "unknown")
    low, high = outward(one.clipped(one.draws), one.depth)
    other_low, other_high = outward(other.clipped(other.draws), other.depth)
    return Difference(
        float(one.clipped(one.value) - other.clipped(other.value)),
        ends(low - other_high)[0],
        ends(high - other_low)[1],
        _bound(one, other),
    )


def _bound(one: Limit, other: Limit) -> str:
    """Return whether the difference of clipped limits is that of the limits, or bounds it."""
    if one.range == "deeper" or other.range == "shallower":
        return "at least"
    if one.range == "shallower" or other.range == "deeper":
        return "at most"
    return "exact"


def ends(draws: Array) -> tuple[float, float]:
    """Return the ends of the interval of equal tails, never between draws: they may be infinite."""
    return equal_tails(draws, low="lower", high="higher")


def monotone(share: Array, weight: Array) -> Array:
    """Return the nearest shares that do not rise with depth, by weighted least squares.

    min over a <= i of max over b >= i of mean(a..b). Axes (..., depth); Robertson, Wright & Dykstra
    1988, Order restricted statistical inference, section 1.4.
    """
    first = np.zeros((*share.shape[:-1], 1))
    total = np.concatenate([first, np.cumsum(share * weight, axis=-1)], axis=-1)
    weights = np.r_[0.0, np.cumsum(weight)]
    a, b = np.indices((len(weight), len(weight)))
    usable = b >= a
    size = np.where(usable, weights[b + 1] - weights[a], 1)
    mean = np.where(usable, (total[..., b + 1] - total[..., a]) / size, -np.inf)
    # over b >= i, for each a; then over a <= i
    highest = np.maximum.accumulate(mean[..., ::-1], axis=-1)[..., ::-1]
    lowest = np.minimum.accumulate(np.where(usable, highest, np.inf), axis=-2)
    fit: Array = np.diagonal(lowest, axis1=-2, axis2=-1)
    return fit


def crossing(fit: Array, depth: Array) -> Array:
    """Return the depth at which shares that never rise fall below one half.

    Axes (..., depth) -> (...); infinite beyond the range of depths.
    """
    above = (fit >= HALF).sum(axis=-1)
    left, right = np.clip(above - 1, 0, len(depth) - 1), np.clip(above, 0, len(depth) - 1)
    upper, lower = (
        np.take_along_axis(fit, index[..., None], axis=-1)[..., 0] for index in (left, right)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = depth[left] + (upper - HALF) / (upper - lower) * (depth[right] - depth[left])
    return np.where(above == 0, -np.inf, np.where(above == len(depth), np.inf, inside))


def p_monotone(
    learned: Array, n: Array, stream: np.random.Generator, draws: int
) -> tuple[float, float]:
    """Return the misfit of the monotone fit, and the p value of shares that never rise.

    The misfit is the largest distance between a share and the fit. p is how often counts drawn from
    the fit itself (parametric bootstrap) have as large a misfit. The table of coverage says how
    often shares that fall, or stay, are taken to rise.

    Parameters
    ----------
    learned, n
        Runs that learned; runs with an outcome; axis (depth,), ascending.
    """
    fit = monotone(learned / n, n)
    misfit = float(np.abs(learned / n - fit).max())
    drawn = stream.binomial(n.astype(int), np.clip(fit, 0, 1), (draws, len(n))) / n
    other = np.abs(drawn - monotone(drawn, n)).max(axis=-1)
    return misfit, float(1 + (other >= misfit - 1e-12).sum()) / (draws + 1)


def outward(value: Any, depth: Array) -> tuple[Array, Array]:
    """Return the neighbouring depths of places between depths far apart; other places as they are.

    Far apart: by more than NEAR layers and half of the shallower depth. Where between two such
    depths shares fall is unknown, so an interval ends at the depths themselves.
    """
    x = np.asarray(value, dtype=float)
    at = np.clip(np.searchsorted(depth, x, side="right") - 1, 0, len(depth) - 2)
    left, right = depth[at], depth[at + 1]
    apart = (left < x) & (x < right) & (right - left > np.maximum(NEAR, left / 2))
    return np.where(apart, left, x), np.where(apart, right, x)
