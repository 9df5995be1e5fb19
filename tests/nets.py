"""Small cells, and the Keras models that the engine is compared with.

Keras and TensorFlow are imported where they are needed: planning is tested without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vgstudy.cells import Cell, Initializer, KerasObject, Run
from vgstudy.seeds import stream
from vgstudy.tasks.circles import Circles
from vgstudy.tasks.task import Task

if TYPE_CHECKING:
    import keras

    from vgstudy.engine.train import Stack
    from vgstudy.probe import GradientProbe
from vgstudy.probe.diagnosis import diagnose_logs

SGD = KerasObject(class_name="SGD", config={"learning_rate": 0.01, "momentum": 0.9})
ADAM = KerasObject(class_name="Adam")
GLOROT = KerasObject(class_name="GlorotUniform")
HE = KerasObject(class_name="HeUniform")
UNIFORM = KerasObject(class_name="RandomUniform", config={"minval": 0.0, "maxval": 1.0})


def named(class_name: str, **config) -> KerasObject:
    return KerasObject(class_name=class_name, config=config)


def cell(
    activation="tanh", initializer=GLOROT, samples=120, train=52, task: Task | None = None, **fields
) -> Cell:
    """Return a cell, by default of two circles with 52 training rows: mini-batches of 16, 16, 16
    and 4."""
    if isinstance(activation, str):
        activation = named(activation)
    usual = {"depth": 3, "width": 5, "optimizer": SGD, "epochs": 3, "batch_size": 16}
    return Cell(
        task=task or Circles(name="circles", samples=samples, train=train),
        activation=activation,
        initializer=Initializer(**dict(initializer)),
        **usual | fields,
    )


def runs(count, **fields):
    return [Run(cell=cell(**fields), seed=seed) for seed in range(count)]


def keras_model(spec: Cell, stack: Stack, row: int, dtype: str) -> keras.Sequential:
    """The plain Keras model of one run of a stack, with the run's present parameters, compiled as
    the tutorials do."""
    import keras

    outputs = keras_layers(spec, dtype)
    model = keras.Sequential([keras.Input((spec.task.inputs,)), *outputs])
    set_weights(model, stack, row)
    model.compile(
        optimizer=keras_optimizer(spec),
        loss=f"{spec.task.loss}_crossentropy",
        metrics=["accuracy"],
    )
    return model


def keras_layers(spec: Cell, dtype: str) -> list[keras.Layer]:
    """The layers of a cell's network, input first."""
    import keras

    activation = keras.activations.get(spec.activation.class_name)
    hidden = (
        (lambda z: activation(z, **spec.activation.config))
        if spec.activation.config
        else activation
    )
    layers = [
        keras.layers.Dense(spec.width, activation=hidden, dtype=dtype) for _ in range(spec.depth)
    ]
    outputs = spec.task.outputs
    last = "sigmoid" if outputs == 1 else "softmax"
    return [*layers, keras.layers.Dense(outputs, activation=last, dtype=dtype)]


def set_weights(model: keras.Sequential, stack: Stack, row: int) -> None:
    """Give a model the present parameters of one run of a stack."""
    flat = stack.flat()[row]
    layers = [
        flat[span].reshape(out, into + 1)
        for span, (out, into) in zip(stack.network.spans, stack.network.kernel_shapes, strict=True)
    ]
    model.set_weights([part for layer in layers for part in (layer[:, :-1].T, layer[:, -1])])


def keras_optimizer(spec: Cell) -> keras.optimizers.Optimizer:
    """The optimizer of a cell."""
    import keras

    return keras.optimizers.get(
        {"class_name": spec.optimizer.class_name, "config": dict(spec.optimizer.config)}
    )


def measured_before_training(model: keras.Model, probe: GradientProbe) -> GradientProbe:
    """Let a probe measure a compiled model as `fit` does before the first step."""
    probe.set_model(model)
    probe.on_train_begin()
    probe.on_epoch_begin(0)
    return probe


def diagnosis_before_training(build, x, y, loss) -> dict:
    """What a diagnosis says of a model that is built and measured, not trained."""
    import keras

    from vgstudy.probe import GradientProbe

    keras.utils.set_random_seed(1)
    model = build()
    model.compile("sgd", loss, jit_compile=False)
    probe = measured_before_training(model, GradientProbe(x, y, log=None))
    (diagnosed,) = diagnose_logs([(probe.table(), probe.log.footer())])
    return diagnosed


def keras_flat(model: keras.Sequential) -> np.ndarray:
    """The parameters of a Keras model in the order of a stack's flat row."""
    weights = model.get_weights()
    pairs = zip(weights[::2], weights[1::2], strict=True)
    return np.concatenate([np.column_stack([kernel.T, bias]).ravel() for kernel, bias in pairs])


def epoch_orders(run: Run, epochs: int) -> list[np.ndarray]:
    """Row numbers of a run's training rows in the order in which each epoch uses them."""
    from vgstudy.engine.batches import shuffled

    rows, batch = run.cell.task.train, run.cell.batch_size
    order = shuffled(
        [np.random.default_rng(stream(run.cell, run.seed, "batches"))], epochs, rows, batch
    )
    return [epoch.ravel()[:rows] for epoch in order[:, 0].reshape(epochs, -1)]
