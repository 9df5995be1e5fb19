"""The callback for users' models: it never changes training, and measures what the engine,
differences and the tape measure."""

import random
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import tensorflow as tf
from keras import layers
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from nets import keras_model, measured_before_training, named, runs
from vgstudy.analysis.decay import decay_rows
from vgstudy.engine.train import Stack
from vgstudy.errors import UserError
from vgstudy.probe import GradientProbe
from vgstudy.probe.arguments import ProbeSet
from vgstudy.probe.passes import Measurer
from vgstudy.schema import TABLES
from vgstudy.seeds import stream
from vgstudy.store.parquet import read_footer, read_table

RNG = np.random.default_rng(11)
X = RNG.normal(size=(24, 8)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
IMAGES = RNG.normal(size=(24, 8, 8, 2)).astype("float32")
WORDS = RNG.integers(0, 9, (24, 6))


@keras.saving.register_keras_serializable("tests")
class Noise(layers.Layer):
    """Draws from every global generator there is, as no layer should."""

    def call(self, x):
        return (
            x
            + tf.random.normal(tf.shape(x), stddev=0.1, dtype=x.dtype)
            + np.random.normal()  # noqa: NPY002
            + random.random()
        )


class Own(keras.Model):
    """Subclassed, with a branch, a nested model, a weight of its own and a loss of its own."""

    def __init__(self):
        super().__init__()
        self.first = layers.Dense(5, activation="tanh")
        self.inner = keras.Sequential(
            [layers.Dense(5, activation="relu"), layers.Dropout(0.3), layers.Dense(5)]
        )
        self.w = self.add_weight(shape=(5, 5), initializer="he_normal", name="kernel")
        self.last = layers.Dense(1, activation="sigmoid")

    def call(self, x):
        h = self.first(x)
        self.add_loss(0.01 * tf.reduce_mean(h**2))
        return self.last(tf.nn.relu((h + self.inner(h)) @ self.w))


def dense():
    inside = [
        layers.Dense(5, activation="tanh"),
        layers.Dropout(0.2),
        layers.Dense(5),
        layers.BatchNormalization(),
        layers.ReLU(),
    ]
    return keras.Sequential(
        [
            keras.Input((8,)),
            layers.GaussianNoise(0.1),
            *inside,
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def conv():
    x = inputs = keras.Input((8, 8, 2))
    for _ in range(2):
        x = layers.Conv2D(4, 3, padding="same", kernel_regularizer="l2", activity_regularizer="l1")(
            x
        )
        x = layers.SpatialDropout2D(0.2)(layers.LeakyReLU()(layers.BatchNormalization()(x)))
    return keras.Model(
        inputs, layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling2D()(x))
    )


def recurrent():
    inside = [
        layers.GRU(3, return_sequences=True, recurrent_dropout=0.2),
        layers.TimeDistributed(layers.Dense(3)),
        layers.Flatten(),
    ]
    return keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(9, 4),
            *inside,
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def compiled():
    inside = [layers.Dense(5, activation="relu"), layers.Dropout(0.2)]
    return keras.Sequential([keras.Input((8,)), *inside, layers.Dense(1, activation="sigmoid")])


def attention():
    x = inputs = keras.Input((6,), dtype="int32")
    x = layers.Embedding(9, 4)(x)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 2, dropout=0.1)(x, x))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Flatten()(x)))


def half():
    wide = [layers.Dense(5, activation="relu", dtype="mixed_float16") for _ in range(3)]
    last = layers.Dense(1, activation="sigmoid", dtype="float32")
    return keras.Sequential([keras.Input((8,)), *wide, Noise(dtype="mixed_float16"), last])


def noisy():
    return keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(5, activation="relu"),
            Noise(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def squared(y_true, y_pred):
    return keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


MODELS = {
    "dense with dropout, noise and batch norm": (dense, X, {}),
    "compiled by XLA": (compiled, X, {"jit_compile": True}),
    "convolutional, functional": (conv, IMAGES, {}),
    "recurrent": (recurrent, WORDS, {}),
    "attention": (attention, WORDS, {}),
    "subclassed, own loss": (Own, X, {"loss": squared}),
    "mixed precision, global generators": (half, X, {"optimizer": "sgd"}),
    "step by step, global generators": (noisy, X, {"run_eagerly": True}),
}


def trained(build, x, options, callbacks=(), epochs=2):
    keras.utils.set_random_seed(7)
    model = build()
    settings = {
        "optimizer": "adam",
        "loss": "binary_crossentropy",
        "metrics": ["accuracy"],
        "jit_compile": False,
    } | options
    model.compile(**settings)
    weights = np.linspace(0.5, 1.5, len(x))
    history = model.fit(
        x,
        Y,
        sample_weight=weights,
        epochs=epochs,
        batch_size=12,
        verbose=0,
        callbacks=list(callbacks),
    )
    return model, history.history


def probe(x=X, y=Y, **options):
    return GradientProbe(x, y, **({"log": None} | options))


def measured(model, x=X):
    """A probe that has measured a model before training."""
    model.compile("sgd", "binary_crossentropy")
    return measured_before_training(model, probe(x))


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.slow) if kind in ("recurrent", "attention") else kind
        for kind in MODELS
    ],
)
def test_training_is_bit_for_bit_the_same_with_and_without_the_probe(kind):
    build, x, options = MODELS[kind]
    callback = probe(x, sample_weight=np.ones(len(x)))
    plain, without = trained(build, x, options)
    watched, with_it = trained(build, x, options, [callback])
    assert without == with_it
    variables = [(*model.variables, *model.optimizer.variables) for model in (plain, watched)]
    assert all(
        np.array_equal(one.numpy(), other.numpy()) for one, other in zip(*variables, strict=True)
    )
    table = callback.table()
    assert table.column_names == list(TABLES["probes"].columns)
    assert set(table["epoch"].to_pylist()) == {0, 1, 2}
    assert all(g > 0 for g in table["g_rms"].to_pylist())
    assert len(table) == 3 * len(callback.layers())


def test_several_inputs_and_outputs_and_a_data_set() -> None:
    x = {"a": X[:, :4], "b": X[:, 4:]}
    y = {"p": Y, "q": RNG.integers(0, 3, len(X))}

    def fitted(callbacks):
        keras.utils.set_random_seed(1)
        a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
        h = layers.Dropout(0.3)(layers.Dense(5, activation="relu")(layers.Concatenate()([a, b])))
        p, q = (
            layers.Dense(1, activation="sigmoid", name="p")(h),
            layers.Dense(3, activation="softmax", name="q")(h),
        )
        model = keras.Model({"a": a, "b": b}, {"p": p, "q": q})
        model.compile(
            "adam",
            {"p": "binary_crossentropy", "q": "sparse_categorical_crossentropy"},
            metrics={"q": "accuracy"},
        )
        rows = tf.data.Dataset.from_tensor_slices((x, y)).batch(8).repeat()
        history = model.fit(
            rows, steps_per_epoch=3, epochs=2, verbose=0, shuffle=False, callbacks=callbacks
        )
        return model.get_weights(), history.history

    callback = probe(x, y)
    (plain, without), (watched, with_it) = fitted([]), fitted([callback])
    assert without == with_it
    assert all(np.array_equal(*pair) for pair in zip(plain, watched, strict=True))
    rows = callback.table().to_pylist()
    assert [row["kind"] for row in rows[:3]] == ["input", "output", "output"]
    assert [row["step"] for row in rows[::3]] == [0, 3, 6]


@pytest.mark.parametrize(
    "activation",
    ["tanh", "relu", "sigmoid", named("leaky_relu", negative_slope=0.01)],
    ids=lambda a: getattr(a, "class_name", a),
)
def test_a_sequential_net_against_engine(activation, tmp_path):
    spec = runs(1, depth=4, activation=activation)[0]
    stack = Stack([spec])
    model = keras_model(spec.cell, stack, 0, "float32")
    drawn = spec.cell.task.sample(stream(spec.cell, spec.seed, "sample"))
    x, y = drawn.x_train, drawn.y_train
    rows = measured_before_training(model, probe(x, y, tensorboard=tmp_path)).table()
    assert rows["kind"].to_pylist() == ["input", "square", "square", "square", "output"]
    assert (
        list(zip(rows["fan_out"].to_pylist(), rows["fan_in"].to_pylist(), strict=True))
        == stack.network.kernel_shapes
    )
    columns = stack.probe(quantiles=True).columns
    for name in columns.keys() & set(rows.column_names) - {
        "update_rms",
        "zero_cause",
        "zero_cause_float32",
    }:
        mine = np.array(rows[name].to_pylist(), float)
        np.testing.assert_allclose(mine, columns[name][0], rtol=1e-6, atol=1e-12, err_msg=name)
    assert set(rows["zero_cause"].to_pylist()) == {"none"}
    assert np.isfinite(decay_rows(rows)["d_delta"].to_pylist()[0])


def double(build, x):
    keras.utils.set_random_seed(3)
    keras.config.set_dtype_policy("float64")
    keras.config.set_floatx("float64")
    try:
        model = build()
        model.compile("sgd", "binary_crossentropy")
        model.evaluate(x, Y, verbose=0)
    finally:
        keras.config.set_dtype_policy("float32")
        keras.config.set_floatx("float32")
    measurer = Measurer(
        model,
        ProbeSet(tf.constant(x), tf.constant(Y), tf.constant(np.linspace(0, 1, len(x))), len(x)),
        "float64",
        False,
    )
    return model, measurer


@pytest.mark.parametrize(
    "kind", ["convolutional, functional", "recurrent", "attention", "subclassed, own loss"]
)
def test_gradients_against_finite_differences(kind):
    build, x, _ = MODELS[kind]
    _, measurer = double(build, x)
    found = measurer.measure()
    for kernel, g in zip([layer.kernel for layer in measurer.layers], found.g, strict=True):
        entry = np.unravel_index(np.abs(g).argmax(), g.shape)
        before, losses = kernel.variable.numpy(), []
        for step in (1e-6, -1e-6):
            moved = before.copy()
            moved[entry] += step
            kernel.variable.assign(moved)
            losses.append(measurer.measure().loss)
        kernel.variable.assign(before)
        assert g[entry] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5, abs=1e-9), (
            kernel.name
        )


@pytest.mark.parametrize(
    "kind", ["dense with dropout, noise and batch norm", "convolutional, functional", "attention"]
)
def test_delta_adds_up_to_the_gradient_of_the_bias_against_the_tape(kind):
    build, x, _ = MODELS[kind]
    model, measurer = double(build, x)
    found = measurer.measure()
    weight = measurer.probe.sample_weight
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, tf.constant(Y), model(x, training=False), weight)
    biases = [
        (place, layer.kernel.site.bias)
        for place, layer in enumerate(measurer.layers)
        if getattr(layer.kernel.site, "bias", None) is not None
    ]
    for (place, bias), g in zip(
        biases, tape.gradient(loss, [bias.value for _, bias in biases]), strict=True
    ):
        (delta,) = found.delta[place]
        missing = delta.ndim - len(bias.shape)
        np.testing.assert_allclose(delta.sum(axis=tuple(range(missing))), g, rtol=1e-9, atol=1e-15)
    assert len(biases) > 1


def test_kernels_are_numbered_as_the_forward_pass_meets_them_by_hand():
    last, first = layers.Dense(1, activation="sigmoid", name="last"), layers.Dense(5, name="first")

    class Crossed(keras.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.frozen = last, first, layers.Dense(5, trainable=False)

        def call(self, x):
            return self.a(self.frozen(self.b(x)))

    callback = measured(Crossed())
    assert [name.split("/")[-2] for name in callback.layers()] == ["first", "last"]
    assert callback.table()["kind"].to_pylist() == ["input", "output"]


class Unnamed(layers.Layer):
    """A layer whose weights Keras names, and numbers, itself."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], shape[-1]), initializer="glorot_uniform")

    def call(self, x):
        return keras.ops.tanh(x @ self.kernel)


def test_kernels_that_keras_numbers_are_of_equal_role_by_hand():
    model = keras.Sequential(
        [keras.Input((8,)), *(Unnamed() for _ in range(5)), layers.Dense(1, activation="sigmoid")]
    )
    kinds = measured(model).table()["kind"].to_pylist()
    assert kinds == ["input", *["square"] * 4, "output"]


def test_what_a_loop_hides_is_null_and_shapes_make_groups_by_hand():
    model = keras.Sequential(
        [keras.Input((6, 2)), layers.LSTM(4), layers.Dense(1, activation="sigmoid")]
    )
    callback = measured(model, RNG.normal(size=(24, 6, 2)))
    rows = {
        name.split("/", 1)[-1]: row
        for name, row in zip(callback.layers(), callback.table().to_pylist(), strict=True)
    }
    assert rows["lstm_cell/kernel"]["delta_rms"] is None
    assert rows["lstm_cell/kernel"]["h_rms"] > 0
    assert [row["kind"] for row in rows.values()] == ["input", "square", "output"]
    assert [(row["fan_in"], row["fan_out"]) for row in rows.values()] == [(2, 16), (4, 16), (4, 1)]


def test_a_dead_filter_and_a_dead_layer_by_hand():
    def build(bias):
        return keras.Sequential(
            [
                keras.Input((8, 8, 2)),
                layers.Conv2D(
                    4, 3, activation="relu", bias_initializer=keras.initializers.Constant(bias)
                ),
                layers.Flatten(),
                layers.Dense(1, activation="sigmoid"),
            ]
        )

    row = measured(build(-1e6), IMAGES).table().to_pylist()[0]
    assert (row["h_dead"], row["zero_cause"], row["g_zero"], row["h_saturated"]) == (
        1.0,
        "dead",
        1.0,
        1.0,
    )
    model = build(0.0)
    model.layers[0].bias.assign([0, -1e6, 0, 0])
    row = measured(model, IMAGES).table().to_pylist()[0]
    assert (row["h_dead"], row["zero_cause"], row["g_zero"]) == (0.25, "none", 0.25)


def test_epochs_go_on_over_several_fits_and_the_last_is_measured():
    callback = probe(every=4)
    model, _ = trained(compiled, X, {}, [callback], epochs=5)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback])
    assert sorted(callback.losses) == [0, 4, 5, 8]
    model.fit(X, Y, initial_epoch=8, epochs=9, verbose=0, callbacks=[callback])
    assert sorted(callback.losses) == [0, 4, 5, 8, 9]


def test_the_file_is_a_probes_table_with_names_in_its_footer(tmp_path: Path):
    callback = probe(log=tmp_path / "new/run.parquet", name="mine", seed=4)
    trained(compiled, X, {}, [callback])
    table, footer = (
        read_table("probes", tmp_path / "new/run.parquet"),
        read_footer(tmp_path / "new/run.parquet"),
    )
    assert table == callback.table()
    assert set(table["cell"].to_pylist()) == {"mine"}
    assert set(table["seed"].to_pylist()) == {4}
    assert table["delta_rms"].null_count == 0
    assert footer["layers"] == callback.layers()
    assert footer["probe_loss"].keys() == {"0", "1", "2"}


def test_tensorboard_shows_what_the_table_says(tmp_path: Path):
    callback = probe(tensorboard=tmp_path, name="mine", seed=2)
    trained(compiled, X, {}, [callback])
    (file,) = (tmp_path / "mine/seed-2").iterdir()
    events = EventAccumulator(str(file), size_guidance={"tensors": 0})
    events.Reload()
    rows = callback.table().to_pylist()
    name = f"01 {callback.layers()[0].replace('/', '.')}"
    found = {
        each.step: float(make_ndarray(each.tensor_proto))
        for each in events.Tensors(f"g_rms/{name}")
    }
    assert found == {row["epoch"]: row["g_rms"] for row in rows if row["layer"] == 1}
    histogram = make_ndarray(events.Tensors(f"gradients/{name}")[0].tensor_proto)
    assert (histogram[0, 0], histogram[-1, 1]) == (
        rows[0]["g_quantiles"][0],
        rows[0]["g_quantiles"][-1],
    )
    assert histogram[:, 2].sum() == pytest.approx(40)


def unused():
    inputs = keras.Input((8,))
    blocked = layers.Dense(3, name="blocked")(inputs)
    flat = layers.Lambda(lambda h: tf.stop_gradient(h))(blocked)
    return keras.Model(
        inputs, layers.Dense(1, activation="sigmoid")(layers.Concatenate()([inputs, flat]))
    )


def cut_off():
    stop = layers.Lambda(tf.stop_gradient)
    return keras.Sequential([keras.Input((8,)), layers.Dense(1), stop, layers.Flatten()])


class NoCall(keras.Model):
    """Subclassed, with a step of its own instead of a call, such as autoencoders in tutorials."""

    def train_step(self, data):
        return {"loss": 0.0}


class OwnStep(keras.Model):
    """Subclassed, with a loss that only its own step knows."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(5)

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        return {"loss": 0.0}


def only_normalised():
    return keras.Sequential([keras.Input((8,)), layers.BatchNormalization()])


def seven(y):
    keras.utils.set_random_seed(7)
    model = keras.Sequential([keras.Input((8,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(X, np.zeros(len(X)), verbose=0, callbacks=[probe(X, y)])


class Reshaping(keras.Model):
    """Subclassed, with a mistake of its author."""

    def __init__(self, error=None):
        super().__init__()
        self.dense, self.error = layers.Dense(5), error

    def call(self, x):
        if self.error:
            raise self.error
        return keras.ops.reshape(self.dense(x), (-1, 7, 3))


REFUSED = {
    "rows": (lambda: probe(X, Y[:3]), "probe set: every array must have the same number of rows"),
    "no array": (
        lambda: probe([["a"], [1]], Y),
        r"x must be an array, .* use np.asarray\(x\); this is a list of single",
    ),
    "a file's name": (
        lambda: probe("data.csv", Y),
        r"x must be an array, .*; this is str 'data.csv'",
    ),
    "no examples": (lambda: probe([], Y), r"x must be an array, .*; this is list \[\]"),
    "text as targets": (lambda: probe(X, np.array(["a"] * 24)), "y holds text; use numbers"),
    "weights of nothing": (
        lambda: probe(sample_weight=np.zeros(24)),
        "sample_weight must be numbers, not all 0",
    ),
    "inputs": (
        lambda: trained(dense, X, {}, [probe(X[:, :3])]),
        r"cannot be run on the probe set, x \(24, 3\) and y \(24, 1\): .* \(None, 3\)|incompatible",
    ),
    "targets": (
        lambda: trained(dense, X, {}, [probe(X, np.ones((24, 3)))]),
        r"cannot be run on .*, x \(24, 8\) and y \(24, 3\)",
    ),
    "not finite": (
        lambda: trained(compiled, X, {}, [probe(X * np.nan)]),
        "holds numbers that are not finite .* fix these examples",
    ),
    "label out of range": (
        lambda: seven(np.full(24, 7)),
        r"y \(24,\): Received a label value of 7 which is outside",
    ),
    "reshaped": (
        lambda: trained(Reshaping, X, {"loss": "mse"}, [probe()]),
        "Dimension size must be evenly divisible by 21",
    ),
    "the layer's own words": (
        lambda: trained(lambda: Reshaping(RuntimeError("my own message")), X, {}, [probe()]),
        "y \\(24, 1\\): my own message; use",
    ),
    "model's name": (
        lambda: trained(lambda: keras.Sequential(compiled().layers, name=".."), X, {}, [probe()]),
        "the model's name '..' cannot name a folder; set name=, up to 100",
    ),
    "no gradient": (
        lambda: trained(cut_off, X, {}, [probe()]),
        r"does not reach dense\w*/kernel: .* repair the model",
    ),
    "a Dataset": (
        lambda: probe(tf.data.Dataset.from_tensor_slices(X).batch(4)),
        r"x is a Dataset: first take a batch, x, y = next\(iter\(dataset.unbatch\(\).batch\(128\)",
    ),
    "a generator": (lambda: probe(x for x in X), r"x, y = next\(generator\)"),
    "a sparse tensor": (lambda: probe(tf.sparse.from_dense(X)), r"use tf.sparse.to_dense\(x\)"),
    "a sparse matrix": (lambda: probe(scipy.sparse.csr_matrix(X)), r"use x.toarray\(\)"),
    "a nullable frame": (
        lambda: probe(pd.DataFrame({"a": ["b", None] * 12})),
        r"use x.to_numpy\('float32', na_value=np.nan\)",
    ),
    "no call": (
        lambda: trained(NoCall, X, {"loss": None, "metrics": None}, [probe()]),
        r"give the model a call\(\) that does the forward pass",
    ),
    "no loss": (
        lambda: trained(OwnStep, X, {"loss": None, "metrics": None}, [probe()]),
        "compile the model with the loss that its train_step minimises",
    ),
    "no kernel": (
        lambda: trained(only_normalised, X, {"loss": "mse"}, [probe()]),
        "no trainable weight of two or more axes",
    ),
}


@pytest.mark.filterwarnings("ignore:.*unbuilt state:UserWarning")
@pytest.mark.filterwarnings("ignore:.build\\(\\). was called:UserWarning")
@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_one_clear_line(case):
    attempt, message = REFUSED[case]
    with pytest.raises(UserError, match=message) as caught:
        attempt()
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_numbers_that_are_not_finite_are_allowed_where_the_loss_is():
    known = layers.Lambda(lambda x: tf.where(tf.math.is_finite(x), x, tf.zeros_like(x)))
    model = keras.Sequential([keras.Input((8,)), known, layers.Dense(1, activation="sigmoid")])
    x = X.copy()
    x[0, 0] = np.nan
    assert np.isfinite(measured(model, x).losses[0])


def test_a_diverged_model_has_no_shares_of_flat_and_dead_units():
    hidden = [layers.Dense(4, activation="relu") for _ in range(2)]
    model = keras.Sequential([keras.Input((8,)), *hidden, layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e30), "mse", run_eagerly=True)
    callback = probe()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[callback])
    rows = [row for row in callback.table().to_pylist() if row["kind"] != "output"]
    lost = [row["h_rms"] is None or not np.isfinite(row["h_rms"]) for row in rows]
    assert any(lost)
    assert not all(lost)
    for name in ("h_saturated", "h_dead"):
        assert [row[name] is None for row in rows] == lost


def test_event_files_that_cannot_be_written_are_one_clear_line(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written: not a directory"):
        trained(compiled, X, {}, [probe(tensorboard=tmp_path / "file/logs")])


def test_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(UserError, match=r"Keras runs on 'jax', .* KERAS_BACKEND=tensorflow"):
        probe()


def test_a_model_without_a_loss_is_refused():
    callback = probe()
    callback.set_model(keras.Sequential([layers.Dense(3)]))
    with pytest.raises(UserError, match=r"has no loss; call model.compile"):
        callback.on_train_begin()
