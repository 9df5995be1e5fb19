"""The depth at which half the seeds still learn, for every setting: a cell without its depth.

The share that learned is fitted by a line that never rises with depth (isotonic regression); the
limit is where the fit crosses one half.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.analysis.intervals import ALPHA, CONFIDENCE, equal_tails
from vgstudy.schema import FACTORS, arrow_schema

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
    """

    value: float
    draws: Array
    depth: Array
    n: int

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

    def difference(self, other: "Limit") -> tuple[float, float]:
        """Return the ends of the interval of self - other, independent and each clipped."""
        low, high = outward(self.clipped(self.draws), self.depth)
        other_low, other_high = outward(other.clipped(other.draws), other.depth)
        return ends(low - other_high)[0], ends(high - other_low)[1]


@dataclass(frozen=True)
class Fitted:
    """A setting's limit, the misfit of its monotone fit, and what the fit allows to say: FITS."""

    limit: Limit
    misfit: float
    fit: str


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


def limit_rows(
    cells: pd.DataFrame, moments: pd.DataFrame, declared: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the columns of `limits`: settings with two depths or more, then declared contrasts.

    Parameters
    ----------
    cells
        Id and levels of each cell.
    moments
        Of `cell_moments`.
    declared
        The study's contrasts: `factor` and the level that is its `reference`.
    """
    has_share = (moments["quantity"] == "p_learned") & (moments["n_alive"] > 0)
    shares = cells.merge(moments[has_share], on="cell").sort_values("depth")
    settings = {
        setting: _fitted(setting, rows)
        for setting, rows in shares.groupby(list(SETTING))
        if rows["depth"].nunique() > 1
    }
    rows = [_row(setting, fitted) for setting, fitted in settings.items()]
    for contrast in declared:
        rows += _differences(settings, contrast["factor"], contrast["reference"])
    names = arrow_schema("limits").names
    columns: dict[str, Any] = {name: [row.get(name) for row in rows] for name in names}
    for name in ("value", "low", "high", "misfit"):
        columns[name] = pa.array(np.array(columns[name], dtype=float), from_pandas=True)
    return columns


def _fitted(setting: tuple[Any, ...], rows: pd.DataFrame) -> Fitted:
    n = rows["n_alive"].to_numpy(dtype=float)
    learned = np.rint(rows["mean"].to_numpy() * n)
    # each setting has its own stream, whatever other settings there are
    stream = np.random.default_rng(list(repr(tuple(map(str, setting))).encode()))
    own_limit = limit(rows["depth"].to_numpy(dtype=float), learned, n, stream)
    misfit, p = p_monotone(learned, n, stream, DRAWS)
    left, right = outward(own_limit.value, own_limit.depth)
    return Fitted(own_limit, misfit, FITS[2 if p < ALPHA else int(left < right)])


def _row(setting: tuple[Any, ...], fitted: Fitted) -> dict[str, Any]:
    """Return the row of a setting's own limit; an end beyond the range of depths is null."""
    this = fitted.limit
    low, high = this.interval()
    # a limit beyond the range is at least, or at most, the last depth
    low = this.depth[-1] if low == np.inf else low
    high = this.depth[0] if high == -np.inf else high
    numbers = {"value": this.value, "low": low, "high": high}
    return {
        **_shared(setting, this),
        **{name: x if np.isfinite(x) else None for name, x in numbers.items()},
        "range": this.range,
        "fit": fitted.fit,
        "misfit": fitted.misfit,
        "n": this.n,
    }


def _differences(
    settings: Mapping[tuple[Any, ...], Fitted], factor: str, reference: Any
) -> Iterator[dict[str, Any]]:
    """Return rows of differences between the settings that differ in a factor alone."""
    if factor == "depth":
        return
    at = SETTING.index(factor)
    for setting, fitted in settings.items():
        other = settings.get((*setting[:at], reference, *setting[at + 1 :]))
        if other is not None and setting[at] != reference:
            compared = {"factor": factor, "reference": str(reference)}
            yield {**_shared(setting, fitted.limit), **compared, **_difference(fitted, other)}


def _difference(fitted: Fitted, other: Fitted) -> dict[str, Any]:
    this, that = fitted.limit, other.limit
    low, high = this.difference(that)
    value = this.clipped(this.value) - that.clipped(that.value)
    numbers: dict[str, Any] = {"value": value, "low": low, "high": high}
    if this.value == that.value and not np.isfinite(this.value):
        # both are beyond the same end: their difference is unknown
        numbers = dict.fromkeys(numbers)
    outside = [each.range for each in (this, that) if each.range != "inside"]
    return {
        **numbers,
        "range": outside[0] if outside else "inside",
        "fit": max(fitted.fit, other.fit, key=FITS.index),
        "n": this.n + that.n,
    }


def _shared(setting: tuple[Any, ...], this: Limit) -> dict[str, Any]:
    return {
        **dict(zip(SETTING, setting, strict=True)),
        "shallowest": int(this.depth[0]),
        "deepest": int(this.depth[-1]),
        "method": METHOD,
        "confidence": CONFIDENCE,
    }


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
