"""Verdicts on layers, wiring and ways to compile that the table of models does not have.

The truth is known by construction: a model is healthy, or one thing is broken on purpose.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from keras.initializers import Constant, RandomNormal

from nets import measured_before_training
from vgstudy.probe import GradientProbe
from vgstudy.probe.diagnosis import diagnose_logs
from vgstudy.probe.display import lines

RNG = np.random.default_rng(2)
X = RNG.normal(size=(32, 8)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
SERIES = RNG.normal(size=(32, 10, 3)).astype("float32")
WORDS = RNG.integers(0, 9, (32, 12))
IMAGES = RNG.normal(size=(32, 12, 12, 2)).astype("float32")
FILMS = RNG.normal(size=(32, 4, 8, 8, 2)).astype("float32")
OFF = {"bias_initializer": Constant(-50.0)}
SMALL = {"kernel_initializer": RandomNormal(0, 0.01, seed=1)}
LARGE = {"kernel_initializer": RandomNormal(0, 2.0, seed=1)}
SHUT = OFF | {"unit_forget_bias": False}
HEALTHY, VANISHING, EXPLODING = "healthy", "vanishing", "exploding"
DYING, SATURATED = "dying ReLU", "saturated"
Dense = layers.Dense


def chain(*inner, shape=(8,)):
    return keras.Sequential([keras.Input(shape), *inner, Dense(1, "sigmoid")])


def model_of(body, shape=(8,), head=lambda h: Dense(1, "sigmoid")(h)):
    inputs = keras.Input(shape)
    return keras.Model(inputs, head(body(inputs)))


def times(count, layer):
    def body(x):
        for _ in range(count):
            x = layer(x)
        return x

    return body


def over_time(layer):
    return lambda x: layers.GlobalAveragePooling1D()(layer(x))


def over_pixels(layer):
    return lambda x: layers.GlobalAveragePooling2D()(layer(x))


def attention(x, **options):
    query, key, value = (Dense(8, **options)(x) for _ in range(3))
    return layers.Attention()([query, value, key])


def squeeze(x, **options):
    h = layers.Conv2D(8, 3, padding="same", activation="relu", **options)(x)
    gate = Dense(8, "sigmoid")(Dense(4, "relu")(layers.GlobalAveragePooling2D()(h)))
    return h * layers.Reshape((1, 1, 8))(gate)


def gated(x, **options):
    return Dense(16, **options)(x) * Dense(16, "sigmoid", **options)(x)


def swiglu(x, skip=True, **options):
    h = layers.RMSNormalization()(x) if skip else x
    h = Dense(8, **options)(Dense(32, "silu", **options)(h) * Dense(32, **options)(h))
    return x + h if skip else h


def inception(x, activation="relu", **options):
    sizes = (1, 3, 5)
    branches = [
        layers.Conv2D(4, size, padding="same", activation=activation, **options)(x)
        for size in sizes
    ]
    return layers.Concatenate()(branches)


def highway(x, carry=True):
    gate = Dense(8, "sigmoid", bias_initializer=Constant(-2.0))(x)
    h = Dense(8, "sigmoid")(x)
    return gate * h + (1 - gate) * x if carry else h


def post_norm(x):
    return layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 4)(x, x))


def stack(cell, count, **options):
    return [cell(6, return_sequences=place < count - 1, **options) for place in range(count)]


def films(count, **options):
    inner = {"padding": "same", **options}
    return [
        *(layers.ConvLSTM2D(4, 3, return_sequences=n < count - 1, **inner) for n in range(count)),
        layers.GlobalAveragePooling2D(),
    ]


def both_ways(cell, count, **options):
    return [layers.Bidirectional(each) for each in stack(cell, count, **options)]


def each_step(count, activation, **options):
    inner = [layers.TimeDistributed(Dense(4, activation, **options)) for _ in range(count)]
    return [*inner, layers.Flatten()]


def nested(count, activation):
    inner = keras.Sequential([Dense(8, activation) for _ in range(count)])
    return chain(keras.Sequential([inner, keras.Sequential([Dense(8, activation)])]))


def nested_functional(count, activation):
    return chain(model_of(times(count, lambda h: Dense(8, activation)(h)), head=lambda h: h))


class Subclassed(keras.Model):
    """Applies activations by operations, not layers."""

    def __init__(self, count, function, **options):
        super().__init__()
        self.inner = [Dense(8, **options) for _ in range(count)]
        self.function, self.last = function, Dense(1, "sigmoid")

    def call(self, x):
        for layer in self.inner:
            x = self.function(layer(x))
        return self.last(x)


class WithoutLayers(keras.Model):
    """Has weights of its own and no layers."""

    def __init__(self, count, function):
        super().__init__()
        self.kernels = [self.add_weight(shape=(8, 8), name=f"w{n}") for n in range(count)]
        self.function, self.last = function, self.add_weight(shape=(8, 1), name="last")

    def call(self, x):
        for kernel in self.kernels:
            x = self.function(x @ kernel)
        return ops.sigmoid(x @ self.last)


class ReadsNumbers(Subclassed):
    """Runs in Python only."""

    def call(self, x):
        return super().call(x) if x.numpy().mean() < 100 else x


class AFunction(Subclassed):
    """Has its call traced as a function of its own."""

    @tf.function
    def call(self, x):
        return super().call(x)


class Generates(keras.Model):
    """A variational autoencoder with its loss in `call`."""

    def __init__(self):
        super().__init__()
        self.encoder, self.mean, self.scale = Dense(8, "relu"), Dense(2), Dense(2)
        self.decoder, self.last = Dense(8, "relu"), Dense(8)
        self.seeds = keras.random.SeedGenerator(1)

    def call(self, x):
        h = self.encoder(x)
        mean, scale = self.mean(h), self.scale(h)
        self.add_loss(0.01 * ops.mean(ops.exp(scale) + mean**2 - 1 - scale))
        noise = keras.random.normal(ops.shape(mean), seed=self.seeds)
        return self.last(self.decoder(mean + ops.exp(scale / 2) * noise))


def experts(x):
    weights = Dense(3, "softmax")(x)
    return sum(weights[:, n : n + 1] * Dense(8, "relu")(x) for n in range(3))


def tied_weights():
    words, shared = keras.Input((12,)), layers.Embedding(9, 8)
    h = layers.LSTM(8)(shared(words))
    return keras.Model(words, ops.softmax(h @ ops.transpose(shared.embeddings)))


def two_losses():
    inputs = keras.Input((8,))
    h = Dense(8, "relu")(inputs)
    return keras.Model(inputs, [Dense(1, "sigmoid")(h), Dense(2)(h)])


def shared(count, activation):
    return model_of(lambda x: times(count, Dense(8, activation))(Dense(8)(x)))


# build, probe set (x, or x and y), truth and options of compile
CASES = {
    "Attention": (lambda: model_of(over_time(attention), (10, 3)), SERIES, HEALTHY),
    "Attention, small weights": (
        lambda: model_of(over_time(times(3, lambda h: attention(h, **SMALL))), (10, 3)),
        SERIES, VANISHING,
    ),
    "AdditiveAttention": (
        lambda: model_of(
            over_time(lambda x: layers.AdditiveAttention()([Dense(8)(x), Dense(8)(x)])), (10, 3)
        ),
        SERIES, HEALTHY,
    ),
    "GroupQueryAttention": (
        lambda: model_of(over_time(lambda x: layers.GroupQueryAttention(4, 4, 2)(x, x)), (10, 3)),
        SERIES, HEALTHY,
    ),
    "squeeze-excite": (
        lambda: model_of(
            over_pixels(times(2, lambda h: squeeze(h, kernel_initializer="he_normal"))),
            (12, 12, 2),
        ),
        IMAGES, HEALTHY,
    ),
    "squeeze-excite, small weights": (
        lambda: model_of(over_pixels(times(4, lambda h: squeeze(h, **SMALL))), (12, 12, 2)),
        IMAGES, VANISHING,
    ),
    "GLU": (lambda: model_of(times(2, gated)), X, HEALTHY),
    "GLU, small weights": (
        lambda: model_of(times(4, lambda h: gated(h, **SMALL))), X, VANISHING,
    ),
    "SwiGLU": (lambda: model_of(times(4, swiglu)), X, HEALTHY),
    "SwiGLU, small weights": (
        lambda: model_of(times(3, lambda h: swiglu(h, skip=False, **SMALL))), X, VANISHING,
    ),
    "inception": (
        lambda: model_of(over_pixels(times(3, inception)), (12, 12, 2)), IMAGES, HEALTHY,
    ),
    "inception, deep sigmoid": (
        lambda: model_of(over_pixels(times(8, lambda h: inception(h, "sigmoid"))), (12, 12, 2)),
        IMAGES, VANISHING,
    ),
    "inception, units off": (
        lambda: model_of(over_pixels(lambda x: inception(x, **OFF)), (12, 12, 2)), IMAGES, DYING,
    ),
    "Bidirectional": (lambda: chain(*both_ways(layers.LSTM, 2), shape=(10, 3)), SERIES, HEALTHY),
    "Bidirectional, shut": (
        lambda: chain(*both_ways(layers.LSTM, 3, **SHUT), shape=(10, 3)), SERIES, VANISHING,
    ),
    "TimeDistributed": (lambda: chain(*each_step(2, "relu"), shape=(10, 3)), SERIES, HEALTHY),
    "TimeDistributed, deep sigmoid": (
        lambda: chain(*each_step(9, "sigmoid"), shape=(10, 3)), SERIES, VANISHING,
    ),
    "TimeDistributed, units off": (
        lambda: chain(*each_step(1, "relu", **OFF), shape=(10, 3)), SERIES, DYING,
    ),
    "ConvLSTM2D": (lambda: chain(*films(1), shape=(4, 8, 8, 2)), FILMS, HEALTHY),
    "ConvLSTM2D, shut": (lambda: chain(*films(3, **SHUT), shape=(4, 8, 8, 2)), FILMS, VANISHING),
    "highway": (lambda: model_of(times(8, highway)), X, HEALTHY),
    "highway, cut": (lambda: model_of(times(8, lambda h: highway(h, carry=False))), X, VANISHING),
    "GRU": (lambda: chain(*stack(layers.GRU, 4), shape=(10, 3)), SERIES, HEALTHY),
    "GRU, shut": (lambda: chain(*stack(layers.GRU, 4, **OFF), shape=(10, 3)), SERIES, VANISHING),
    "stacked cells": (
        lambda: chain(
            layers.RNN(layers.StackedRNNCells([layers.GRUCell(4), layers.LSTMCell(4)])),
            shape=(10, 3),
        ),
        SERIES, HEALTHY,
    ),
    "shared weights": (lambda: shared(3, "tanh"), X, HEALTHY),
    "shared weights, deep sigmoid": (lambda: shared(9, "sigmoid"), X, VANISHING),
    "tied weights": (
        tied_weights, (WORDS, WORDS[:, 0]), HEALTHY, {"loss": "sparse_categorical_crossentropy"},
    ),
    "nested": (lambda: nested(2, "relu"), X, HEALTHY),
    "nested, deep sigmoid": (lambda: nested(8, "sigmoid"), X, VANISHING),
    "nested functional": (lambda: nested_functional(3, "relu"), X, HEALTHY),
    "nested functional, deep sigmoid": (lambda: nested_functional(9, "sigmoid"), X, VANISHING),
    "operations": (lambda: Subclassed(3, tf.nn.relu), X, HEALTHY),
    "operations, deep sigmoid": (lambda: Subclassed(9, ops.sigmoid), X, VANISHING),
    "operations, units off": (lambda: Subclassed(2, ops.relu, **OFF), X, DYING),
    "operations, saturated": (
        lambda: Subclassed(2, tf.tanh, kernel_initializer=RandomNormal(0, 50.0, seed=1)),
        X, SATURATED,
    ),
    "Lambda, units off": (
        lambda: chain(Dense(8, **OFF), layers.Lambda(lambda z: tf.nn.relu(z))), X, DYING,
    ),
    "no layers": (lambda: WithoutLayers(3, ops.tanh), X, HEALTHY),
    "no layers, deep sigmoid": (lambda: WithoutLayers(9, ops.sigmoid), X, VANISHING),
    "a traced function, deep sigmoid": (lambda: AFunction(9, ops.sigmoid), X, VANISHING),
    "mixture of experts": (lambda: model_of(experts), X, HEALTHY),
    "variational autoencoder": (Generates, (X, X), HEALTHY, {"loss": "mse"}),
    "separable convolutions": (
        lambda: chain(
            layers.SeparableConv2D(8, 3, activation="relu"), layers.DepthwiseConv2D(3),
            layers.GlobalAveragePooling2D(), shape=(12, 12, 2),
        ),
        IMAGES, HEALTHY,
    ),
    "spectral normalisation": (
        lambda: chain(layers.SpectralNormalization(Dense(8, "relu"))), X, HEALTHY,
    ),
    "exploding residuals": (
        lambda: model_of(times(6, lambda h: h + Dense(8, **LARGE)(h))), X, EXPLODING,
    ),
    "step by step": (
        lambda: model_of(over_time(times(2, post_norm)), (10, 3)),
        SERIES, HEALTHY, {"run_eagerly": True},
    ),
    "step by step, after an embedding": (
        lambda: model_of(
            over_time(lambda x: times(2, post_norm)(layers.Embedding(9, 8)(x))), (12,)
        ),
        WORDS, HEALTHY, {"run_eagerly": True},
    ),
    "step by step, deep sigmoid": (
        lambda: ReadsNumbers(9, ops.sigmoid), X, VANISHING, {"run_eagerly": True},
    ),
    "float16": (
        lambda: chain(*[Dense(8, "relu", dtype="mixed_float16") for _ in range(3)]), X, HEALTHY,
    ),
    "bfloat16, deep sigmoid": (
        lambda: chain(*[Dense(8, "sigmoid", dtype="bfloat16") for _ in range(9)]), X, VANISHING,
    ),
    "XLA, units off": (lambda: chain(Dense(8, "relu", **OFF)), X, DYING, {"jit_compile": True}),
    "two losses with weights": (
        two_losses, (X, [Y, X[:, :2]]), HEALTHY,
        {"loss": ["binary_crossentropy", "mse"], "loss_weights": [1.0, 0.5]},
    ),
    "a loss of one precision": (
        lambda: chain(Dense(8, "relu")), X, HEALTHY,
        {"loss": lambda y, p: tf.reduce_mean(tf.square(tf.cast(y, tf.float32) - p))},
    ),
    "scaled loss": (
        lambda: chain(Dense(8, "relu")), X, HEALTHY,
        {"optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())},
    ),
}  # fmt: skip


def diagnosed(case):
    build, data, _, *options = CASES[case]
    x, y = data if isinstance(data, tuple) else (data, Y)
    keras.utils.set_random_seed(1)
    model = build()
    usual = {"optimizer": "sgd", "loss": "binary_crossentropy", "jit_compile": False}
    model.compile(**usual | dict(*options))
    probe = measured_before_training(model, GradientProbe(x, y, log=None))
    (found,) = diagnose_logs([(probe.table(), probe.log.footer())])
    return found


@pytest.mark.filterwarnings("ignore:GradientProbe. model .* is measured in float32 only")
@pytest.mark.parametrize("case", CASES)
def test_verdict(case):
    found = diagnosed(case)
    assert found["verdict"] == CASES[case][2], (found["compared"], found["numbers"])
    assert all(remedy.endswith(")") for remedy in found["advice"])


def test_a_single_layer_has_nothing_to_be_compared_with():
    model = chain()
    model.compile("sgd", "binary_crossentropy")
    probe = measured_before_training(model, GradientProbe(X, Y, log=None))
    (found,) = diagnose_logs([(probe.table(), probe.log.footer())])
    assert dict(lines(found))["compared"].startswith(
        "nothing: no layer comes before or after dense"
    )
