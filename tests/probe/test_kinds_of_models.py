"""Kinds of models and of training that users have: measured, or refused in one line."""

import copy
import os
import pickle
import shutil
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from vgstudy.errors import UserError
from vgstudy.probe import GradientProbe
from vgstudy.store.parquet import read_footer, read_table

RNG = np.random.default_rng(5)
X = RNG.normal(size=(24, 8)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def chain(*inner, shape=(8,)):
    return keras.Sequential([keras.Input(shape), *inner])


def small():
    return chain(layers.Dense(6, activation="tanh"), layers.Dense(1))


def fit(model, probe, epochs=2, x=X, y=Y, optimizer="sgd", callbacks=(), **options):
    model.compile(optimizer, **{"loss": "mse", "jit_compile": False} | options)
    model.fit(x, y, epochs=epochs, batch_size=12, verbose=0, callbacks=[*callbacks, probe])
    return probe


def probe_of(x=X, y=Y, **options):
    return GradientProbe(x, y, **{"log": None} | options)


def tape_gradients(model):
    with tf.GradientTape() as tape:
        loss = model.compute_loss(X, tf.constant(Y), model(X, training=True))
    kernels = [weight for weight in model.trainable_variables if len(weight.shape) > 1]
    return [g.numpy() for g in tape.gradient(loss, [kernel.value for kernel in kernels])]


def last_levels(probe):
    table = probe.table().to_pandas()
    return table.loc[table["epoch"] == table["epoch"].max(), "g_rms"].to_numpy()


def rms(array):
    return np.sqrt(np.mean(np.square(array, dtype="float64")))


class InFloat32(layers.Layer):
    """Casts its inputs itself."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 5), name="kernel")

    def call(self, x):
        return tf.matmul(tf.cast(x, tf.float32), self.kernel)


class InFloat64(InFloat32):
    """Casts its inputs to float64."""

    def call(self, x):
        return tf.matmul(tf.cast(x, tf.float64), self.kernel)


class Noise(layers.Layer):
    """Draws in Keras' default dtype."""

    def call(self, x):
        return x + keras.random.normal(keras.ops.shape(x))


def adapted():
    dense = layers.Dense(6, activation="tanh")
    model = chain(dense, layers.Dense(1))
    dense.enable_lora(2)
    return model


@pytest.mark.parametrize(
    ("build", "precision"),
    [
        (lambda: chain(InFloat32(), layers.Dense(1)), "float32"),
        (lambda: chain(InFloat64(dtype="float64"), layers.Dense(1)), "float64"),
    ],
    ids=["float32 only", "float64 only"],
)
def test_code_of_one_precision_is_measured_in_it_with_a_warning(build, precision):
    probe = probe_of()
    with pytest.warns(UserWarning, match=f"is measured in {precision} only"):
        fit(build(), probe)
    assert probe.log.footer()["precision"] == precision
    assert all(level > 0 for level in last_levels(probe))


def test_adapted_layers_against_the_tape():
    model = adapted()
    probe = fit(model, probe_of())
    assert len(probe.layers()) == 3
    assert sorted(last_levels(probe)) == pytest.approx(
        sorted(rms(g) for g in tape_gradients(model)), rel=3e-7
    )


def test_code_in_the_default_precision_follows_the_probe():
    probe = fit(chain(Noise(), layers.Dense(6), layers.Dense(1)), probe_of())
    assert probe.log.footer()["precision"] == "float64"
    assert keras.config.floatx() == "float32"


def test_a_model_in_float64_against_the_tape():
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        model = small()
        probe = fit(model, probe_of(X.astype("float64"), Y.astype("float64")))
        expected = [rms(g) for g in tape_gradients(model)]
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")
    np.testing.assert_allclose(last_levels(probe), expected, rtol=1e-9)
    assert probe.log.footer()["precision"] == "float64"


@pytest.mark.parametrize(
    "hidden",
    [
        lambda: [layers.Dense(6), layers.PReLU()],
        lambda: [layers.Dense(6, activation=layers.PReLU())],
        lambda: [layers.Dense(6), layers.PReLU(shared_axes=[1])],
        lambda: [layers.Dense(6, activation=lambda z: tf.nn.relu(z[:, ::-1]))],
        lambda: [layers.Dense(6, activation=lambda z: z * tf.nn.softmax(z, axis=1))],
    ],
    ids=["PReLU", "PReLU inside", "shared PReLU", "needs two axes", "mixes units"],
)
def test_activations_that_do_not_run_on_a_vector_against_the_tape(hidden):
    model = chain(*hidden(), layers.Dense(1))
    probe = fit(model, probe_of())
    np.testing.assert_allclose(last_levels(probe), [rms(g) for g in tape_gradients(model)], 3e-7)


def test_distributed_training_against_one_device():
    def build():
        keras.utils.set_random_seed(4)
        return small()

    with tf.distribute.MirroredStrategy(["/cpu:0"]).scope():
        model = build()
        model.compile("sgd", "mse", jit_compile=False)
    probe = probe_of()
    model.fit(X, Y, epochs=2, batch_size=12, verbose=0, shuffle=False, callbacks=[probe])
    np.testing.assert_allclose(last_levels(probe), [rms(g) for g in tape_gradients(model)], 3e-7)
    assert set(probe.table()["step"].to_pylist()) == {0, 2, 4}


@pytest.mark.parametrize("weights", [np.linspace(-1, 1, 24), np.where(X[:, 0] > 0, 1.0, 5.0)])
def test_weights_of_examples_against_the_tape(weights):
    model = small()
    probe = fit(model, probe_of(sample_weight=weights))
    with tf.GradientTape() as tape:
        loss = model.compute_loss(X, tf.constant(Y), model(X), tf.constant(weights, "float32"))
    g = tape.gradient(loss, [layer.kernel.value for layer in model.layers])
    np.testing.assert_allclose(last_levels(probe), [rms(each) for each in g], 3e-7)


def two_heads():
    inputs = keras.Input((8,))
    hidden = layers.Dense(5, activation="tanh")(inputs)
    return keras.Model(inputs, {name: layers.Dense(1, name=name)(hidden) for name in "ab"})


@pytest.mark.filterwarnings("ignore:Gradients do not exist:UserWarning")
def test_an_output_without_a_loss_has_empty_rows_and_one_warning(tmp_path):
    y = {"a": Y, "b": Y}
    probe = probe_of(X, y, log=tmp_path / "run.parquet")
    with pytest.warns(UserWarning, match="does not reach b/kernel: .* left empty") as warned:
        fit(two_heads(), probe, y=y, loss={"a": "mse", "b": None})
    ours = [each for each in warned if "GradientProbe" in str(each.message)]
    assert len(ours) == 1
    rows = read_table("probes", tmp_path / "run.parquet").to_pylist()
    empty = [name for name, row in zip(probe.layers(), rows, strict=False) if row["g_rms"] is None]
    assert empty == ["b/kernel"]
    assert probe.diagnose() == "healthy"


def test_a_frozen_base_and_then_all_of_it_are_two_logs(tmp_path):
    base = chain(layers.Dense(6, activation="tanh"), layers.Dense(6, activation="tanh"))
    base.trainable = False
    model = chain(base, layers.Dense(1))
    probe = probe_of(log=tmp_path / "run.parquet", name="tuned")
    fit(model, probe)
    assert len(probe.layers()) == 1
    base.trainable = True
    fit(model, probe)
    assert len(probe.layers()) == 3
    names = [read_footer(tmp_path / name)["cell"] for name in ("run.parquet", "run-2.parquet")]
    assert names == ["tuned", "tuned-2"]
    for name in ("run.parquet", "run-2.parquet"):
        epochs = read_table("probes", tmp_path / name)["epoch"].to_pylist()
        assert set(epochs) == {0, 1, 2}


def test_folds_with_a_model_each_are_logs_of_their_own(tmp_path):
    probe = probe_of(log=tmp_path / "run.parquet")
    for _ in range(3):
        fit(small(), probe)
        first = probe.table().to_pandas().query("epoch == 0")
        assert (first["w_l1_change"] == 0).all()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["run-2.parquet", "run-3.parquet", "run.parquet"]


def test_two_callbacks_that_write_one_file_keep_a_log_each(tmp_path, monkeypatch):
    monkeypatch.setattr("vgstudy.probe.log.CHEAP", np.inf)
    path, half = tmp_path / "run.parquet", slice(12)
    whole = probe_of(log=path)
    with pytest.warns(UserWarning, match="writes .*run.parquet too; this log is .*run-2.parquet"):
        fit(small(), probe_of(X[half], Y[half], log=path), callbacks=[whole])
    examples = [
        read_footer(tmp_path / name)["examples"] for name in ("run.parquet", "run-2.parquet")
    ]
    assert sorted(examples) == [12, 24]
    for name in ("run.parquet", "run-2.parquet"):
        assert set(read_table("probes", tmp_path / name)["epoch"].to_pylist()) == {0, 1, 2}


def test_a_model_compiled_again_goes_on_in_its_log():
    model, probe = small(), probe_of()
    fit(model, probe)
    fit(model, probe, optimizer="adam")
    assert sorted(probe.losses) == [0, 1, 2, 3, 4]


class WeightSum(keras.callbacks.Callback):
    """Records the L1 norm of the first kernel at the end of each epoch."""

    def on_epoch_end(self, epoch, logs=None):
        self.last = float(np.abs(self.model.get_weights()[0]).sum())


@pytest.mark.parametrize("every", [1, 10])
@pytest.mark.parametrize("first", [True, False])
def test_the_last_epoch_is_measured_before_weights_are_restored(every, first):
    model, probe, recorder = small(), probe_of(every=every), WeightSum()
    stop = keras.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    order = [recorder, stop, probe] if first else [recorder, probe, stop]
    model.compile(keras.optimizers.SGD(3.0), "mse", jit_compile=False)
    model.fit(X, Y, epochs=30, batch_size=12, verbose=0, callbacks=order)
    rows = probe.table().to_pandas().query("layer == 1")
    assert rows["w_l1"].iloc[-1] == pytest.approx(recorder.last)
    assert recorder.last != pytest.approx(float(np.abs(model.get_weights()[0]).sum()))


@pytest.mark.parametrize("every", [1, 10])
def test_the_last_epoch_is_measured_before_weights_are_averaged(every):
    model, probe, recorder = small(), probe_of(every=every), WeightSum()
    optimizer = keras.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.5)
    fit(model, probe, epochs=3, optimizer=optimizer, callbacks=[recorder])
    rows = probe.table().to_pandas().query("layer == 1")
    assert rows["w_l1"].iloc[-1] == pytest.approx(recorder.last)


class Interrupt(keras.callbacks.Callback):
    """Ctrl-C after some epochs."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 3:
            raise KeyboardInterrupt


@pytest.mark.parametrize("first", [True, False])
def test_a_log_is_complete_after_an_interrupt_and_goes_on(tmp_path, monkeypatch, first):
    # on a busy machine writing can take longer
    monkeypatch.setattr("vgstudy.probe.log.CHEAP", np.inf)
    model, path = small(), tmp_path / "run.parquet"
    probe = probe_of(log=path)
    model.compile("sgd", "mse", jit_compile=False)
    order = [probe, Interrupt()] if first else [Interrupt(), probe]
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=9, verbose=0, callbacks=order)
    assert set(read_table("probes", path)["epoch"].to_pylist()) == set(range(5 if first else 4))
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[probe])
    assert set(probe.losses) >= {0, 1, 2, 3, 4, 5}


SCRIPT = """
import sys, keras, numpy as np
from vgstudy.probe import GradientProbe
x = np.ones((24, 8)); y = np.ones((24, 1))
model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
tell = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, flush=True))
model.fit(x, y, epochs=10**6, verbose=0, callbacks=[GradientProbe(x, y), tell])
"""


@pytest.mark.slow
def test_a_script_that_is_interrupted_leaves_every_probe(tmp_path):
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        while int(process.stdout.readline()) < 20:
            pass
        process.send_signal(signal.SIGINT)
        printed = [int(line) for line in process.stdout.read().split()]
    epochs = set(read_table("probes", tmp_path / "run.parquet")["epoch"].to_pylist())
    assert epochs >= set(range(max(printed, default=20) + 1))


def test_the_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    fit(small(), probe_of(log="~/logs/run.parquet", tensorboard="~/events"))
    assert (tmp_path / "logs/run.parquet").exists()
    assert list((tmp_path / "events").rglob("*tfevents*"))


def test_a_folder_that_cannot_be_written_is_refused_before_training(tmp_path):
    (tmp_path / "file").touch()
    model = small()
    before = model.get_weights()
    with pytest.raises(Exception, match="cannot be written"):
        fit(model, probe_of(log=tmp_path / "file/run.parquet"))
    assert all(map(np.array_equal, before, model.get_weights()))


class Lose(keras.callbacks.Callback):
    """Puts a file where the log's folder was."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            shutil.rmtree(self.folder)
            self.folder.touch()


def test_a_folder_lost_in_training_costs_no_row_and_does_not_stop_it(tmp_path):
    folder = tmp_path / "logs"
    probe = probe_of(log=folder / "run.parquet", tensorboard=folder)
    with pytest.warns(UserWarning, match="cannot be written.*; training goes on") as warnings:
        fit(small(), probe, epochs=5, callbacks=[Lose(folder)])
    assert len([each for each in warnings if "training goes on" in str(each.message)]) == 1
    assert set(probe.table()["epoch"].to_pylist()) == set(range(6))


def test_a_log_shows_what_it_holds_in_one_line():
    probe = fit(small(), probe_of(name="small", seed=3))
    assert repr(probe.log) == "<ProbeLog 'small', seed 3, epochs 0 to 2, file None>"


def test_a_log_before_training_says_so_in_one_line():
    probe = probe_of()
    assert str(probe.log) == (
        "GradientProbe: nothing has been measured; pass it to model.fit first"
    )
    for use in (probe.table, probe.diagnose, probe.plot):
        with pytest.raises(UserError, match=r"pass it to model\.fit first"):
            use()


def test_models_of_one_callback_keep_their_names(tmp_path):
    probe = probe_of(log=tmp_path / "run.parquet")
    names = []
    for name in ("one", "two", "one"):
        fit(keras.Sequential(small().layers, name=name), probe)
        names.append(probe.log.name)
    assert names == ["one", "two", "one-3"]
    assert len(list(tmp_path.glob("*.parquet"))) == 3


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda probe: pickle.loads(pickle.dumps(probe))])
def test_a_probe_can_be_copied_after_training(copied):
    probe = fit(small(), probe_of())
    other = copied(probe)
    assert other.table() == probe.table()
    assert other.diagnose() == probe.diagnose()
    fit(small(), other)
    assert len(probe.losses) == 3


def test_levels_on_a_terminal_and_in_a_figure(capsys):
    probe = fit(small(), probe_of(), epochs=5)
    figure = probe.plot()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "█" in "".join(lines)
    levels = probe.table().to_pandas().query("layer == 1")["g_rms"]
    (axes,) = figure.axes
    assert axes.lines[0].get_ydata() == pytest.approx(levels.to_numpy())
    assert axes.get_yscale() == "log"


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_levels_that_are_not_finite_are_blank(capsys):
    model = small()
    model.set_weights([weight * np.nan for weight in model.get_weights()])
    fit(model, probe := probe_of(), epochs=1).plot()
    assert "█" not in capsys.readouterr().out
    assert probe.diagnose() == "exploding"


class Bottleneck(keras.Model):
    """A variational autoencoder: the first half of the code is its mean."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = layers.Dense(6), layers.Dense(8)

    def call(self, x):
        mean, spread = tf.split(self.encoder(x), 2, axis=1)
        self.add_loss(tf.reduce_mean(mean**2 + spread**2))
        return self.decoder(mean + spread)

    def train_step(self, data):
        x = data[0]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self(x) - x) ** 2) + sum(self.losses)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        return {"loss": loss}


def test_an_autoencoder_is_no_chain_of_dense_layers_for_which_the_study_speaks():
    probe = fit(Bottleneck(), probe_of(X, X), y=X)
    assert not probe.log.footer()["is_plain"]
    assert fit(small(), probe_of()).log.footer()["is_plain"]


def test_a_loss_that_only_an_own_train_step_adds_is_named():
    with pytest.warns(UserWarning, match=r"does not reach dense.* own train_step .* compile\(loss"):
        fit(Bottleneck(), probe_of(X, X), y=X, loss=None)


def test_a_loss_that_becomes_nan_has_a_reason_a_remedy_and_levels(capsys):
    model = chain(*[layers.Dense(6, activation="relu") for _ in range(3)], layers.Dense(1))
    probe = fit(model, probe_of(), epochs=6, optimizer=keras.optimizers.SGD(1e6))
    assert probe.diagnose() == "exploding"
    shown = " ".join(capsys.readouterr().out.split())
    assert "why every gradient is NaN or infinite; train again" in shown
    assert shown.count(" try ") == 1
    assert "try a smaller learning rate: training brought the fault" in shown
    axes = probe.plot().axes[0]
    assert len(axes.lines) == 4
    assert axes.get_title(loc="left") == "no point where g is 0, NaN or infinite"
    assert axes.get_xlim() == (-0.2, 6.2)


def test_a_model_of_fixed_batch_size_needs_as_many_examples():
    def build():
        inputs = keras.Input(batch_shape=(12, 4, 2))
        return keras.Sequential([inputs, layers.LSTM(3, stateful=True), layers.Dense(1)])

    x = X.reshape(24, 4, 2)
    with pytest.raises(UserError, match=r"set examples= to the model's batch size"):
        fit(build(), probe_of(x, Y), x=x)
    assert fit(build(), probe_of(x, Y, examples=12), x=x).losses.keys() == {0, 1, 2}
