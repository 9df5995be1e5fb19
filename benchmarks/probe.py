"""What `vgstudy.probe.GradientProbe` adds to training the tutorials' networks.

`python benchmarks/probe.py` takes half a minute. Times are wall seconds; an epoch's and a probe's
are medians, so that tracing, which happens once in each `fit`, stands on its own.
"""

from time import perf_counter

import keras
import numpy as np
from sklearn.datasets import make_circles

from vgstudy.probe import GradientProbe

EVERY = 10
EPOCHS = 100


class Clock(keras.callbacks.Callback):
    """Times whole epochs, other callbacks left out if this one is the first of the list."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Start."""
        self._begin = perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Stop."""
        self.seconds.append(perf_counter() - self._begin)


class Timed(GradientProbe):
    """Times its measurements."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self.seconds: list[float] = []

    def _measure(self) -> None:
        begin = perf_counter()
        super()._measure()
        self.seconds.append(perf_counter() - begin)


def model(depth: int, width: int, activation: str) -> keras.Model:
    """A tutorial's network, compiled as there."""
    hidden = [
        keras.layers.Dense(width, activation=activation, kernel_initializer="he_uniform")
        for _ in range(depth)
    ]
    made = keras.Sequential(
        [keras.Input((2,)), *hidden, keras.layers.Dense(1, activation="sigmoid")]
    )
    made.compile(
        keras.optimizers.SGD(0.01, momentum=0.9), "binary_crossentropy", metrics=["accuracy"]
    )
    return made


def row(name: str, depth: int, width: int, activation: str, rows: int) -> None:
    """Train once and print what probing cost."""
    x, y = make_circles(1000, noise=0.1, factor=0.8, random_state=1)
    probed = np.resize(np.arange(500), rows)
    clock, probe = Clock(), Timed(x[probed], y[probed], every=EVERY, log=None)
    model(depth, width, activation).fit(
        x[:500],
        y[:500],
        validation_data=(x[500:], y[500:]),
        epochs=EPOCHS,
        verbose=0,
        callbacks=[clock, probe],
    )
    epoch, each, first = (
        np.median(clock.seconds[1:]),
        np.median(probe.seconds[1:]),
        probe.seconds[0],
    )
    share = 100 * each / (EVERY * epoch)
    times = f"{1000 * epoch:.0f} | {1000 * each:.1f} | {share:.1f} % | {first:.2f}"
    print(f"| {name} | {rows:,} | {times} |", flush=True)


if __name__ == "__main__":
    times = f"epoch, ms | probe, ms | added at every={EVERY} | first probe, s"
    print(f"| network | probe set | {times} |\n|---|---|---|---|---|---|")
    for rows in (100, 500, 5_000, 50_000):
        row("A3: 5 hidden x 5, ReLU", 5, 5, "relu", rows)
    row("A5: 20 hidden x 5, ReLU", 20, 5, "relu", 500)
    row("A2: 5 hidden x 5, tanh", 5, 5, "tanh", 500)
