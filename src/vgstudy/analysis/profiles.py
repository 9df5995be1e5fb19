"""How estimates run over layers and epochs: the rows of `profiles` and `trajectories`."""

from collections.abc import Iterator

import numpy as np

from vgstudy.analysis.bands import band_columns, critical
from vgstudy.analysis.chunks import ENDS, LEVELS, MEANS, Chunk
from vgstudy.analysis.interval_rows import Columns, interval_rows
from vgstudy.analysis.intervals import (
    DKW,
    GEOMETRIC_T,
    MEAN_T,
    WILSON,
    counted,
    dkw,
    finite,
    geometric_t,
    mean_t,
    moments,
    wilson,
)


def trajectory_rows(chunk: Chunk) -> Iterator[Columns]:
    """Return the rows of `trajectories`: mean accuracies and losses at the probe epochs, and the
    share of the measured seeds that had learned by each of the tested epochs.

    Means are over the seeds that have not diverged.
    """
    epochs, first = chunk.tested_epochs, chunk.first_learned[:, None]
    n = counted(first)
    by = dkw((first <= epochs[:, None]).sum(axis=-1) / np.where(n > 0, n, np.nan), n)
    yield interval_rows(
        "trajectories", chunk, "p_learned_by", by, n + 0 * epochs, DKW, where=n > 0, epochs=epochs
    )
    for quantity in ENDS:
        values = np.where(chunk.curves["finite"] == 1, finite(chunk.curves[quantity]), np.nan)
        group = moments(values)
        yield interval_rows(
            "trajectories", chunk, quantity, mean_t(group), group.n, MEAN_T, where=group.n > 0
        )


def profile_rows(chunk: Chunk) -> Iterator[Columns]:
    """Return the rows of `profiles`, one quantity after another, at every probe epoch and layer.

    Levels: geometric mean over the seeds alive at that epoch, the same seeds in every layer of a
    network, with a band over all its layers. Weight norms and shares of units: arithmetic mean over
    the measured seeds. zero_float32: share of the measured seeds whose whole float32 gradient is
    zero. The output layer has no h.
    """
    for quantity in LEVELS:
        logs = chunk.level_logs(quantity)
        group, has = moments(logs), chunk.has_layer(quantity)
        band = band_columns(group, critical(logs)[..., None], group.n)
        interval = geometric_t(group)
        yield interval_rows(
            "profiles", chunk, quantity, interval, group.n, GEOMETRIC_T, band, where=has
        )
    for quantity in MEANS:
        group, has = moments(finite(chunk.probes[quantity])), chunk.has_layer(quantity)
        yield interval_rows("profiles", chunk, quantity, mean_t(group), group.n, MEAN_T, where=has)
    cause = chunk.probes["zero_cause_float32"]
    n, has = counted(cause), chunk.has_layer("zero_float32")
    share = wilson((cause > 0).sum(axis=-1), n)
    yield interval_rows("profiles", chunk, "zero_float32", share, n, WILSON, where=has)
