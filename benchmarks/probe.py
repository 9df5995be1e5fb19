"""What `vgstudy.probe.GradientProbe` adds to training.

`python benchmarks/probe.py` takes a minute. Every second epoch has a probe and is compared with the
mean of the epochs before and after it; numbers are medians, and the share is that at every=10.
`--cpu` counts the processor's time instead of the clock's, for a machine that does other work too.
"""

import argparse
from collections.abc import Callable
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import keras
import numpy as np
from keras import layers
from sklearn.datasets import make_circles

from vgstudy.probe import GradientProbe

EVERY = 10
EPOCHS = 25


class Clock(keras.callbacks.Callback):
    """Reads a clock when each epoch begins, and when training ends."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self.clock = clock
        self.times: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002
        """Read the clock."""
        self.times.append(self.clock())

    def seconds(self) -> np.ndarray:
        """Return the seconds of each epoch but the last, with what callbacks do at its end."""
        return np.diff(self.times)


def circles() -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """Return tutorial A's network and its rows."""
    hidden = [layers.Dense(5, "relu", kernel_initializer="he_uniform") for _ in range(5)]
    model = keras.Sequential([keras.Input((2,)), *hidden, layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "binary_crossentropy")
    return model, *make_circles(500, noise=0.1, factor=0.8, random_state=1)


def dense() -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """Return a network of 270,000 weights on rows like those of MNIST."""
    hidden = [layers.Dense(256, "relu") for _ in range(2)]
    model = keras.Sequential([keras.Input((784,)), *hidden, layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, *random_rows(10_000, (784,))


def convolutional() -> tuple[keras.Model, np.ndarray, np.ndarray]:
    """Return Keras' example of a network for MNIST, on a tenth of its rows."""
    inside = [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
    ]
    model = keras.Sequential([keras.Input((28, 28, 1)), *inside, layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model, *random_rows(6_000, (28, 28, 1))


def random_rows(count: int, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return random inputs and labels of ten classes."""
    rng = np.random.default_rng(1)
    return rng.random((count, *shape), "float32"), rng.integers(0, 10, count)


NETWORKS = {
    "5 hidden x 5, 500 rows": circles,
    "2 hidden x 256, 10,000 rows": dense,
    "convolutional, 6,000 rows": convolutional,
}


def row(name: str, clock: Callable[[], float], epochs: int) -> None:
    """Train once and print what probing costs."""
    model, x, y = NETWORKS[name]()
    timer = Clock(clock)
    with TemporaryDirectory() as folder:
        probe = GradientProbe(x, y, every=2, log=f"{folder}/run.parquet")
        model.fit(x, y, epochs=epochs, verbose=0, callbacks=[timer, probe])
    seconds = timer.seconds()
    probed = np.arange(1, len(seconds) - 1, 2)
    plain = (seconds[probed - 1] + seconds[probed + 1]) / 2
    added, epoch = np.median(seconds[probed] - plain), np.median(plain)
    share = f"{100 * added / (EVERY * epoch):.1f} %"
    numbers = f"{probe.settings.examples} | {1000 * epoch:.0f} | {1000 * added:.0f}"
    print(f"| {name} | {numbers} | {share} |", flush=True)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cpu", action="store_true", help="count the processor's time")
    arguments.add_argument("--epochs", type=int, default=EPOCHS)
    given = arguments.parse_args()
    print(f"| network | probe set | epoch, ms | probe, ms | added at every={EVERY} |")
    print("|---|---|---|---|---|")
    for network in NETWORKS:
        row(network, process_time if given.cpu else perf_counter, given.epochs)
