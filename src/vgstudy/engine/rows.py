"""From the arrays of a trained stack to rows of the probes and curves tables, sorted by run, epoch
and layer.

Probes on several kinds of examples come one kind after the other.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.cells import Run
from vgstudy.schema import LAYER_KINDS, ZERO_CAUSES


class Curves:
    """Columns of the curves table, (run, epoch 0..epochs), filled as training goes; what is never
    put is null."""

    def __init__(self, runs: int, epochs: int, steps: int) -> None:
        names = (
            "train_loss",
            "train_accuracy",
            "test_loss",
            "test_accuracy",
            "probe_loss",
            "probe_accuracy",
        )
        self.steps = steps  # of an epoch
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

    def probe(self, epoch: int, loss: NDArray[np.float32], accuracy: NDArray[np.float32]) -> None:
        """Put the metrics (run,) of the probe set after one epoch."""
        self._put("probe_loss", slice(epoch, epoch + 1), loss[:, None])
        self._put("probe_accuracy", slice(epoch, epoch + 1), accuracy[:, None])

    def table(self, runs: Sequence[Run]) -> pa.Table:
        """Rows of the curves table; a run is finite up to its first non-finite loss, and has no
        accuracy from there on."""
        count, epochs = self.columns["train_loss"].shape
        bad = np.zeros((count, epochs), bool)
        for name in ("train_loss", "test_loss"):
            bad |= ~np.isfinite(self.columns[name]) & self.known[name]
        finite = ~np.logical_or.accumulate(bad, axis=1)
        numbers = {
            name: np.where(finite, values, np.float32(np.nan))
            if name.endswith("accuracy")
            else values
            for name, values in self.columns.items()
        }
        columns = {
            name: pa.array(values.ravel(), mask=np.tile(~self.known[name], count))
            for name, values in numbers.items()
        }
        columns["finite"] = pa.array(finite.ravel())
        keys = _keys(runs, np.arange(epochs), 1)
        return pa.table({**keys, "step": keys["epoch"] * np.int32(self.steps), **columns})


class Measurements:
    """What the probes of a stack gave, by kind of examples and epoch.

    Parameters
    ----------
    steps
        Optimizer steps of an epoch.
    """

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._columns: dict[str, dict[int, dict[str, NDArray[np.float64]]]] = {}

    def put(self, examples: str, epoch: int, columns: dict[str, NDArray[np.float64]]) -> None:
        """Put every column as (run, layer), quantiles as (run, layer, quantile)."""
        self._columns.setdefault(examples, {})[epoch] = columns

    def table(self, runs: Sequence[Run], kernel_shapes: Sequence[tuple[int, int]]) -> pa.Table:
        """Rows of the probes table; (out, in) of the kernels, layer 1 first."""
        return pa.concat_tables(
            [
                _probe_table(runs, kernel_shapes, examples, own, self._steps)
                for examples, own in self._columns.items()
            ],
            promote_options="permissive",
        ).unify_dictionaries()


def _probe_table(
    runs: Sequence[Run],
    kernel_shapes: Sequence[tuple[int, int]],
    examples: str,
    measured: dict[int, dict[str, NDArray[np.float64]]],
    steps: int,
) -> pa.Table:
    """The rows of one kind of examples, sorted by run, epoch and layer."""
    epochs, layers = np.array(list(measured)), len(kernel_shapes)
    repeats = len(runs) * len(epochs)
    kinds = np.array([0, *[1] * (layers - 2), 2], "int32")
    fans = np.array(kernel_shapes, "int32")
    first = next(iter(measured.values()))
    columns = {
        name: np.stack([m[name] for m in measured.values()], axis=1) for name in first
    }  # (run, epoch, layer, ...)
    columns["update_rms"][:, 0] = np.nan
    causes = {name: columns.pop(name) for name in ("zero_cause", "zero_cause_float32")}
    lists = {name: columns.pop(name, None) for name in ("g_quantiles", "w_quantiles")}
    keys = _keys(runs, epochs, layers)
    rows = len(keys["epoch"])
    return pa.table(
        {
            **keys,
            "examples": pa.DictionaryArray.from_arrays(np.zeros(rows, "int32"), [examples]),
            "step": keys["epoch"] * np.int32(steps),
            "layer": np.tile(np.arange(1, layers + 1, dtype="int16"), repeats),
            "kind": pa.DictionaryArray.from_arrays(np.tile(kinds, repeats), list(LAYER_KINDS)),
            "fan_in": np.tile(fans[:, 1], repeats),
            "fan_out": np.tile(fans[:, 0], repeats),
            **{name: _nullable(values, name) for name, values in columns.items()},
            **{
                name: pa.DictionaryArray.from_arrays(values.ravel(), list(ZERO_CAUSES))
                for name, values in causes.items()
            },
            **{name: _lists(values, rows) for name, values in lists.items()},
        }
    )


def _lists(values: NDArray[np.float64] | None, rows: int) -> pa.Array:
    """A column of lists (row, entry), or of nulls."""
    if values is None:
        return pa.nulls(rows, pa.list_(pa.float64()))
    size = values.shape[-1]
    return pa.ListArray.from_arrays(
        np.arange(0, values.size + 1, size, dtype="int32"), values.ravel()
    )


def _nullable(values: NDArray[np.float64], name: str) -> pa.Array:
    """A probe column; hidden-only columns are null in the output layer, `update_rms` at the first
    probe."""
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
