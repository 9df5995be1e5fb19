"""Rows of the probes and curves tables, from the arrays of a trained stack; sorted by run, epoch
and layer, probes by kind of examples first."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.cells import Run
from vgstudy.engine.statistics import Columns
from vgstudy.quantities import in_hidden_layers_only
from vgstudy.schema import LAYER_KINDS, ZERO_CAUSES

# The rows on which curves are measured, as their columns are named.
CURVE_ROWS = ("train", "test", "probe")


class Curves:
    """Columns of the curves table, (run, epoch 0..epochs), filled as training goes; what was not
    measured is null.

    Parameters
    ----------
    runs, epochs
        How many.
    steps
        Optimizer steps of an epoch.
    """

    def __init__(self, runs: int, epochs: int, steps: int) -> None:
        names = [f"{rows}_{metric}" for rows in CURVE_ROWS for metric in ("loss", "accuracy")]
        self._steps = steps
        self._columns = {name: np.full((runs, epochs + 1), np.nan, "float32") for name in names}
        self._measured = {name: np.zeros(epochs + 1, bool) for name in names}
        self._weight_l1: list[NDArray[np.float64]] = []

    def put_weight_l1(self, norms: NDArray[np.float64]) -> None:
        """Put the L1 norm of each layer's weights (run, layer) after the next epoch, 0 first."""
        self._weight_l1.append(norms)

    def put(
        self, rows: str, epoch: int, loss: NDArray[np.float32], accuracy: NDArray[np.float32]
    ) -> None:
        """Put the metrics (run, epoch) on some rows, from one epoch on."""
        epochs = slice(epoch, epoch + loss.shape[1])
        for metric, values in (("loss", loss), ("accuracy", accuracy)):
            self._columns[f"{rows}_{metric}"][:, epochs] = values
            self._measured[f"{rows}_{metric}"][epochs] = True

    def table(self, runs: Sequence[Run]) -> pa.Table:
        """Return the rows of the curves table."""
        finite = self._finite()
        count, epochs = finite.shape
        columns = {}
        for name, values in self._columns.items():
            # What is not a number compares as false, which would be a wrong prediction.
            known = np.where(finite, values, np.nan) if name.endswith("accuracy") else values
            missing = np.tile(~self._measured[name], count)
            columns[name] = pa.array(known.astype("float32").ravel(), mask=missing)
        columns["w_l1_layers"] = self._norms(count * epochs)
        columns["finite"] = pa.array(finite.ravel())
        keys = _keys(runs, np.arange(epochs), 1)
        return pa.table({**keys, "step": keys["epoch"] * np.int32(self._steps), **columns})

    def _norms(self, rows: int) -> pa.Array:
        if not self._weight_l1:
            return pa.nulls(rows, pa.list_(pa.float64()))
        return _lists(np.stack(self._weight_l1, axis=1))

    def _finite(self) -> NDArray[np.bool_]:
        """Return whether each run has had finite losses only, up to each epoch (run, epoch)."""
        failed = np.zeros(self._columns["train_loss"].shape, bool)
        for name in ("train_loss", "test_loss"):
            failed |= ~np.isfinite(self._columns[name]) & self._measured[name]
        return ~np.logical_or.accumulate(failed, axis=1)


class Measurements:
    """What the probes of a stack measured, by kind of examples and epoch.

    Parameters
    ----------
    steps
        Optimizer steps of an epoch.
    """

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._columns: dict[str, dict[int, Columns]] = {}

    def put(self, examples: str, epoch: int, columns: Columns) -> None:
        """Put every column (run, layer), quantiles (run, layer, quantile)."""
        self._columns.setdefault(examples, {})[epoch] = columns

    def table(self, runs: Sequence[Run], kernel_shapes: Sequence[tuple[int, int]]) -> pa.Table:
        """Return the rows of the probes table.

        Parameters
        ----------
        runs
            The runs, in the order of the columns.
        kernel_shapes
            (out, in) of each kernel, layer 1 first.
        """
        parts = [
            _probe_table(runs, kernel_shapes, examples, columns, self._steps)
            for examples, columns in self._columns.items()
        ]
        return pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()


def _probe_table(
    runs: Sequence[Run],
    kernel_shapes: Sequence[tuple[int, int]],
    examples: str,
    measured: dict[int, Columns],
    steps: int,
) -> pa.Table:
    """Return the rows of one kind of examples."""
    epochs, layers = np.array(list(measured)), len(kernel_shapes)
    fans = np.array(kernel_shapes, "int32")
    kinds = np.array([0, *[1] * (layers - 2), 2], "int32")
    keys = _keys(runs, epochs, layers)
    rows = len(keys["epoch"])
    repeats = rows // layers
    table = {
        **keys,
        "examples": pa.DictionaryArray.from_arrays(np.zeros(rows, "int32"), [examples]),
        "step": keys["epoch"] * np.int32(steps),
        "layer": np.tile(np.arange(1, layers + 1, dtype="int16"), repeats),
        "kind": pa.DictionaryArray.from_arrays(np.tile(kinds, repeats), list(LAYER_KINDS)),
        "fan_in": np.tile(fans[:, 1], repeats),
        "fan_out": np.tile(fans[:, 0], repeats),
    }
    for name in next(iter(measured.values())):
        # (run, epoch, layer, ...)
        values = np.stack([columns[name] for columns in measured.values()], axis=1)
        table[name] = _column(name, values)
    for name in ("g_quantiles", "w_quantiles"):
        table.setdefault(name, pa.nulls(rows, pa.list_(pa.float64())))
    return pa.table(table)


def _lists(values: NDArray[np.generic]) -> pa.Array:
    """Return lists of the last axis."""
    ends = np.arange(0, values.size + 1, values.shape[-1], dtype="int32")
    return pa.ListArray.from_arrays(ends, values.ravel())


def _column(name: str, values: NDArray[np.generic]) -> pa.Array:
    """Return a probe column; columns of hidden layers are null in the output layer, `update_rms` at
    the first probe."""
    if name in ("zero_cause", "zero_cause_float32"):
        return pa.DictionaryArray.from_arrays(values.ravel(), list(ZERO_CAUSES))
    if name in ("g_quantiles", "w_quantiles"):
        return _lists(values)
    absent = np.zeros(values.shape, bool)
    if in_hidden_layers_only(name):
        absent[:, :, -1] = True
    if name == "update_rms":
        absent[:, 0] = True
    return pa.array(values.ravel(), mask=absent.ravel())


def _keys(runs: Sequence[Run], epochs: NDArray[np.int64], layers: int) -> dict[str, pa.Array]:
    """Return the key columns of a table that is sorted by run, epoch and layer."""
    codes: dict[str, int] = {}
    cells = [codes.setdefault(run.cell.id, len(codes)) for run in runs]
    rows_of_run = len(epochs) * layers
    cell = np.repeat(np.array(cells, "int32"), rows_of_run)
    return {
        "cell": pa.DictionaryArray.from_arrays(cell, list(codes)),
        "seed": np.repeat(np.array([run.seed for run in runs], "int32"), rows_of_run),
        "epoch": np.tile(np.repeat(epochs.astype("int32"), layers), len(runs)),
    }
