"""Remedies in the stacked engine against Keras, by hand and against itself."""

import itertools

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
    "random": Remedy(rescaling=Rescaling(kind="equal"), randomized=2),
    "unit variance": Remedy(unit_variance=True),
}
LAYERWISE = Remedy(layerwise=2)
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


def splitmix64(counter):
    """Steele, Lea & Flood 2014, in Python's whole numbers, as a number from -1 to 1."""
    size = 2**64
    z = counter * 0x9E3779B97F4A7C15 % size
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % size
    z = (z ^ z >> 27) * 0x94D049BB133111EB % size
    return ((z ^ z >> 31) >> 11) / 2**52 - 1


def random_directions(run, network):
    """Yield at every step what layers get for a gradient: (kernel, bias, ...) as Keras has them."""
    (key,) = stream(run.cell, run.seed, "directions").generate_state(1, np.uint64).tolist()
    step, length = 0, network.row_length
    # The key is added after the counter's product.
    inverse = pow(0x9E3779B97F4A7C15, -1, 2**64)
    while True:
        step += 1
        row = np.array([splitmix64(key * inverse + step * length + i) for i in range(length)])
        parts = []
        for span, (out, into) in zip(network.spans, network.kernel_shapes, strict=True):
            both = row[span].reshape(out, into + 1)
            parts += [both[:, :-1].T, both[:, -1]]
        yield parts


def randomized(multiply, count, directions):
    """Return a function of gradients whose first layers become random, of the same RMS."""

    def changed(gradients):
        gradients, noise = multiply(gradients), next(directions)
        for layer in range(count):
            kernel = 2 * layer
            factor = np.sqrt(np.mean(gradients[kernel] ** 2) / np.mean(noise[kernel] ** 2))
            gradients[kernel : kernel + 2] = [factor * n for n in noise[kernel : kernel + 2]]
        return gradients

    return changed


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
    if spec.remedy.randomized:
        directions = random_directions(runs[1], stack.network)
        model.multiply = randomized(model.multiply, spec.remedy.randomized, directions)
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


def test_layer_by_layer_in_float64_against_keras(float64):
    """Tutorial D's D6: the first layers and an output layer; more layers, those before frozen; all
    of them; the output layer new each time."""
    spec = cell(depth=5, epochs=4, optimizer=ADAM, remedy=LAYERWISE)
    runs = [Run(cell=spec, seed=seed) for seed in range(2)]
    stack = Stack(runs, dtype=float64)
    sample = spec.task.sample(stream(spec, 1, "sample"))
    x, y = sample.x_train.astype(float64), sample.y_train.astype(float64)
    orders = epoch_orders(runs[1], 4)
    plain = cell(depth=5)
    _, dense, _ = keras_twin(plain, stack.flat()[1], stack.network)
    outputs = []
    for last, (used, frozen) in zip((1, 2, 4), ((2, 0), (4, 2), (5, 0)), strict=True):
        stack._begin_stage()
        outputs.append(stack.flat()[1][stack.network.spans[-1]])
        dense[-1].set_weights([outputs[-1][:-1, None], outputs[-1][-1:]])
        model = keras.Sequential([keras.Input((2,))])
        for number, layer in enumerate(dense[:used]):
            layer.trainable = number >= frozen
            model.add(layer)
            model.add(keras.layers.Activation("tanh"))
        model.add(dense[-1])
        optimizer = keras.optimizers.Adam()
        model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
        model.run_eagerly = True
        while stack._epoch < last:
            order = orders[stack._epoch]
            loss, _ = stack.advance(1)
            history = model.fit(x[order], y[order], batch_size=16, shuffle=False, verbose=0)
            np.testing.assert_allclose(loss[1, 0], history.history["loss"][0], rtol=1e-5)
        x_test, y_test = sample.x_test.astype(float64), sample.y_test.astype(float64)
        np.testing.assert_allclose(
            [each[1] for each in stack.test()],
            model.evaluate(x_test, y_test, batch_size=len(x_test), verbose=0),
            rtol=2e-5,
        )
    expected = twin_flat(stack.network, dense, [], len(stack.flat()[1]))
    np.testing.assert_allclose(stack.flat()[1], expected, rtol=0, atol=1e-9)
    assert not any(np.allclose(a, b) for a, b in itertools.combinations(outputs, 2))


def test_stages_of_training_by_hand():
    assert LAYERWISE.stages(7) == [(2, 0), (4, 2), (6, 4), (7, 0)]
    assert LAYERWISE.stages(8) == [(2, 0), (4, 2), (6, 4), (8, 0)]
    assert LAYERWISE.stages(1) == [(1, 0)]
    assert Remedy(frozen=3).stages(7) == [(7, 3)]


def test_every_layer_has_unit_variance_on_the_first_mini_batch_by_keras():
    spec = cell(activation="relu", depth=DEPTH, width=32, remedy=REMEDIES["unit variance"])
    runs = [Run(cell=spec, seed=seed) for seed in range(2)]
    stack = Stack(runs)
    sample = spec.task.sample(stream(spec, 1, "sample"))
    model, dense, _ = keras_twin(spec, stack.flat()[1], stack.network)
    products = keras.Model(model.inputs, [layer.output for layer in dense[:-1]])
    batch = sample.x_train[epoch_orders(runs[1], 1)[0][:16]]
    np.testing.assert_allclose([np.var(z) for z in products([batch])], 1, rtol=1e-4)
    fields = {"depth": DEPTH, "width": 32, "streams": "shared"}
    as_drawn, scaled = (
        Stack([Run(cell=cell(remedy=remedy, **fields), seed=0)])
        for remedy in (NO_REMEDY, spec.remedy)
    )
    for layer in scaled.network.spans:
        first, second = scaled.flat()[0][layer][:2] / as_drawn.flat()[0][layer][:2]
        assert first == pytest.approx(second, rel=1e-5)


@pytest.mark.parametrize(
    ("remedy", "moves_all", "key"),
    [
        (Remedy(frozen=1), True, "frozen"),
        (LAYERWISE, True, "layerwise"),
        (Remedy(layerwise=1, frozen=1), False, "layerwise"),
        (Remedy(layerwise=1), False, "layerwise"),
        (Remedy(frozen=1, normalization=Normalization(kind="batch")), False, "frozen"),
        (Remedy(unit_variance=True, normalization=Normalization(kind="layer")), False,
         "unit_variance"),
        (Remedy(randomized=5), False, "randomized"),
        (Remedy(skip=Skip(pairs=((1, 5),))), False, "skip.pairs"),
    ],
)  # fmt: skip
def test_combinations_without_sense_are_refused(remedy, moves_all, key):
    found = dict(remedy.problems(depth=DEPTH, epochs=2, moves_all=moves_all))
    assert set(found) == {key}


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
    fields = {"depth": DEPTH, "epochs": 3, "remedy": remedy, **fields}
    levels = [("tanh", GLOROT), ("relu", HE)]
    cells = [
        cell(activation=activation, initializer=initializer, **fields)
        for activation, initializer in (levels[seed % 2] for seed in seeds)
    ]
    runs = [Run(cell=each, seed=seed) for each, seed in zip(cells, seeds, strict=True)]
    return train(runs, Log(probe_epochs=(0, 3), test_every=1))


def plain(table):
    """The table as a frame, labels as text."""
    frame = table.to_pandas()
    return frame.astype(dict.fromkeys(frame.select_dtypes("category"), str))


@pytest.mark.parametrize("name", [*REMEDIES, "layerwise"])
def test_a_run_has_the_same_bits_in_small_and_large_stacks(name):
    remedy = REMEDIES.get(name, LAYERWISE)
    shape = {"width": 10, "batch_size": 32}
    together, alone = tables(remedy, range(17), **shape), tables(remedy, [4, 3], **shape)
    for both, one in ((together.probes, alone.probes), (together.curves, alone.curves)):
        rows, expected = (plain(each).query("seed == 3") for each in (both, one))
        assert rows.reset_index(drop=True).equals(expected.reset_index(drop=True))


@pytest.mark.parametrize("width", [10, 50])
def test_what_xla_compiles_has_the_same_bits_in_stacks_of_any_size_and_mixture(width):
    """In float64: before rounding to float32, which would hide most differences."""

    def trained(seeds):
        fields = {"depth": DEPTH, "width": width, "batch_size": 32, "remedy": REMEDIES["equal"]}
        activations = ("tanh", "relu")
        runs = [Run(cell=cell(activation=activations[s % 2], **fields), seed=s) for s in seeds]
        stack = Stack(runs, dtype="float64")
        stack.advance(1)
        return {s: row.tobytes() for s, row in zip(seeds, stack.flat(), strict=True)}

    whole = trained(range(33))
    for part in ([3], [4, 3], range(20, 3, -1)):
        assert all(whole[seed] == row for seed, row in trained(part).items())


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
