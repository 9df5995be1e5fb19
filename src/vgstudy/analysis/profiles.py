"""How estimates run over layers and epochs: the rows of `profiles`, `trajectories` and
`layer_decays`; whether one decay factor fits, and what becomes of the signal."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from vgstudy.analysis.bands import band, band_columns, critical
from vgstudy.analysis.chunks import ENDS, LEVELS, MEANS, Chunk
from vgstudy.analysis.interval_rows import Columns, Labels, interval_rows
from vgstudy.analysis.intervals import counted, finite, geometric_t, mean_t, moments
from vgstudy.analysis.share_intervals import dkw, wilson
from vgstudy.quantities import SIGNAL_CLASSES
from vgstudy.schema import FITS


def trajectory_rows(chunk: Chunk) -> Iterator[Columns]:
    """Return the rows of `trajectories`: mean accuracies and losses at the probe epochs, and the
    share of the measured seeds that had learned by each of the tested epochs.

    Means are over the seeds that have not diverged.
    """
    epochs, first = chunk.tested_epochs, chunk.first_learned[:, None]
    n = counted(first)
    by = dkw((first <= epochs[:, None]).sum(axis=-1) / np.where(n > 0, n, np.nan), n)
    yield interval_rows("trajectories", chunk, "p_learned_by", by, where=n > 0, epochs=epochs)
    for quantity in ENDS:
        values = np.where(chunk.curves["finite"] == 1, finite(chunk.curves[quantity]), np.nan)
        group = moments(values)
        yield interval_rows("trajectories", chunk, quantity, mean_t(group), where=group.n > 0)


def profile_rows(chunk: Chunk) -> Iterator[Columns]:
    """Return the rows of `profiles`, one quantity after another, at every probe epoch and layer.

    Levels: geometric mean over the seeds alive at that epoch, the same seeds in every layer of a
    network, with a band over all its layers. Weight norms and shares of units: arithmetic mean over
    the measured seeds. zero_float32: share of the measured seeds whose whole float32 gradient is
    zero.
    """
    for quantity in LEVELS:
        logs = chunk.level_logs(quantity)
        group, has = moments(logs), chunk.has_layer(quantity)
        ends = band_columns(group, critical(logs)[..., None], group.n)
        yield interval_rows("profiles", chunk, quantity, geometric_t(group), ends, where=has)
    for quantity in MEANS:
        group, has = moments(finite(chunk.probes[quantity])), chunk.has_layer(quantity)
        yield interval_rows("profiles", chunk, quantity, mean_t(group), where=has)
    cause = chunk.probes["zero_cause_float32"]
    has = chunk.has_layer("zero_float32")
    share = wilson((cause > 0).sum(axis=-1), counted(cause))
    yield interval_rows("profiles", chunk, "zero_float32", share, where=has)


Array = NDArray[np.float64]

LEVEL_OF: Mapping[str, str] = {"d_g": "g_rms", "d_delta": "delta_rms", "d_h": "h_rms"}
# one factor fits if that of every pair of square layers is within 25 % of it
TOLERANCE = np.log(1.25)
LARGE, VERY_LARGE = np.log(10), np.log(1000)


def layer_decay_rows(chunk: Chunk) -> Iterator[Columns]:
    """Return the rows of `layer_decays`, one quantity after another.

    Geometric means over the seeds with a level in every layer, so that the product over the pairs
    of a network is the ratio of its ends; with a band over all its pairs.
    """
    for quantity in LEVEL_OF:
        logs = pair_logs(chunk, quantity)
        has = chunk.has_layer(LEVEL_OF[quantity])[..., 1:]
        group = moments(logs)
        ends = band_columns(group, critical(logs)[..., None], group.n)
        yield interval_rows("layer_decays", chunk, quantity, geometric_t(group), ends, where=has)


def pair_logs(chunk: Chunk, quantity: str) -> Array:
    """Return natural logs of the level of a layer over that of the next.

    Axes (cell, epoch, pair, seed); pair 0 is of layers 1 and 2.
    """
    logs = chunk.level_logs(LEVEL_OF[quantity])
    return logs[:, :, :-1] - logs[:, :, 1:]


def fits(chunk: Chunk, quantity: str) -> Labels:
    """Return whether one decay factor describes all pairs of square layers; axes (cell, epoch).

    By simultaneous intervals of the log of each pair's factor less that of the one factor, the
    slope: all inside +-log 1.25, some wholly outside, or neither. None below 3 seeds.
    """
    pair = np.arange(1, chunk.depth.max() + 1)
    square = (pair > 1) & (pair < chunk.depth[:, None, None])
    away = pair_logs(chunk, quantity) - chunk.ratio_logs(quantity)[:, :, None]
    away = np.where(square[..., None], away, np.nan)
    ends = band(moments(away), critical(away)[..., None])
    known = ~np.isnan(ends.low)
    inside = (ends.low > -TOLERANCE) & (ends.high < TOLERANCE)
    outside = (ends.low > TOLERANCE) | (ends.high < -TOLERANCE)
    some = known.any(axis=2)
    conditions = [some & np.all(inside | ~known, axis=2), outside.any(axis=2), some]
    codes = [FITS.index(name) for name in ("fits", "does not fit", "undecided")]
    return Labels(np.select(conditions, codes, -1), FITS)


def signal_classes(chunk: Chunk) -> NDArray[np.int64]:
    """Return the index in SIGNAL_CLASSES of each seed, -1 for none; axes (cell, epoch, seed).

    By the smallest and the largest of delta_l / delta_L over hidden layers, L being the last.
    Lost and then grown: the smallest is below 1/10, and nearer the input the signal is more than
    10 times larger than there and above 1/10 again.
    """
    logs = chunk.level_logs("delta_rms")
    last = np.take_along_axis(logs, (chunk.depth - 1)[:, None, None, None], axis=2)
    layer = np.arange(logs.shape[2])[:, None]
    hidden = layer < chunk.depth[:, None, None, None]
    relative = np.where(hidden, logs - last, np.nan)
    smallest, largest = (np.asarray(f.reduce(relative, axis=2)) for f in (np.fmin, np.fmax))
    place = np.argmin(np.where(np.isnan(relative), np.inf, relative), axis=2)[:, :, None]
    again = np.where(layer < place, relative, -np.inf).max(axis=2)
    conditions = {
        "lost_then_grown": (smallest < -LARGE) & (again > np.maximum(smallest + LARGE, -LARGE)),
        "lost_1000": smallest < -VERY_LARGE,
        "lost_10": smallest < -LARGE,
        "grown_1000": largest > VERY_LARGE,
        "grown_10": largest > LARGE,
        "kept": ~np.isnan(smallest),
    }
    codes = [list(SIGNAL_CLASSES).index(name) for name in conditions]
    return np.asarray(np.select(list(conditions.values()), codes, -1), dtype=np.int64)
