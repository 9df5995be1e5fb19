"""The callback that measures a user's own model while it trains."""

import builtins
from operator import is_
from typing import Any

import keras
import numpy as np
import pyarrow as pa

from vgstudy.probe.arguments import Settings, check_name, make_probe_set
from vgstudy.probe.columns import kernel_values, probe_rows, state_columns, weight_changes
from vgstudy.probe.keras_internals import ERRORS
from vgstudy.probe.kernels import kernels
from vgstudy.probe.log import NoLog, ProbeLog
from vgstudy.probe.passes import Measurer
from vgstudy.probe.signals import Signals
from vgstudy.probe.user_model import (
    cannot_measure,
    check_backend,
    check_layers,
    prepare,
    warn_of_precision,
)


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
        The probe set, as for `model.fit`: inputs, targets, weights.
    examples
        Of a larger probe set this many examples are measured, in one batch: drawn once, the same
        ones in every run.
    every
        Measure every `every` epochs, and always before training and after the last epoch.
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
    >>> import keras
    >>> from sklearn.datasets import make_circles
    >>> from vgstudy.probe import GradientProbe
    >>> x, y = make_circles(200, noise=0.1, random_state=1)
    >>> hidden = [keras.layers.Dense(5, activation="sigmoid") for _ in range(6)]
    >>> model = keras.Sequential([keras.Input((2,)), *hidden, keras.layers.Dense(1)])
    >>> model.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
    >>> probe = GradientProbe(x, y, every=10, log="run.parquet")
    >>> _ = model.fit(x, y, epochs=20, verbose=0, callbacks=[probe])
    >>> probe.table().num_rows  # 7 kernels before training and after 10 and 20 epochs
    21
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        *,
        sample_weight: Any = None,
        examples: int = 128,
        every: int = 1,
        log: Any = "run.parquet",
        tensorboard: Any = None,
        name: str | None = None,
        seed: int = 0,
        training: bool = True,
    ) -> None:
        super().__init__()
        check_backend()
        self.settings = Settings(examples, every, log, tensorboard, name, seed, training)
        self.probe = make_probe_set(x, y, sample_weight, self.settings.examples)
        self._log: ProbeLog | None = None
        self._names: list[str] = []
        self._measured: list[Any] = []
        self._measurers: list[Measurer] = []
        # epochs done, and how many of them in earlier calls of `fit`
        self._done, self._offset, self._fit_begins = 0, 0, True

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for pickle and copy, without the model and what belongs to it."""
        return self.__dict__ | {"_model": None, "_measured": [], "_measurers": []}

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Prepare for the model as it is compiled now.

        Another model, or other trainable weights, starts a log of its own.
        """
        check_name(self._label())
        prepare(self.model, self.probe)
        self._measurers = [
            Measurer(self.model, self.probe, precision, self.settings.training)
            for precision in ("float64", "float32")
        ]
        self._fit_begins = True
        measured = [self.model, *(kernel.variable for kernel in kernels(self.model))]
        same = len(measured) == len(self._measured) and all(map(is_, measured, self._measured))
        if not same:
            self._measured = measured
            self._start_log()

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
        """Measure every `every` epochs and after the last one.

        Measuring later would see weights that other callbacks restored or averaged.
        """
        self._done = epoch + 1 + self._offset
        is_last = epoch + 1 >= self.params.get("epochs", np.inf) or self.model.stop_training
        if is_last or self._done % self.settings.every == 0:
            self._measure()

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Measure the last epoch unless that is done, and write the log."""
        averaged = getattr(self.model.optimizer, "use_ema", False)
        if self._done not in self.losses and not averaged:
            self._measure()
        self.log.write()

    @property
    def log(self) -> ProbeLog:
        """The log of the model that was trained last; before that, what says so."""
        return self._log or NoLog()  # type: ignore[return-value]

    @property
    def losses(self) -> dict[int, float]:
        """Loss on the probe set for each measured epoch."""
        return self._log.losses if self._log else {}

    def table(self) -> pa.Table:
        """Return the rows measured so far."""
        return self.log.table()

    def layers(self) -> list[str]:
        """Return the names of the kernels, layer 1 first; known after the first probe."""
        return self._log.layers if self._log else []

    def diagnose(self, epoch: int | None = None) -> str:
        """Print the diagnosis at a measured epoch, by default the last, and return the verdict.

        `vgstudy diagnose FILE` prints the same. The log is written, also after an interrupt.
        """
        from rich.console import Console

        from vgstudy.probe.diagnosis import diagnose_logs
        from vgstudy.probe.display import render

        self.log.write()
        (diagnosis,) = diagnose_logs([(self.table(), self.log.footer())], epoch)
        console = Console()
        if not (console.is_terminal or console.is_jupyter):
            console = Console(width=160)
        console.print(render(diagnosis))
        return str(diagnosis["verdict"])

    def plot(self) -> Any:
        """Return a matplotlib figure of the gradient level of each layer over epochs.

        A notebook shows it. On a terminal the levels are printed as text too; to keep the figure,
        use `probe.plot().savefig("levels.png")`.
        """
        from vgstudy.probe.display import level_lines, plot_levels

        self.log.write()
        if not hasattr(builtins, "__IPYTHON__"):
            print("\n".join(level_lines(self.table(), self.layers())))
        return plot_levels(self.table(), self.layers())

    def _start_log(self) -> None:
        """Start a log; the second file has -2 after its name, and so has a name already used."""
        if self._log:
            self._log.write()
        self._names.append(self._label())
        ending = f"-{len(self._names)}" if len(self._names) > 1 else ""
        is_new = self._label() not in self._names[:-1]
        settings, path = self.settings, self.settings.log
        self._log = ProbeLog(
            name=self._label() if is_new else self._label() + ending,
            seed=settings.seed,
            path=path and path.with_stem(path.stem + ending),
            events=settings.tensorboard,
            details={"examples": self.probe.examples, "training": settings.training},
        )
        self._done = 0

    def _measure(self) -> None:
        log = self.log
        double, single = self._signals()
        measurer = self._measurers[0]
        layers, weights = measurer.layers, kernel_values(measurer.layers)
        # only histograms show quantiles
        with_quantiles = self.settings.tensorboard is not None
        columns = state_columns(layers, weights, double, single, with_quantiles)
        columns |= weight_changes(weights, log.first_weights or weights, log.weights)
        log.first_weights, log.weights = log.first_weights or weights, weights
        log.structure = [layer.description() for layer in layers]
        log.details |= {"precision": measurer.dtype, **measurer.structure()}
        log.losses[self._done], log.tops[self._done] = double.loss, double.output_signals()
        step = int(self.model.optimizer.iterations.value.numpy())
        log.add(probe_rows({**log.keys(), "epoch": self._done, "step": step}, layers, columns))

    def _signals(self) -> tuple[Signals, Signals]:
        """Return a pass in float64 and one in float32; the same where only one is possible."""
        passes: list[Signals] = []
        refused: Exception | None = None
        for measurer in list(self._measurers):
            try:
                passes.append(measurer.measure())
            except ERRORS as error:
                refused = error
                self._measurers.remove(measurer)
        if refused and not passes:
            raise cannot_measure(self.model, self.probe, refused) from None
        if refused:
            warn_of_precision(self.model, self._measurers[0].dtype, refused)
        if not self.losses:
            check_layers(self.model, self._measurers[0].layers)
        if not np.isfinite(passes[0].loss):
            self.probe.check_finite()
        return passes[0], passes[-1]

    def _label(self) -> str:
        return self.settings.name or str(self.model.name)
