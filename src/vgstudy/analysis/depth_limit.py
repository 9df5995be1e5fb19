"""The depth at which half the seeds still learn, for every setting: a cell without its depth."""

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
# layers between neighbouring depths up to which a place in between is told; deeper, half of the
# shallower one
NEAR = 2
FITS = ("monotone", "interpolated", "not monotone")  # from best to worst


@dataclass(frozen=True)
class Limit:
    """A setting's limit and draws of it, in layers; infinite: even the deepest learns, -infinite:
    not even the shallowest."""

    value: float
    draws: Array
    depth: Array
    n: int

    def within(self, place: Any) -> Any:
        """A place, in layers, held inside the range."""
        return np.clip(place, self.depth[0], self.depth[-1])

    def ends(self) -> tuple[float, float]:
        """Ends of the interval, infinite beyond the range."""
        low, high = outward(self.draws, self.depth)
        return ends(low)[0], ends(high)[1]

    def minus(self, other: "Limit") -> tuple[float, float]:
        """Ends of the interval of the difference of two independent limits, either one held inside
        the range."""
        (low, high), (below, above) = (
            outward(each.within(each.draws), each.depth) for each in (self, other)
        )
        return ends(low - above)[0], ends(high - below)[1]


def limit(
    depth: Array, learned: Array, n: Array, stream: np.random.Generator, draws: int = DRAWS
) -> Limit:
    """The limit of a setting.

    Where the share that learned, fitted by a line that never rises with depth (isotonic
    regression), crosses one half; linear between depths. Its distribution: shares are drawn anew at
    every depth from Beta(learned + 1/2, n - learned + 1/2), the posterior under Jeffreys' prior,
    which is spread out even at 0 of n, and fitted likewise.

    Parameters
    ----------
    depth, learned, n
        Depths, ascending; runs that learned; runs with an outcome; axis (depth,).
    """
    weight = n.astype(float)
    drawn = stream.beta(learned + 0.5, n - learned + 0.5, (draws, len(depth)))
    value = float(crossing(monotone(learned / n, weight), depth))
    return Limit(value, crossing(monotone(drawn, weight), depth), depth, int(n.sum()))


@dataclass(frozen=True)
class Found:
    """A setting's limit, the misfit of the monotone curve it comes from, and what the two allow to
    say, one of FITS."""

    limit: Limit
    misfit: float
    fit: str


def limit_rows(
    cells: pd.DataFrame, summaries: pd.DataFrame, declared: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The columns of `limits`: every setting with two depths or more, then the declared contrasts
    between such settings."""
    shares = cells.merge(
        summaries[(summaries["quantity"] == "p_learned") & (summaries["n_alive"] > 0)], on="cell"
    )
    settings = {
        setting: _found(setting, rows)
        for setting, rows in shares.sort_values("depth").groupby(list(SETTING))
        if rows["depth"].nunique() > 1
    }
    listed = [_row(setting, found) for setting, found in settings.items()]
    listed += [
        row
        for contrast in declared
        for row in _compared(settings, contrast["factor"], contrast["reference"])
    ]
    names = arrow_schema("limits").names
    columns: dict[str, list[Any]] = {name: [row.get(name) for row in listed] for name in names}
    numbers = ("value", "low", "high", "misfit")
    return columns | {
        name: pa.array(np.array(columns[name], dtype=float), from_pandas=True) for name in numbers
    }


def _found(setting: tuple[Any, ...], rows: pd.DataFrame) -> Found:
    n = rows["n_alive"].to_numpy(dtype=float)
    learned = np.rint(rows["mean"].to_numpy() * n)
    stream = np.random.default_rng(
        list(repr(tuple(map(str, setting))).encode())
    )  # a setting's own, whatever other settings there are
    found = limit(rows["depth"].to_numpy(dtype=float), learned, n, stream)
    misfit, p = p_monotone(learned, n, stream, DRAWS)
    apart = outward(found.value, found.depth)
    return Found(found, misfit, FITS[2 if p < ALPHA else int(apart[0] < apart[1])])


def _row(setting: tuple[Any, ...], found: Found) -> dict[str, Any]:
    own = found.limit
    low, high = own.ends()
    # an end beyond the range is not known; a limit beyond it is at least, or at most, the last
    # depth
    bounds = {
        "low": own.depth[-1] if low == np.inf else low,
        "high": own.depth[0] if high == -np.inf else high,
    }
    numbers = {
        name: x if np.isfinite(x) else None for name, x in {"value": own.value, **bounds}.items()
    }
    told = {"range": _range(own.value), "fit": found.fit, "misfit": found.misfit, "n": own.n}
    return {**_shared(setting, own), **numbers, **told}


def _compared(
    settings: Mapping[tuple[Any, ...], Found], factor: str, reference: Any
) -> Iterator[dict[str, Any]]:
    """Differences of limits between the settings that differ in a factor alone; both are held
    inside the range."""
    if factor == "depth":
        return
    at = SETTING.index(factor)
    for setting, found in settings.items():
        other = settings.get((*setting[:at], reference, *setting[at + 1 :]))
        if other is None or setting[at] == reference:
            continue
        own, its = found.limit, other.limit
        low, high = own.minus(its)
        numbers = {"value": own.within(own.value) - its.within(its.value), "low": low, "high": high}
        if own.value == its.value and not np.isfinite(
            own.value
        ):  # beyond the same end: nothing is known
            numbers = dict.fromkeys(numbers)
        ranges = [name for each in (own, its) if (name := _range(each.value)) != "inside"]
        against = {
            "factor": factor,
            "reference": str(reference),
            "range": ranges[0] if ranges else "inside",
        }
        yield {
            **_shared(setting, own),
            **numbers,
            **against,
            "fit": max(found.fit, other.fit, key=FITS.index),
            "n": own.n + its.n,
        }


def _shared(setting: tuple[Any, ...], found: Limit) -> dict[str, Any]:
    ends = {"shallowest": int(found.depth[0]), "deepest": int(found.depth[-1])}
    return {
        **dict(zip(SETTING, setting, strict=True)),
        **ends,
        "method": METHOD,
        "confidence": CONFIDENCE,
    }


def ends(draws: Array) -> tuple[float, float]:
    """Ends of the interval of equal tails, never between draws: they may be infinite, beyond the
    range."""
    return equal_tails(draws, low="lower", high="higher")


def _range(value: float) -> str:
    return "inside" if np.isfinite(value) else "deeper" if value > 0 else "shallower"


def monotone(share: Array, weight: Array) -> Array:
    """The nearest shares that do not rise with depth, weighted least squares: min over a <= i of
    max over b >= i of mean(a..b).

    Axes (..., depth); Robertson, Wright & Dykstra 1988, Order restricted statistical inference,
    section 1.4.
    """
    total = np.concatenate(
        [np.zeros((*share.shape[:-1], 1)), np.cumsum(share * weight, axis=-1)], axis=-1
    )
    weights = np.r_[0.0, np.cumsum(weight)]
    a, b = np.indices((len(weight), len(weight)))
    usable = b >= a
    mean = np.where(
        usable,
        (total[..., b + 1] - total[..., a]) / np.where(usable, weights[b + 1] - weights[a], 1),
        -np.inf,
    )
    highest = np.maximum.accumulate(mean[..., ::-1], axis=-1)[..., ::-1]  # over b >= i, for each a
    lowest = np.minimum.accumulate(np.where(usable, highest, np.inf), axis=-2)  # over a <= i
    found: Array = np.diagonal(lowest, axis1=-2, axis2=-1)
    return found


def crossing(fit: Array, depth: Array) -> Array:
    """The depth at which shares (..., depth) that never rise fall below one half, axes (...);
    infinite beyond the range."""
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
    """The misfit, the largest distance between a share and the monotone fit, and the p value of
    shares that never rise.

    p: how often counts drawn from the fit itself (parametric bootstrap) have as large a misfit.
    The table of coverage says how often shares that fall, or stay, are taken to rise.

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
    """The depths run on either side of places between depths that are far apart; other places as
    they are.

    Far apart: by more than NEAR layers and half of the shallower depth. Nobody knows where between
    two such depths shares fall, so an interval ends at the depths themselves.
    """
    x = np.asarray(value, dtype=float)
    at = np.clip(np.searchsorted(depth, x, side="right") - 1, 0, len(depth) - 2)
    left, right = depth[at], depth[at + 1]
    far = (left < x) & (x < right) & (right - left > np.maximum(NEAR, left / 2))
    return np.where(far, left, x), np.where(far, right, x)
