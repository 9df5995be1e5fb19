"""What comparisons of cells need of a chunk: moments by cell, quantity and epoch, whatever the
number of seeds."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from vgstudy.analysis.chunks import CURVATURES, Chunk
from vgstudy.analysis.intervals import Moments, finite, moments

SUMMARIZED = ("d_g", "d_delta", "end_to_end_g")


def summary(chunk: Chunk) -> pd.DataFrame:
    """Columns cell, quantity, epoch, n, n_alive, mean, var.

    n counts the seeds of the design; n_alive, mean and var are of those with a value. Ratios: of
    natural logs, at the first and the last probe epoch, for cells deep enough. Curvatures: at epoch
    0. p_learned: mean is the share.
    """
    return pd.concat(_frames(chunk), ignore_index=True)


def _frames(chunk: Chunk) -> Iterator[pd.DataFrame]:
    for quantity in SUMMARIZED:
        logs, where = chunk.ratio_logs(quantity), chunk.deep_enough(quantity)
        for at in sorted({0, len(chunk.epochs) - 1}):
            yield _frame(chunk, quantity, int(chunk.epochs[at]), moments(logs[:, at]))[where]
    for quantity in CURVATURES:
        group = moments(finite(chunk.decays[quantity][:, 0]))
        yield _frame(chunk, quantity, int(chunk.epochs[0]), group)[chunk.deep_enough(quantity)]
    count, n = chunk.status_counts("learned")
    with np.errstate(invalid="ignore"):
        yield _frame(
            chunk, "p_learned", chunk.last_epoch, Moments(n, count / n, np.full_like(n, np.nan))
        )
    yield _frame(
        chunk, "test_accuracy", chunk.last_epoch, moments(chunk.end_values("test_accuracy"))
    )


def _frame(chunk: Chunk, quantity: str, epoch: int, group: Moments) -> pd.DataFrame:
    keys = {"cell": chunk.cells, "quantity": quantity, "epoch": epoch}
    return pd.DataFrame(
        {**keys, "n": chunk.n, "n_alive": group.n, "mean": group.mean, "var": group.var}
    )


def group_of(frame: pd.DataFrame, suffix: str = "") -> Moments:
    """The moments in a frame's columns n_alive, mean and var."""
    return Moments(
        *(frame[name + suffix].to_numpy(dtype=float) for name in ("n_alive", "mean", "var"))
    )
