"""Moments over seeds by cell, quantity and epoch: all that comparisons of cells need."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from vgstudy.analysis.chunks import Chunk
from vgstudy.analysis.intervals import Moments, moments

COMPARED = ("d_g", "d_delta", "end_to_end_g")


def cell_moments(chunk: Chunk) -> pd.DataFrame:
    """Return the columns cell, quantity, epoch, n, n_alive, mean, var.

    n counts the seeds of the design; n_alive, mean and var are of those with a value. Ratios: of
    natural logs, at the first and the last probe epoch, for cells deep enough. p_learned: mean is
    the share.
    """
    return pd.concat(_frames(chunk), ignore_index=True)


def _frames(chunk: Chunk) -> Iterator[pd.DataFrame]:
    for quantity in COMPARED:
        logs, deep = chunk.ratio_logs(quantity), chunk.deep_enough(quantity)
        for at in sorted({0, len(chunk.epochs) - 1}):
            yield _frame(chunk, quantity, int(chunk.epochs[at]), moments(logs[:, at]))[deep]
    count, n = chunk.status_counts("learned")
    with np.errstate(invalid="ignore"):
        share = Moments(n, count / n, np.full_like(n, np.nan))
    yield _frame(chunk, "p_learned", chunk.last_epoch, share)
    accuracy = moments(chunk.end_values("test_accuracy"))
    yield _frame(chunk, "test_accuracy", chunk.last_epoch, accuracy)


def _frame(chunk: Chunk, quantity: str, epoch: int, group: Moments) -> pd.DataFrame:
    keys = {"cell": chunk.cells, "quantity": quantity, "epoch": epoch}
    numbers = {"n_alive": group.n, "mean": group.mean, "var": group.var}
    return pd.DataFrame({**keys, "n": chunk.n, **numbers})


def group_of(frame: pd.DataFrame, suffix: str = "") -> Moments:
    """Return the moments in the columns n_alive, mean and var, with a suffix, of a frame."""
    columns = (f"{name}{suffix}" for name in ("n_alive", "mean", "var"))
    return Moments(*(frame[name].to_numpy(dtype=float) for name in columns))
