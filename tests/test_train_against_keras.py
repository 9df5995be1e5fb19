"""The stacked engine against `keras.Sequential.fit` on equal kernels and equal mini-batches, the last one not full."""

import keras
import numpy as np
import pytest

from nets import ADAM, GLOROT, HE, SGD, UNIFORM, cell, epoch_orders, keras_flat, keras_model, named
from vgstudy.cells import Run
from vgstudy.train import Stack

EPOCHS = 2
INITIALIZERS = {"Xavier": GLOROT, "He": HE, "uniform(0,1)": UNIFORM}
OTHER_ACTIVATIONS = [
    named(name)
    for name in "celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_tanh linear log_sigmoid mish relu6 selu silu"
    " soft_shrink softplus softsign sparse_plus sparse_sigmoid squareplus tanh_shrink".split()
] + [named("leaky_relu", negative_slope=0.01), named("leaky_relu"), named("threshold", threshold=0.1, default_value=0.0)]
OTHER_OPTIMIZERS = [
    *map(named, "Adadelta Adagrad AdamW Adamax Ftrl Lion Nadam RMSprop SGD ScheduleFreeAdamW".split()),
    named("SGD", momentum=0.9, nesterov=True),
    named("SGD", clipvalue=0.001),
    named("Adam", amsgrad=True, weight_decay=0.01),
]


@pytest.fixture
def float64():
    keras.config.set_floatx("float64")
    yield "float64"
    keras.config.set_floatx("float32")


def compare(dtype, initializers, tolerance, **fields):
    """Train a stack of one run per initializer and each run alone by `fit`; compare parameters and metrics."""
    members = [Run(cell=cell(initializer=spec, epochs=EPOCHS, **fields), seed=7) for spec in initializers]
    stack = Stack(members, dtype)
    models = [keras_model(stack, row, dtype) for row in range(len(members))]
    loss, accuracy = stack.advance(EPOCHS)
    test_loss, test_accuracy = stack.test()
    for row, (run, model) in enumerate(zip(members, models, strict=True)):
        x, y = stack.x.numpy()[row].T, stack.y.numpy()[row].T
        for epoch, order in enumerate(epoch_orders(run, EPOCHS)):
            history = model.fit(x[order], y[order], batch_size=16, shuffle=False, verbose=0).history
            np.testing.assert_allclose(loss[row, epoch], history["loss"][0], rtol=1e-5)
            assert accuracy[row, epoch] == pytest.approx(history["accuracy"][0], abs=1e-6)
        flat = stack.flat.numpy()[row]
        np.testing.assert_allclose(flat, keras_flat(model), rtol=0, atol=tolerance * max(1, np.abs(flat).max()))
        expected = model.evaluate(stack.x_test.numpy()[row].T, stack.y_test.numpy()[row].T, verbose=0)
        np.testing.assert_allclose([test_loss[row], test_accuracy[row]], expected, rtol=2e-5)


@pytest.mark.parametrize("optimizer", [SGD, ADAM], ids=["SGD", "Adam"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_default_levels_in_float32_against_keras_fit(activation, optimizer):
    steps = 4 * EPOCHS
    ulp = np.finfo("float32").eps
    compare("float32", INITIALIZERS.values(), 8 * steps * ulp, activation=activation, optimizer=optimizer)


@pytest.mark.parametrize("optimizer", [SGD, ADAM], ids=["SGD", "Adam"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid"])
def test_default_levels_in_float64_against_keras_fit(activation, optimizer, float64):
    compare(float64, INITIALIZERS.values(), 1e-10, activation=activation, optimizer=optimizer)


@pytest.mark.parametrize("activation", OTHER_ACTIVATIONS, ids=lambda a: a.class_name)
def test_other_activations_in_float64_against_keras_fit(activation, float64):
    compare(float64, [GLOROT], 1e-10, activation=activation)


@pytest.mark.parametrize("optimizer", OTHER_OPTIMIZERS, ids=lambda o: "-".join([o.class_name, *o.config]))
def test_other_optimizers_in_float64_against_keras_fit(optimizer, float64):
    compare(float64, [GLOROT], 1e-10, optimizer=optimizer)


def test_every_offered_level_is_held_against_keras():
    from vgstudy.keras_names import REGISTRY

    held = {
        "activation": {"tanh", "relu", "sigmoid", *(a.class_name for a in OTHER_ACTIVATIONS)},
        "optimizer": {"Adam", *(o.class_name for o in OTHER_OPTIMIZERS)},
    }
    for kind, names in held.items():
        assert {name for name, entry in REGISTRY[kind].items() if entry.refused is None} == names
