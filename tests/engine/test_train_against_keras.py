"""The stacked engine against `keras.Sequential.fit` on equal kernels and equal mini-batches, the
last one not full."""

import keras
import numpy as np
import pytest

from nets import ADAM, GLOROT, HE, SGD, UNIFORM, cell, epoch_orders, keras_flat, keras_model, named
from vgstudy.cells import Initializer, Run
from vgstudy.config.keras_names import REGISTRY
from vgstudy.engine.train import Stack
from vgstudy.seeds import stream
from vgstudy.tasks import Circles, Digits

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
    """Train one stack of the cells, and each alone by `fit`; compare parameters and metrics.

    The tolerance is relative to a run's largest parameter. In float64 Keras trains without a graph:
    the same arithmetic, with no minute spent on tracing.
    """
    runs = [Run(cell=one, seed=7) for one in cells]
    stack = Stack(runs, dtype=dtype)
    samples = [run.cell.task.sample(stream(run.cell, run.seed, "sample")) for run in runs]
    models = [keras_model(run.cell, stack, i, dtype) for i, run in enumerate(runs)]
    for model in models:
        model.run_eagerly = dtype == "float64"
    loss, accuracy = stack.advance(EPOCHS)
    test_loss, test_accuracy = stack.test()
    probed = stack.probe()
    for i, (run, model) in enumerate(zip(runs, models, strict=True)):
        x, y = samples[i].x_train.astype(dtype), samples[i].y_train.astype(dtype)
        for epoch, order in enumerate(epoch_orders(run, EPOCHS)):
            history = model.fit(x[order], y[order], batch_size=16, shuffle=False, verbose=0).history
            np.testing.assert_allclose(loss[i, epoch], history["loss"][0], rtol=1e-5)
            assert accuracy[i, epoch] == pytest.approx(history["accuracy"][0], abs=1e-6)
        flat = stack.flat()[i, : stack.network.spans[-1].stop]
        np.testing.assert_allclose(
            flat,
            keras_flat(model),
            rtol=0,
            atol=tolerance * max(1, np.abs(flat).max()),
            err_msg=run.cell.id,
        )
        x_test, y_test = samples[i].x_test.astype(dtype), samples[i].y_test.astype(dtype)
        expected = model.evaluate(x_test, y_test, verbose=0)
        np.testing.assert_allclose(
            [test_loss[i], test_accuracy[i]], expected, rtol=2e-5, err_msg=run.cell.id
        )
        expected = model.evaluate(x, y, verbose=0)
        np.testing.assert_allclose([probed.loss[i], probed.accuracy[i]], expected, rtol=2e-5)


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
    initializer; tied kernels."""
    unsplit = Circles(name="circles", samples=52, train=52, factor=0.5, scale=None, fresh=60)
    fixed = Circles(name="circles", samples=120, train=52, random_state=1)
    output = Initializer(**dict(HE), output=GLOROT)
    tied = Initializer(**dict(UNIFORM), tied=True)
    for task, initializer, optimizer in [
        (unsplit, GLOROT, named("RMSprop")),
        (fixed, output, SGD),
        (fixed, tied, SGD),
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
