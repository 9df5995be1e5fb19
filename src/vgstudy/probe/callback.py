"""The callback that measures a user's own model while it trains."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic, time
from typing import Any

import keras
import numpy as np
import pyarrow as pa

from vgstudy.probe.error_text import ERRORS
from vgstudy.probe.event_files import FILE_NAME, append_events
from vgstudy.probe.model_checks import (
    cannot_measure,
    check_backend,
    check_finite,
    no_gradient,
    prepare,
)
from vgstudy.probe.passes import Measurer, NoGradientError, Signals
from vgstudy.probe.probe_rows import probe_rows, state_columns, values, weight_changes
from vgstudy.probe.probe_set import make_probe_set
from vgstudy.probe.settings import check_name, make_settings
from vgstudy.probe.tensorboard_runs import probe_events
from vgstudy.store.files import unwritable
from vgstudy.store.parquet import write_table

QUANTITIES = ("g", "delta", "h")
WRITE_EVERY = 10.0  # s; a killed process loses at most the probes of this time


class GradientProbe(keras.callbacks.Callback):  # type: ignore[misc]
    """Measure the gradient of every layer on a fixed probe set, without touching training.

    It measures before training and after epochs. The rows are those of a study's probes
    (`schema.TABLES["probes"]`), one for each kernel: a trainable weight of two or more axes.
    Kernels are numbered in the order of the forward pass, 1 nearest the input; their names are in
    the file's footer. What cannot be seen of a layer is null, such as delta of a layer that
    computes in a loop (recurrent, time-distributed).

    Parameters
    ----------
    x, y, sample_weight
        The probe set, as for `model.fit`: inputs, targets, weights. It is one batch; a few hundred
        examples are enough.
    every
        Measure every `every` epochs, and always before training and after the last epoch.
    quantities
        Which to keep of "g", "delta" and "h"; g is required. The columns of the others are null.
    log
        The Parquet file to write, a path ending in .parquet; its folder is made. With None the rows
        are only in `table()`.
    tensorboard
        A folder for TensorBoard's event files, or None.
    name, seed
        The columns `cell` and `seed`: the configuration (default: the model's name), and which
        repetition of it this is. They also name the folder of the event files.
    training
        Whether layers behave as in training: batch statistics, dropout as in the next step. False:
        as the model predicts.
    precision
        "float64", as studies do, or "float32" for a model with layers that compute in float32 only.

    Raises
    ------
    UserError
        Here, if an argument is wrong; in `fit`, if the model is not compiled or does not fit the
        probe set, or a kernel has no gradient.

    Notes
    -----
    delta is dLoss/dz times the number of examples, which is the derivative of one example's own
    loss where the loss is a mean.

    Examples
    --------
    >>> probe = GradientProbe(x, y, every=10, log="run.parquet")
    >>> model.fit(x, y, epochs=100, callbacks=[probe])
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        every: int = 1,
        quantities: Sequence[str] = QUANTITIES,
        log: str | Path | None = "run.parquet",
        tensorboard: str | Path | None = None,
        name: str | None = None,
        seed: int = 0,
        training: bool = True,
        precision: str = "float64",
    ) -> None:
        super().__init__()
        check_backend()
        self.settings = make_settings(
            every=every,
            quantities=quantities,
            log=log,
            tensorboard=tensorboard,
            name=name,
            seed=seed,
            training=training,
            precision=precision,
        )
        self.probe = make_probe_set(x, y, sample_weight)
        self.losses: dict[int, float] = {}
        self._tables: list[pa.Table] = []
        self._measurers: tuple[Measurer, Measurer] | None = None
        self._first: list[Any] = []
        self._before: list[Any] | None = None
        # epochs done, and how many of them in earlier calls of `fit`
        self._done, self._offset, self._fit_begins = 0, 0, True
        self._written = monotonic()
        self._event_file = FILE_NAME.format(int(time()))

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Prepare for the model as it is compiled now."""
        check_name(self._label())
        prepare(self.model, self.probe)
        self._measurers = (
            Measurer(self.model, self.probe, self.settings.precision, self.settings.training),
            Measurer(self.model, self.probe, "float32", self.settings.training),
        )
        self._fit_begins = True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Measure the state before any update.

        A later `fit` continues counting where the last one ended.
        """
        if self._fit_begins:
            self._fit_begins, self._offset = False, max(0, self._done - epoch)
            self._done = epoch + self._offset
            if not self.losses:
                self._measure()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Measure every `every` epochs."""
        self._done = epoch + 1 + self._offset
        if self._done % self.settings.every == 0:
            self._measure()

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Measure the last epoch unless that is done, and write the log."""
        if self._done not in self.losses:
            self._measure()
        self._write()

    def table(self) -> pa.Table:
        """Return the rows measured so far."""
        return pa.concat_tables(self._tables).unify_dictionaries()

    def layers(self) -> list[str]:
        """Return the names of the kernels, layer 1 first; known after the first probe."""
        return [kernel.name for kernel in self._measurers[0].order] if self._measurers else []

    def _measure(self) -> None:
        rows = self._rows()
        self._tables.append(rows)
        self._add_events(rows)
        if monotonic() - self._written > WRITE_EVERY:
            self._write()

    def _rows(self) -> pa.Table:
        assert self._measurers is not None
        measurer = self._measurers[0]
        double, single = self._signals()
        now = values(measurer.order)
        self._first = self._first or now
        columns = state_columns(measurer.order, measurer.kinds, measurer.traits(), double, single)
        columns |= weight_changes(now, self._first, self._before)
        self._before, self.losses[self._done] = now, double.loss
        keys = {
            "cell": self._label(),
            "seed": self.settings.seed,
            "epoch": self._done,
            "step": int(self.model.optimizer.iterations),
        }
        return probe_rows(keys, measurer.order, measurer.kinds, columns, self.settings.quantities)

    def _signals(self) -> tuple[Signals, Signals]:
        assert self._measurers is not None
        try:
            double, single = (measurer.measure() for measurer in self._measurers)
        except NoGradientError as error:
            raise no_gradient(self.model, error.args[0]) from None
        except ERRORS as error:
            raise cannot_measure(self.model, self.probe, error) from None
        if not np.isfinite(double.loss):
            check_finite(self.model, self.probe)
        return double, single

    def _add_events(self, rows: pa.Table) -> None:
        if folder := self.settings.tensorboard:
            path = folder / self._label() / f"seed-{self.settings.seed}" / self._event_file
            try:
                append_events(path, probe_events(rows.to_pylist(), self.layers(), time()))
            except OSError as error:
                raise unwritable(path, error) from None

    def _label(self) -> str:
        return self.settings.name or str(self.model.name)

    def _write(self) -> None:
        self._written = monotonic()
        if self.settings.log:
            footer = {
                "made_by": "GradientProbe",
                "cell": self._label(),
                "seed": self.settings.seed,
                "layers": self.layers(),
                "probe_loss": self.losses,
                "examples": self.probe.examples,
                "training": self.settings.training,
                "precision": self.settings.precision,
            }
            write_table("probes", self.table(), self.settings.log, footer)
