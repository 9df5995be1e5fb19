"""The stacked engine against `keras.Sequential.fit` on equal kernels and equal mini-batches, the
last one not full."""

import keras
import numpy as np
import pytest

from nets import (
    ADAM,
    GLOROT,
    HE,
    SGD,
    UNIFORM,
    cell,
    epoch_orders,
    keras_flat,
    keras_layers,
    keras_optimizer,
    named,
    set_weights,
)
from vgstudy.cells import Initializer, Run
from vgstudy.config.keras_names import REGISTRY
from vgstudy.engine.train import Stack
from vgstudy.seeds import stream
from vgstudy.tasks.circles import Circles
from vgstudy.tasks.images import Digits

EPOCHS = 2
OTHER_ACTIVATIONS = [
    named(name)
    for name in (
        "celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_tanh linear log_sigmoid"
        " mish relu6 selu silu soft_shrink softplus softsign sparse_plus sparse_sigmoid squareplus"
        " tanh_shrink"
    ).split()
] + [
    named("leaky_relu", negative_slope=0.01),
    named("leaky_relu"),
    named("threshold", threshold=0.1, default_value=0.0),
]
OTHER_OPTIMIZERS = [
    *map(named, "Adadelta Adagrad AdamW Adamax Ftrl Lion Nadam RMSprop SGD".split()),
    named("SGD", momentum=0.9, nesterov=True),
    named("SGD", clipvalue=0.001),
    named("Adam", amsgrad=True, weight_decay=0.01),
]


@pytest.fixture
def float64():
    keras.config.set_floatx("float64")
    yield "float64"
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy(
        "float32"
    )  # Keras takes the float type of its first model for good


def compare(dtype, cells, tolerance):
    """Train one stack of the cells, and the same by `fit`; compare parameters and metrics.

    The tolerance is relative to a run's largest parameter. In float64 Keras trains the cells of an
    optimizer together and without a graph: the same arithmetic, with no minute spent on tracing.
    """
    runs = [Run(cell=one, seed=7) for one in cells]
    stack = Stack(runs, dtype=dtype)
    together = {}
    for place, run in enumerate(runs):
        key = str(run.cell.optimizer) if dtype == "float64" else place
        together.setdefault(key, []).append(place)
    pools = [Pool(stack, runs, places, dtype) for places in together.values()]
    loss, accuracy = stack.advance(EPOCHS)
    test_loss, test_accuracy = stack.test()
    probed = stack.probe()
    for pool in pools:
        for epoch in range(EPOCHS):
            expected = pool.fit(epoch)
            np.testing.assert_allclose(loss[pool.places, epoch], expected["loss"], rtol=1e-5)
            np.testing.assert_allclose(
                accuracy[pool.places, epoch], expected["accuracy"], rtol=0, atol=1e-6
            )
        for place, network in zip(pool.places, pool.networks, strict=True):
            flat = stack.flat()[place, : stack.network.spans[-1].stop]
            atol = tolerance * max(1, np.abs(flat).max())
            np.testing.assert_allclose(
                flat, keras_flat(network), rtol=0, atol=atol, err_msg=runs[place].cell.id
            )
        expected = pool.evaluate("test")
        np.testing.assert_allclose(test_loss[pool.places], expected["loss"], rtol=2e-5)
        np.testing.assert_allclose(test_accuracy[pool.places], expected["accuracy"], rtol=2e-5)
        expected = pool.evaluate("train")
        np.testing.assert_allclose(probed.loss[pool.places], expected["loss"], rtol=2e-5)
        np.testing.assert_allclose(probed.accuracy[pool.places], expected["accuracy"], rtol=2e-5)


class Pool:
    """Keras networks of one optimizer, trained side by side as one model: an input and an output
    each, and the sum of their losses, so that no network meets another."""

    def __init__(self, stack, runs, places, dtype):
        self.places, self.runs = places, [runs[place] for place in places]
        self.networks = []
        for place, run in zip(places, self.runs, strict=True):
            inputs = keras.Input((run.cell.task.inputs,), dtype=dtype)
            network = keras.Sequential(
                [inputs, *keras_layers(run.cell, dtype)], name=f"network{place}"
            )
            set_weights(network, stack, place)
            self.networks.append(network)
        first = self.runs[0].cell
        self.model = keras.Model(
            [network.inputs[0] for network in self.networks],
            {network.name: network.outputs[0] for network in self.networks},
        )
        names = [network.name for network in self.networks]
        self.model.compile(
            optimizer=keras_optimizer(first),
            loss=dict.fromkeys(names, f"{first.task.loss}_crossentropy"),
            metrics={name: ["accuracy"] for name in names},
            run_eagerly=dtype == "float64",
        )
        samples = [run.cell.task.sample(stream(run.cell, run.seed, "sample")) for run in self.runs]
        self.rows = {
            part: [
                [getattr(sample, f"{axis}_{part}").astype(dtype) for sample in samples]
                for axis in "xy"
            ]
            for part in ("train", "test")
        }

    def fit(self, epoch):
        """Train one epoch, each network on its own order of rows; return losses and accuracies."""
        orders = [epoch_orders(run, EPOCHS)[epoch] for run in self.runs]
        x, y = (
            [array[order] for array, order in zip(arrays, orders, strict=True)]
            for arrays in self.rows["train"]
        )
        history = self.model.fit(x, self.named(y), batch_size=16, shuffle=False, verbose=0).history
        return self.by_network({name: values[0] for name, values in history.items()})

    def evaluate(self, part):
        """Return losses and accuracies on training or test rows."""
        x, y = self.rows[part]
        return self.by_network(self.model.evaluate(x, self.named(y), verbose=0, return_dict=True))

    def named(self, arrays):
        return {network.name: y for network, y in zip(self.networks, arrays, strict=True)}

    def by_network(self, numbers):
        """Keras gives the loss of a single output no name of its own."""
        if len(self.networks) == 1:
            return {"loss": [numbers["loss"]], "accuracy": [numbers["accuracy"]]}
        return {
            kind: [numbers[f"{network.name}_{kind}"] for network in self.networks]
            for kind in ("loss", "accuracy")
        }


def default_cells(**fields):
    """Every activation x optimizer x initializer of the default design."""
    return [
        cell(
            activation=activation,
            optimizer=optimizer,
            initializer=initializer,
            epochs=EPOCHS,
            **fields,
        )
        for activation in ("tanh", "relu", "sigmoid")
        for optimizer in (SGD, ADAM)
        for initializer in (GLOROT, HE, UNIFORM)
    ]


@pytest.mark.parametrize(
    "every",
    [5, pytest.param(1, marks=pytest.mark.slow)],
    ids=["each level once", "all combinations"],
)
def test_default_levels_in_float32_against_keras_fit(every):
    steps, ulp = 4 * EPOCHS, np.finfo("float32").eps
    compare("float32", default_cells()[::every], 8 * steps * ulp)


def test_default_levels_in_float64_against_keras_fit(float64):
    compare(float64, default_cells(), 1e-10)


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
def test_softmax_over_ten_classes_in_float64_against_keras_fit(activation, float64):
    fields = {
        "task": Digits(name="digits", train=52),
        "optimizer": ADAM,
        "epochs": EPOCHS,
        "width": 10,
    }
    compare(
        float64,
        [cell(activation=activation, initializer=one, **fields) for one in (GLOROT, HE)],
        1e-10,
    )


def test_tutorial_set_ups_in_float64_against_keras_fit(float64):
    """All rows train and fresh ones test; the one sample of a random state; an output layer's own
    initializer; tied kernels; drawn biases."""
    unsplit = Circles(name="circles", samples=52, train=52, factor=0.5, scale=None, fresh=60)
    fixed = Circles(name="circles", samples=120, train=52, random_state=1)
    output = Initializer(**dict(HE), output=GLOROT)
    tied = Initializer(**dict(UNIFORM), tied=True)
    biased = Initializer(**dict(GLOROT), bias=UNIFORM)
    for task, initializer, optimizer in [
        (unsplit, GLOROT, named("RMSprop")),
        (fixed, output, SGD),
        (fixed, tied, SGD),
        (fixed, biased, SGD),
    ]:
        compare(
            float64,
            [cell(task=task, initializer=initializer, optimizer=optimizer, epochs=EPOCHS)],
            1e-10,
        )


INITIALIZERS = [name for name, entry in REGISTRY["initializer"].items() if entry.refused is None]


def test_every_initializer_in_float64_against_keras_fit(float64):
    compare(float64, [cell(initializer=named(name), epochs=EPOCHS) for name in INITIALIZERS], 1e-10)


@pytest.mark.parametrize(
    ("factor", "levels"),
    [("activation", OTHER_ACTIVATIONS), ("optimizer", OTHER_OPTIMIZERS)],
    ids=["activations", "optimizers"],
)
def test_other_levels_in_float64_against_keras_fit(factor, levels, float64):
    compare(float64, [cell(**{factor: level}, epochs=EPOCHS) for level in levels], 1e-10)


def test_every_offered_level_is_held_against_keras():
    held = {
        "activation": {"tanh", "relu", "sigmoid", *(a.class_name for a in OTHER_ACTIVATIONS)},
        "optimizer": {"Adam", *(o.class_name for o in OTHER_OPTIMIZERS)},
    }
    for kind, names in held.items():
        assert {name for name, entry in REGISTRY[kind].items() if entry.refused is None} == names
