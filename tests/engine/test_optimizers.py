"""One operation for a step of SGD or Adam against the stock Keras optimizer."""

import keras
import numpy as np
import pytest

from nets import named
from vgstudy.engine.optimizers import compile_update

PLAIN = [
    named("SGD", learning_rate=0.1),
    named("SGD", momentum=0.9),
    named("SGD", momentum=0.5, nesterov=True),
    named("Adam"),
    named("Adam", learning_rate=0.1, beta_1=0.5, beta_2=0.9, epsilon=0.01),
]
OTHERWISE = [named("SGD", clipvalue=0.1), named("Adam", amsgrad=True), named("RMSprop")]


def stepped(update, variable, gradients):
    for gradient in gradients:
        update(keras.ops.convert_to_tensor(gradient))
    return variable.numpy()


@pytest.mark.parametrize(
    "spec", PLAIN + OTHERWISE, ids=lambda s: "-".join([s.class_name, *s.config])
)
def test_twenty_steps_against_keras(spec):
    rng = np.random.default_rng(0)
    start = rng.normal(size=(3, 16)).astype("float32")
    gradients = (rng.normal(size=(20, 3, 16)) * 10.0 ** rng.integers(-6, 2, (3, 16))).astype(
        "float32"
    )
    ours, theirs = keras.Variable(start), keras.Variable(start)
    optimizer = keras.optimizers.get({"class_name": spec.class_name, "config": dict(spec.config)})
    optimizer.build([theirs])
    got = stepped(compile_update(spec, ours), ours, gradients)
    expected = stepped(lambda g: optimizer.apply([g], [theirs]), theirs, gradients)
    np.testing.assert_allclose(
        got, expected, rtol=0, atol=20 * np.finfo("float32").eps * np.abs(expected).max()
    )
    assert not np.array_equal(got, start)


SCHEDULE = {
    "class_name": "ExponentialDecay",
    "config": {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.5},
    "module": "keras.optimizers.schedules",
}


@pytest.mark.parametrize("rate", [0.01, SCHEDULE], ids=["number", "schedule"])
@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop"])
def test_a_rate_factor_against_keras_with_that_rate(name, rate):
    tripled = 0.03 if rate == 0.01 else keras.optimizers.schedules.ExponentialDecay(0.3, 5, 0.5)
    rng = np.random.default_rng(0)
    start, *gradients = rng.normal(size=(6, 3, 16)).astype("float32")
    ours, theirs = keras.Variable(start), keras.Variable(start)
    optimizer = type(keras.optimizers.get(name))(learning_rate=tripled)
    optimizer.build([theirs])
    update = compile_update(named(name, learning_rate=rate), ours, rate_factor=3)
    got = stepped(update, ours, gradients)
    expected = stepped(lambda g: optimizer.apply([g], [theirs]), theirs, gradients)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=2e-6)
