"""Measurements of a chunk of cells -> rows of `outcomes`, `estimates` and `profiles`."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vgstudy.analysis.chunks import ENDS, LEVELS, MEANS, RATIOS, Chunk
from vgstudy.analysis.equivalence import BOUND, directions, tost
from vgstudy.analysis.grid import labels, nullable
from vgstudy.analysis.interval_rows import Columns, Extra, Labels, interval_rows
from vgstudy.analysis.intervals import (
    CLOPPER_PEARSON,
    CONFIDENCE,
    GEOMETRIC_T,
    MEAN_T,
    WILSON,
    Moments,
    clopper_pearson,
    counted,
    exponentiated,
    finite,
    geometric_t,
    logs_of,
    mean_t,
    moments,
    next_seed,
    wilson,
)
from vgstudy.analysis.planner import seeds_needed
from vgstudy.analysis.resampling import (
    BCA,
    BOOTSTRAP,
    CONSTANT,
    ENOUGH,
    NO_BCA,
    NORMAL,
    band,
    bca,
    critical,
)
from vgstudy.analysis.robust import bimodality, quantile, trimmed_t
from vgstudy.cells import PROBE_SET
from vgstudy.schema import DIRECTIONS, RUN_STATUSES, ZERO_CAUSES

Array = NDArray[np.float64]

FACTORS_PER_LAYER = ("d_g", "d_delta", "d_h")
QUANTILES = {"q10": 0.1, "median": 0.5, "q90": 0.9}
BCA_KINDS = (BCA, NO_BCA, CONSTANT)
SINGLE_ZEROS = (
    "dead",
    "saturation",
    "underflow",
)  # causes of gradients that are exactly zero in float32
SIDAK = "Clopper-Pearson, Šidák over depths"


def outcome_rows(chunk: Chunk) -> Columns:
    """A row per run of the design; status and measurements are null for a run that has no rows."""
    cell, seed = np.nonzero(chunk.member)
    keys = {"cell": labels(cell, chunk.cells), "seed": chunk.seeds[seed]}
    last = {name: nullable(chunk.ends[name][cell, seed]) for name in ENDS}
    return {**keys, "status": labels(chunk.status[cell, seed], RUN_STATUSES), **last}


def estimate_rows(chunk: Chunk) -> Iterator[Columns]:
    """The rows of `estimates`, one quantity after another.

    Ratios, at every probe epoch: geometric mean over the seeds that have a value, none but alive
    ones; no row where the depth defines none. p_vanishing_g, p_vanishing_delta: share of those
    seeds whose decay factor is below 1 / 1.05. p_alive: share of the measured seeds. p_zero_CAUSE:
    share of them whose first all-zero layer, counted from the output, is so for that cause.
    p_zero_float32_CAUSE: share of them with any layer whose whole float32 gradient is zero for that
    cause. At the last epoch p_learned, p_dead and p_diverged over the measured seeds, and the means
    of accuracies and losses over the seeds that did not diverge. n_alive counts the seeds that a
    value is made of; of a share, the measured ones. On mini-batches ratios, the shares made of them
    and p_alive only.
    """
    for quantity in RATIOS:
        yield _ratio_rows(chunk, quantity)
    for name in ("g", "delta"):
        logs, where = chunk.ratio_logs(f"d_{name}"), chunk.deep_enough(f"d_{name}")[:, None]
        yield _share_rows(
            chunk, f"p_vanishing_{name}", (logs < -BOUND).sum(axis=-1), counted(logs), where
        )
    alive = chunk.decays["alive"]
    yield _share_rows(chunk, "p_alive", np.nansum(alive, axis=-1), counted(alive))
    if chunk.examples != PROBE_SET:
        return
    cause = chunk.decays["zero_cause"]
    for code, name in enumerate(ZERO_CAUSES[1:], 1):
        yield _share_rows(
            chunk, f"p_zero_{name.replace(' ', '_')}", (cause == code).sum(axis=-1), counted(cause)
        )
    for name in SINGLE_ZEROS:
        count, n = zero_counts(chunk, name)
        yield _share_rows(chunk, f"p_zero_float32_{name}", count, n)
    for status in ("learned", "dead", "diverged"):
        count, n = chunk.status_counts(status)
        yield _share_rows(chunk, f"p_{status}", count, n, band=_over_depths(count, n, chunk.depths))
    for quantity in ENDS:
        values = chunk.end_values(quantity)
        group = moments(values)
        extra = {"spread": np.sqrt(group.var), **_checks(values, group)}
        yield interval_rows("estimates", chunk, quantity, mean_t(group), group.n, MEAN_T, extra)


def _ratio_rows(chunk: Chunk, quantity: str) -> Columns:
    """Rows of a ratio; of a decay factor with its checks, its direction and the seeds it needs."""
    logs = chunk.ratio_logs(quantity)
    group = moments(logs)
    found = geometric_t(group)
    spread = np.sqrt(group.var)
    extra: Extra = {"spread": spread, "p": found.p}
    if len(chunk.epochs) > 1:
        extra |= _bands(group, critical(logs)[:, None], whole_seeds(logs)[:, None])
    if quantity in FACTORS_PER_LAYER:
        p = tost(group)
        extra |= {
            "p_equivalent": p,
            "direction": Labels(directions(found, p), DIRECTIONS),
            "seeds_needed": seeds_needed(spread),
        }
        extra |= _checks(logs, group, np.exp)
    return interval_rows(
        "estimates",
        chunk,
        quantity,
        found,
        group.n,
        GEOMETRIC_T,
        extra,
        chunk.deep_enough(quantity)[:, None],
    )


def _share_rows(
    chunk: Chunk,
    quantity: str,
    count: Array,
    n: Array,
    where: ArrayLike = True,
    band: Extra | None = None,
) -> Columns:
    """Rows of a share of seeds."""
    exact = clopper_pearson(count, n)
    kind = Labels(np.where(n > 0, 0, -1), [CLOPPER_PEARSON])
    check: Extra = {"check_low": exact.low, "check_high": exact.high, "check": kind}
    return interval_rows(
        "estimates", chunk, quantity, wilson(count, n), n, WILSON, check | (band or {}), where
    )


def _over_depths(count: Array, n: Array, depths: NDArray[np.int64]) -> Extra:
    """A band for shares at all depths of a setting at once; cells are independent: each point has
    the root of the confidence."""
    found = clopper_pearson(count, n, CONFIDENCE ** (1 / depths))
    return {
        "band_low": found.low,
        "band_high": found.high,
        "band": Labels(np.where(n > 0, 0, -1), [SIDAK]),
    }


def _bands(group: Moments, reach: Array, seeds: Array) -> Extra:
    """Simultaneous bands of geometric means, and how they were made; `seeds` is how many entered
    whole."""
    found = exponentiated(band(group, reach))
    kind = np.where(np.isnan(found.low), -1, np.where(seeds >= ENOUGH, 0, 1))
    return {
        "band_low": found.low,
        "band_high": found.high,
        "band": Labels(kind, [BOOTSTRAP, NORMAL]),
    }


def _checks(values: Array, group: Moments, back: Callable[[Array], Array] = np.asarray) -> Extra:
    """What may contradict a mean and its t interval; `back` leads from the scale of the values to
    that of the table."""
    further, (second, kind), cut = next_seed(group), bca(values), trimmed_t(values)
    numbers = {
        "seed_low": further.low,
        "seed_high": further.high,
        "check_low": second.low,
        "check_high": second.high,
        "trimmed": cut.value,
        "trimmed_low": cut.low,
        "trimmed_high": cut.high,
        **{name: quantile(values, share) for name, share in QUANTILES.items()},
    }
    with np.errstate(over="ignore"):
        found: Extra = {name: back(number) for name, number in numbers.items()}
    kind = np.where(np.isnan(second.low), -1, kind)
    return found | {"check": Labels(kind, BCA_KINDS), "bimodality": bimodality(values)}


def trajectory_rows(chunk: Chunk) -> Iterator[Columns]:
    """The rows of `trajectories`: means of accuracies and losses over the seeds that have not
    diverged, at the probe epochs."""
    for quantity in ENDS:
        group = moments(
            np.where(chunk.curves["finite"] == 1, finite(chunk.curves[quantity]), np.nan)
        )
        yield interval_rows(
            "trajectories", chunk, quantity, mean_t(group), group.n, MEAN_T, {}, group.n > 0
        )


def profile_rows(chunk: Chunk) -> Iterator[Columns]:
    """The rows of `profiles`, one quantity after another, at every probe epoch and layer.

    Levels: geometric mean over the seeds alive at that epoch, the same seeds in every layer of a
    net, with a band over all its layers. Weight norms and shares of units: arithmetic mean over the
    measured seeds. zero_float32: share of the measured seeds whose whole float32 gradient is zero.
    The output layer has no h.
    """
    for quantity in LEVELS:
        has = layers(chunk, quantity)
        logs = alive_throughout(chunk, logs_of(chunk.probes[quantity]), has)
        group = moments(logs)
        bands = _bands(group, critical(logs)[..., None], group.n)
        yield interval_rows(
            "profiles", chunk, quantity, geometric_t(group), group.n, GEOMETRIC_T, bands, has
        )
    for quantity in MEANS:
        group = moments(finite(chunk.probes[quantity]))
        yield interval_rows(
            "profiles", chunk, quantity, mean_t(group), group.n, MEAN_T, {}, layers(chunk, quantity)
        )
    cause = chunk.probes["zero_cause_float32"]
    n = counted(cause)
    yield interval_rows(
        "profiles",
        chunk,
        "zero_float32",
        wilson((cause > 0).sum(axis=-1), n),
        n,
        WILSON,
        {},
        layers(chunk, "zero_float32"),
    )


def layers(chunk: Chunk, quantity: str) -> NDArray[np.bool_]:
    """Which layers have a quantity of `profiles`; axes (cell, 1, layer)."""
    layer = np.arange(1, chunk.depth.max() + 2)
    return layer <= (chunk.depth + (not quantity.startswith("h_")))[:, None, None]


def alive_throughout(chunk: Chunk, logs: Array, has: NDArray[np.bool_]) -> Array:
    """Logs of levels, NaN in all layers of a seed that is not alive or lacks one; axes (cell,
    epoch, layer, seed)."""
    # layers with seeds of their own would show who survives where, not how a level changes from
    # layer to layer
    complete = np.all(~np.isnan(logs) | ~has[..., None], axis=2, keepdims=True)
    return np.where(complete & (chunk.decays["alive"] == 1)[:, :, None], logs, np.nan)


def zero_counts(chunk: Chunk, cause: str) -> tuple[Array, Array]:
    """Seeds with a layer whose float32 gradient is all zero for a cause, and measured seeds; axes
    (cell, epoch)."""
    found = chunk.probes["zero_cause_float32"]  # axes (cell, epoch, layer, seed)
    some = np.any(found == ZERO_CAUSES.index(cause), axis=2)
    return some.sum(axis=-1).astype(float), (~np.isnan(found)).any(axis=2).sum(axis=-1).astype(
        float
    )


def whole_seeds(logs: Array) -> Array:
    """Seeds with a value at every epoch at which some seed has one; axis (cell,)."""
    some = ~np.isnan(logs).all(axis=-1, keepdims=True)
    found: Array = np.all(~np.isnan(logs) | ~some, axis=-2).sum(axis=-1).astype(float)
    return found
