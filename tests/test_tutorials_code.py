"""Lines of the tutorials' code that no longer do what they did: each is run, and so is what to
write instead."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from vgstudy.claims.register import read_register

CODE = {
    line.line: line
    for tutorial in read_register(Path(__file__).parents[1] / "config/claims").values()
    for line in tutorial.code
}


def expected(line):
    """What the register says happens today, of the one line that contains the text."""
    return next(code.today for text, code in CODE.items() if line in text)


def model(width=5):
    return keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(width, activation="tanh"), keras.layers.Dense(1)]
    )


def compiled(optimizer):
    net = model()
    net.compile(optimizer, "mse", metrics=["accuracy"])
    net.fit(np.zeros((4, 2)), np.zeros((4, 1)), verbose=0)
    return net


@pytest.mark.parametrize(
    ("line", "error", "run"),
    [
        ("SGD(lr=", ValueError, lambda: keras.optimizers.SGD(lr=0.01)),
        ("history['acc']", KeyError, lambda: compiled("sgd").history.history["acc"]),
        ("write_grads", TypeError, lambda: keras.callbacks.TensorBoard(write_grads=True)),
        (
            "self.model = model",
            AttributeError,
            lambda: setattr(keras.callbacks.Callback(), "model", 1),
        ),
        ("tf.placeholder", AttributeError, lambda: tf.placeholder(tf.float32)),
        ("tf.Session", AttributeError, lambda: tf.Session()),
        ("tf.layers.dense", AttributeError, lambda: tf.layers.dense),
        ("AdamOptimizer", AttributeError, lambda: tf.train.AdamOptimizer()),
        ("tf.gradients", RuntimeError, lambda: tf.gradients(tf.constant(1.0), tf.constant(1.0))),
        ("merge_all", AttributeError, lambda: tf.summary.merge_all()),
        (
            "input_data",
            ModuleNotFoundError,
            lambda: __import__("tensorflow.examples.tutorials.mnist"),
        ),
    ],
)
def test_line_fails_as_the_register_says(line, error, run):
    assert expected(line).startswith(error.__name__)
    with pytest.raises(error):
        run()


def test_one_optimizer_for_two_models_fails():
    assert expected("several models").startswith("ValueError")
    optimizer = keras.optimizers.RMSprop()
    compiled(optimizer)
    with pytest.raises(ValueError, match="optimizer"):
        compiled(optimizer)


def test_kernel_is_in_no_name_but_ends_every_path():
    names = [weight.name for weight in model().weights]
    assert not any("/kernel:" in name for name in names)
    assert sum(weight.path.endswith("/kernel") for weight in model().weights) == 2


def test_one_initializer_object_draws_equal_kernels():
    drawn = keras.initializers.RandomNormal(mean=0.0, stddev=1.0)
    first, second = np.array(drawn((5, 5))), np.array(drawn((5, 5)))
    assert np.array_equal(first, second)


def test_what_to_write_instead_runs():
    optimizer = keras.optimizers.SGD(learning_rate=0.01, momentum=0.9)
    assert "accuracy" in compiled(optimizer).history.history
    keras.callbacks.Callback().set_model(model())
    with tf.GradientTape() as tape:
        net = model()
        loss = tf.reduce_mean(net(tf.ones((3, 2))))
    assert len(tape.gradient(loss, net.trainable_weights)) == 4


def test_every_line_has_a_test():
    tested = 11 + 1 + 1 + 2
    assert len(CODE) == tested
