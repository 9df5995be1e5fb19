"""The callback that measures a user's own model while it trains."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic, time
from typing import Any

import keras
import pyarrow as pa

from vgstudy.probe.checks import (
    CAUSES,
    cannot_measure,
    check_backend,
    check_finite,
    no_gradient,
    prepare,
    probe_set,
)
from vgstudy.probe.files import NAME, append_events
from vgstudy.probe.passes import Measurer, NoGradientError
from vgstudy.probe.rows import changes, columns, probe_rows, values
from vgstudy.probe.runs import probe_events
from vgstudy.probe.settings import check_name, settings
from vgstudy.store.files import unwritable
from vgstudy.store.parquet import write_table

QUANTITIES = ("g", "delta", "h")
WRITE_EVERY = 10.0  # s; a killed process loses at most so much


class GradientProbe(keras.callbacks.Callback):  # type: ignore[misc]
    """Measure the gradient of every layer on a fixed probe set, before training and after epochs,
    without touching training.

    The rows are those of a study's probes (`schema.COLUMNS["probes"]`), one for each kernel: a
    trainable weight of two or more axes. Kernels are numbered in the order of the forward pass, 1
    nearest the input; their names are in the file's footer. What a layer does not tell is null,
    such as delta of a layer that computes in a loop (recurrent, time-distributed).

    Parameters
    ----------
    x, y, sample_weight
        The probe set, as for `model.fit`: inputs, targets, weights. It is one batch; a few hundred
        examples are enough.
    every
        Measure after every so many epochs; before training and after the last epoch it is measured
        in any case.
    quantities
        Which to keep of "g", "delta" and "h"; g belongs to them. The columns of the others are
        null.
    log
        The Parquet file to write, a path ending in .parquet; its folder is made. None writes none,
        the rows are in `table()`.
    tensorboard
        A folder for TensorBoard's event files; None writes none.
    name, seed
        What the columns `cell` and `seed` say: the configuration (default: the model's name), and
        which repetition of it this is. They name the folder of the event files, so the name must be
        able to name one.
    training
        Whether layers behave as in training: batch statistics, dropout as in the next step. False:
        as the model predicts.
    precision
        "float64", as studies do, or "float32" for a model with layers that compute in float32 only.

    Raises
    ------
    UserError
        Here, if an argument is wrong; in `fit`, if the model is not built or does not fit the probe
        set, or a kernel has none.

    Notes
    -----
    delta is dLoss/dz times the number of examples, which is the derivative of one example's own
    loss where the loss is a mean.
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
        self.settings = settings(
            every=every,
            quantities=quantities,
            log=log,
            tensorboard=tensorboard,
            name=name,
            seed=seed,
            training=training,
            precision=precision,
        )
        self.probe = probe_set(x, y, sample_weight)
        self.losses: dict[int, float] = {}
        self._tables: list[pa.Table] = []
        self._passes: tuple[Measurer, Measurer] | None = None
        self._first: list[Any] = []
        self._before: list[Any] | None = None
        self._done, self._offset, self._fresh, self._written = 0, 0, True, monotonic()
        self._begun = int(time())

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Prepare for the model as it is compiled now."""
        check_name(self._label())
        prepare(self.model, self.probe)
        both = (self.settings.precision, "float32")
        double, single = (
            Measurer(self.model, self.probe, dtype, self.settings.training) for dtype in both
        )
        self._passes, self._fresh = (double, single), True

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Measure the state before any update; a later `fit` goes on counting where the last one
        ended."""
        if self._fresh:
            self._fresh, self._offset = False, max(0, self._done - epoch)
            self._done = epoch + self._offset
            if not self.losses:
                self._measure()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Measure after every so many epochs."""
        self._done = epoch + 1 + self._offset
        if self._done % self.settings.every == 0:
            self._measure()

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Measure the last epoch if that is still to do, and write what was measured."""
        if self._done not in self.losses:
            self._measure()
        self._write()

    def table(self) -> pa.Table:
        """The rows measured so far."""
        return pa.concat_tables(self._tables).unify_dictionaries()

    def layers(self) -> list[str]:
        """The names of the kernels, layer 1 first; known once something is measured."""
        return [kernel.name for kernel in self._passes[0].order] if self._passes else []

    def _measure(self) -> None:
        found = self._rows(*self._passes)  # type: ignore[misc]
        self._tables.append(found)
        if folder := self.settings.tensorboard:
            path = folder / self._label() / f"seed-{self.settings.seed}" / NAME.format(self._begun)
            try:
                append_events(path, probe_events(found.to_pylist(), self.layers(), time()))
            except OSError as error:
                raise unwritable(path, error) from None
        if monotonic() - self._written > WRITE_EVERY:
            self._write()

    def _rows(self, double: Measurer, single: Measurer) -> pa.Table:
        try:
            seen, coarse = double.measure(), single.measure()
        except NoGradientError as error:
            raise no_gradient(self.model, error) from None
        except CAUSES as error:
            raise cannot_measure(self.model, self.probe, error) from None
        check_finite(self.model, self.probe, seen.loss)
        now = values(double.order)
        self._first = self._first or now
        found = columns(double.order, double.kinds, double.traits(), seen, coarse)
        found |= changes(now, self._first, self._before)
        self._before, self.losses[self._done] = now, seen.loss
        steps = int(self.model.optimizer.iterations)
        keys = {
            "cell": self._label(),
            "seed": self.settings.seed,
            "epoch": self._done,
            "step": steps,
        }
        return probe_rows(keys, double.order, double.kinds, found, self.settings.quantities)

    def _label(self) -> str:
        return self.settings.name or str(self.model.name)

    def _write(self) -> None:
        self._written = monotonic()
        if own := self.settings.log:
            about = {
                "cell": self._label(),
                "seed": self.settings.seed,
                "layers": self.layers(),
                "probe_loss": self.losses,
            }
            how = {
                "examples": self.probe.examples,
                "training": self.settings.training,
                "precision": self.settings.precision,
            }
            write_table("probes", self.table(), own, {"made_by": "GradientProbe", **about, **how})
