"""Remedies in the stacked engine against Keras, by hand and against itself."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nets import ADAM, GLOROT, HE, SGD, cell, epoch_orders, named
from vgstudy.cells import Run
from vgstudy.config.log import Log
from vgstudy.engine.train import Stack, train
from vgstudy.remedies import NO_REMEDY, Normalization, Remedy, Rescaling, Skip
from vgstudy.seeds import stream

EPOCHS, DEPTH = 2, 4
REMEDIES = {
    "batch before": Remedy(normalization=Normalization(kind="batch")),
    "batch after": Remedy(normalization=Normalization(kind="batch", after=True)),
    "layer before": Remedy(normalization=Normalization(kind="layer")),
    "layer after": Remedy(normalization=Normalization(kind="layer", after=True)),
    "whole": Remedy(normalization=Normalization(kind="whole")),
    "skip every": Remedy(skip=Skip(every=1, branch_scale="depth")),
    "skip pairs": Remedy(skip=Skip(pairs=((1, 3), (2, 4)))),
    "batch and skip": Remedy(normalization=Normalization(kind="batch"), skip=Skip(every=2)),
    "signal": Remedy(standardize_signal=True),
    "clipnorm": Remedy(global_clipnorm=0.05),
    "frozen": Remedy(frozen=2),
    "none": Remedy(rescaling=Rescaling(kind="none")),
    "equal": Remedy(rescaling=Rescaling(kind="equal")),
    "profile": Remedy(rescaling=Rescaling(kind="profile")),
    "size": Remedy(rescaling=Rescaling(kind="size")),
    "fixed": Remedy(rescaling=Rescaling(kind="fixed")),
    "given": Remedy(rescaling=Rescaling(kind="given", multipliers=(1, 0.1, 10, 0.5, 2))),
}
# Each remedy with one activation and one optimizer; all of these occur several times.
PAIRS = [
    (activation, optimizer)
    for optimizer in (SGD, ADAM, named("RMSprop"))
    for activation in ("tanh", "relu", "sigmoid")
]


@pytest.fixture
def float64():
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield "float64"
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


class WholeBatch(keras.layers.Layer):
    """Standardisation over the whole batch and all units."""

    def call(self, x):
        variance = tf.math.reduce_variance(x)
        return (x - tf.reduce_mean(x)) / tf.sqrt(variance + 1e-12)


class StandardizedSignal(keras.layers.Layer):
    """The identity; what comes back through it is standardised."""

    def call(self, x):
        @tf.custom_gradient
        def identity(h):
            def back(g):
                return (g - tf.reduce_mean(g)) / (tf.math.reduce_std(g) + 1e-6)

            return tf.identity(h), back

        return identity(x)


def normalization_layer(how):
    layers = {"batch": keras.layers.BatchNormalization, "layer": keras.layers.LayerNormalization}
    return layers.get(how.kind, WholeBatch)()


class Rescaled(keras.Model):
    """A model whose gradients are multiplied layer by layer, written out in NumPy."""

    multiply = None

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            output = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=output)
        gradients = [g.numpy() for g in tape.gradient(loss, self.trainable_variables)]
        self.optimizer.apply(
            [tf.constant(g) for g in self.multiply(gradients)], self.trainable_variables
        )
        return self.compute_metrics(x, y, output)


def rescaled(rescaling, fixed):
    """Return a function of the gradients (kernel, bias, kernel, bias, ...) of a Keras model."""

    def norm(gradients):
        return np.sqrt(sum((g**2).sum() for g in gradients))

    def multiply(gradients):
        rms = np.asarray([np.sqrt(np.mean(g**2)) for g in gradients[::2]])
        by = {"given": rescaling.multipliers, "fixed": fixed, "none": np.ones(len(rms))}
        multipliers = np.repeat(by.get(rescaling.kind, rms[-1] / rms), 2)
        equal = [m * g for m, g in zip(multipliers, gradients, strict=True)]
        if rescaling.kind == "profile":
            return [g * norm(gradients) / norm(equal) for g in equal]
        if rescaling.kind == "size":
            return [g * norm(equal) / norm(gradients) for g in gradients]
        return equal

    return multiply


def keras_twin(spec, flat, network):
    """The functional Keras model of a cell with a remedy, with the parameters of a flat row."""
    remedy = spec.remedy
    connections = remedy.skip.connections(spec.depth) if remedy.skip else {}
    inputs = keras.Input((spec.task.inputs,))
    x, passed, dense, norms = inputs, [], [], []
    for number in range(1, spec.depth + 1):
        dense.append(keras.layers.Dense(spec.width, trainable=number > remedy.frozen))
        steps = [keras.layers.Activation(spec.activation.class_name)]
        if remedy.normalization:
            norms.append(normalization_layer(remedy.normalization))
            steps.insert(remedy.normalization.after, norms[-1])
        for layer in [dense[-1], *steps]:
            x = layer(x)
        if number in connections:
            x = passed[connections[number] - 1] + remedy.skip.scale(spec.depth) * x
        passed.append(x)
        x = StandardizedSignal()(x) if remedy.standardize_signal else x
    dense.append(keras.layers.Dense(1, activation="sigmoid"))
    model = (Rescaled if remedy.rescaling else keras.Model)(inputs, dense[-1](x))
    for layer, span, (out, into) in zip(dense, network.spans, network.kernel_shapes, strict=True):
        both = flat[span].reshape(out, into + 1)
        layer.set_weights([both[:, :-1].T, both[:, -1]])
    config = dict(spec.optimizer.config)
    if remedy.global_clipnorm:
        config["global_clipnorm"] = remedy.global_clipnorm
    optimizer = keras.optimizers.get({"class_name": spec.optimizer.class_name, "config": config})
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    model.run_eagerly = True
    return model, dense, norms


def twin_flat(network, dense, norms, length):
    """The parameters of a twin as a flat row."""
    layers = [
        np.column_stack([kernel.T, bias]).ravel()
        for kernel, bias in (layer.get_weights() for layer in dense)
    ]
    scales = [np.column_stack(norm.get_weights()[:2]).ravel() for norm in norms if norm.weights]
    row = np.concatenate([*layers, *scales])
    return np.pad(row, (0, length - len(row)))


@pytest.mark.parametrize("name", REMEDIES)
def test_a_remedy_in_float64_against_keras(name, float64):
    activation, optimizer = PAIRS[list(REMEDIES).index(name) % len(PAIRS)]
    spec = cell(
        activation=activation,
        optimizer=optimizer,
        depth=DEPTH,
        epochs=EPOCHS,
        remedy=REMEDIES[name],
    )
    runs = [Run(cell=spec, seed=seed) for seed in range(2)]
    stack = Stack(runs, dtype=float64)
    sample = spec.task.sample(stream(spec, 1, "sample"))
    x, y = sample.x_train.astype(float64), sample.y_train.astype(float64)
    start = stack.flat()[1]
    rms = stack.probe().columns["g_rms"][1]
    model, dense, norms = keras_twin(spec, start, stack.network)
    if spec.remedy.rescaling:
        model.multiply = rescaled(spec.remedy.rescaling, rms[-1] / rms)
    loss, _ = stack.advance(EPOCHS)
    for epoch, order in enumerate(epoch_orders(runs[1], EPOCHS)):
        history = model.fit(x[order], y[order], batch_size=16, shuffle=False, verbose=0).history
        if not spec.remedy.rescaling:
            np.testing.assert_allclose(loss[1, epoch], history["loss"][0], rtol=1e-5)
    trained = stack.flat()[1]
    expected = twin_flat(stack.network, dense, norms, len(trained))
    np.testing.assert_allclose(trained, expected, rtol=0, atol=1e-9)
    assert not np.allclose(trained, start)
    x_test, y_test = sample.x_test.astype(float64), sample.y_test.astype(float64)
    size = len(x_test)
    np.testing.assert_allclose(
        [each[1] for each in stack.test()],
        model.evaluate(x_test, y_test, batch_size=size, verbose=0),
        rtol=2e-5,
    )


@pytest.mark.parametrize("name", ["batch before", "layer after", "skip every", "batch and skip"])
def test_gradients_of_a_probe_against_keras(name):
    spec = cell(activation="tanh", depth=DEPTH, remedy=REMEDIES[name])
    stack = Stack([Run(cell=spec, seed=seed) for seed in range(2)])
    sample = spec.task.sample(stream(spec, 0, "sample"))
    model, dense, _ = keras_twin(spec, stack.flat()[0], stack.network)
    with tf.GradientTape() as tape:
        output = model(sample.x_train, training=True)
        loss = keras.ops.mean(keras.losses.binary_crossentropy(sample.y_train, output))
    expected = [np.sqrt(np.mean(g**2)) for g in tape.gradient(loss, [d.kernel for d in dense])]
    np.testing.assert_allclose(stack.probe().columns["g_rms"][0], expected, rtol=1e-4)


def tables(remedy, seeds, **fields):
    cells = [
        cell(initializer=(GLOROT, HE)[seed % 2], depth=DEPTH, epochs=3, remedy=remedy, **fields)
        for seed in seeds
    ]
    runs = [Run(cell=each, seed=seed) for each, seed in zip(cells, seeds, strict=True)]
    return train(runs, Log(probe_epochs=(0, 3), test_every=1))


def plain(table):
    """The table as a frame, labels as text."""
    frame = table.to_pandas()
    return frame.astype(dict.fromkeys(frame.select_dtypes("category"), str))


@pytest.mark.parametrize("name", REMEDIES)
def test_a_run_has_the_same_bits_alone_and_in_any_stack(name):
    together, alone = tables(REMEDIES[name], range(7)), tables(REMEDIES[name], [3])
    for both, one in ((together.probes, alone.probes), (together.curves, alone.curves)):
        rows = plain(both).query("seed == 3").reset_index(drop=True)
        assert rows.equals(plain(one))


def test_a_multiplier_of_one_gives_the_bits_of_the_untouched_gradient():
    ones = Remedy(rescaling=Rescaling(kind="given", multipliers=(1,) * (DEPTH + 1)))
    final = []
    for remedy in (ones, REMEDIES["none"]):
        spec = cell(depth=DEPTH, remedy=remedy, streams="shared")
        stack = Stack([Run(cell=spec, seed=seed) for seed in range(3)])
        stack.advance(3)
        final.append(stack.flat())
    assert final[0].tobytes() == final[1].tobytes()


def test_frozen_layers_keep_their_parameters_and_others_move():
    spec = cell(depth=DEPTH, remedy=REMEDIES["frozen"])
    stack = Stack([Run(cell=spec, seed=0)])
    before = stack.flat()[0]
    stack.advance(2)
    moved = [not np.array_equal(stack.flat()[0][s], before[s]) for s in stack.network.spans]
    assert moved == [False, False, True, True, True]


def test_a_gradient_too_small_for_float32_is_rescaled():
    """Sigmoids at depth 40 lose more than 1e-45, the smallest number of float32."""
    spec = cell(activation="sigmoid", depth=60, remedy=REMEDIES["equal"])
    stack = Stack([Run(cell=spec, seed=0)])
    assert stack.probe().columns["g_rms"][0, 0] < 1e-38
    before = stack.flat()[0]
    stack.advance(1)
    first = stack.network.spans[0]
    assert np.abs(stack.flat()[0][first] - before[first]).max() > 1e-6


def test_no_remedy_leaves_the_plain_network():
    assert Remedy() == NO_REMEDY
    assert cell().digest == cell(remedy=NO_REMEDY).digest != cell(remedy=REMEDIES["frozen"]).digest
