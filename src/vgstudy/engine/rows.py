"""From the arrays of a trained stack to rows of the probes and curves tables, sorted by run, epoch and layer."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.cells import Run
from vgstudy.schema import LAYER_KINDS, ZERO_CAUSES


class Curves:
    """Columns of the curves table, (run, epoch 0..epochs), filled as training goes; what is never put is null."""

    def __init__(self, runs: int, epochs: int) -> None:
        names = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
        self.columns = {name: np.full((runs, epochs + 1), np.nan, "float32") for name in names}
        self.known = {name: np.zeros(epochs + 1, bool) for name in names}

    def _put(self, name: str, epochs: slice, values: NDArray[np.float32]) -> None:
        self.columns[name][:, epochs] = values
        self.known[name][epochs] = True

    def train(self, begin: int, loss: NDArray[np.float32], accuracy: NDArray[np.float32]) -> None:
        """Put the training metrics (run, epoch) of the epochs after `begin`."""
        epochs = slice(begin + 1, begin + 1 + loss.shape[1])
        self._put("train_loss", epochs, loss)
        self._put("train_accuracy", epochs, accuracy)

    def test(self, epoch: int, loss: NDArray[np.float32], accuracy: NDArray[np.float32]) -> None:
        """Put the test metrics (run,) after one epoch."""
        self._put("test_loss", slice(epoch, epoch + 1), loss[:, None])
        self._put("test_accuracy", slice(epoch, epoch + 1), accuracy[:, None])

    def table(self, runs: Sequence[Run]) -> pa.Table:
        """Rows of the curves table; a run is finite up to its first non-finite loss."""
        count, epochs = self.columns["train_loss"].shape
        bad = np.zeros((count, epochs), bool)
        for name in ("train_loss", "test_loss"):
            bad |= ~np.isfinite(self.columns[name]) & self.known[name]
        columns = {
            name: pa.array(values.ravel(), mask=np.tile(~self.known[name], count)) for name, values in self.columns.items()
        }
        columns["finite"] = pa.array(~np.logical_or.accumulate(bad, axis=1).ravel())
        return pa.table({**_keys(runs, np.arange(epochs), 1), **columns})


def probe_table(
    runs: Sequence[Run],
    epochs: Sequence[int],
    kernel_shapes: Sequence[tuple[int, int]],
    measured: Sequence[dict[str, NDArray[np.float64]]],
) -> pa.Table:
    """Rows of the probes table.

    Parameters
    ----------
    runs, epochs
        The runs of the stack and the probe epochs.
    kernel_shapes
        (out, in) of each layer's kernel.
    measured
        For each probe epoch, every column as (run, layer).
    """
    layers = len(kernel_shapes)
    repeats = len(runs) * len(epochs)
    kinds = np.array([0, *[1] * (layers - 2), 2], "int32")
    fans = np.array(kernel_shapes, "int32")
    columns = {name: np.stack([m[name] for m in measured], axis=1) for name in measured[0]}  # (run, epoch, layer)
    columns["update_rms"][:, 0] = np.nan
    causes = {name: columns.pop(name) for name in ("zero_cause", "zero_cause_float32")}
    return pa.table(
        {
            **_keys(runs, np.array(epochs), layers),
            "layer": np.tile(np.arange(1, layers + 1, dtype="int16"), repeats),
            "kind": pa.DictionaryArray.from_arrays(np.tile(kinds, repeats), list(LAYER_KINDS)),
            "fan_in": np.tile(fans[:, 1], repeats),
            "fan_out": np.tile(fans[:, 0], repeats),
            **{name: _nullable(values, name) for name, values in columns.items()},
            **{name: pa.DictionaryArray.from_arrays(values.ravel(), list(ZERO_CAUSES)) for name, values in causes.items()},
        }
    )


def _nullable(values: NDArray[np.float64], name: str) -> pa.Array:
    """A probe column; hidden-only columns are null in the output layer, `update_rms` at the first probe."""
    absent = np.zeros(values.shape, bool)
    if name in ("h_rms", "h_saturated", "h_dead"):
        absent[:, :, -1] = True
    if name == "update_rms":
        absent[:, 0] = True
    return pa.array(values.ravel(), mask=absent.ravel())


def _keys(runs: Sequence[Run], epochs: NDArray[np.int64], layers: int) -> dict[str, pa.Array]:
    """The key columns of a table that is sorted by run, epoch and layer."""
    ids = list(dict.fromkeys(r.cell.id for r in runs))
    each = len(epochs) * layers
    cell = np.repeat(np.array([ids.index(r.cell.id) for r in runs], "int32"), each)
    return {
        "cell": pa.DictionaryArray.from_arrays(cell, ids),
        "seed": np.repeat(np.array([r.seed for r in runs], "int32"), each),
        "epoch": np.tile(np.repeat(epochs.astype("int32"), layers), len(runs)),
    }
