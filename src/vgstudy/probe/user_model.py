"""Prepare a user's model, and say in one line why it cannot be measured."""

from collections.abc import Sequence
from inspect import signature
from typing import Any
from warnings import warn

import keras
import tensorflow as tf

from vgstudy.errors import UserError
from vgstudy.formatting import listing
from vgstudy.probe.arguments import ProbeSet
from vgstudy.probe.keras_internals import ERRORS, check_keras, generators_kept, reason
from vgstudy.probe.kernels import Layer

CAUSES = "the layer is not used, its output has no loss, or an operation after it has no derivative"
OWN = "only the model's own train_step adds that loss, which compile(loss=...) should name"


def check_backend() -> None:
    """Raise `UserError` unless Keras runs on TensorFlow."""
    if (backend := keras.backend.backend()) != "tensorflow":
        raise UserError(
            f"GradientProbe: Keras runs on {backend!r}, and gradients are measured by TensorFlow; "
            "set the environment variable KERAS_BACKEND=tensorflow before Keras is imported"
        )


def prepare(model: keras.Model, probe: ProbeSet) -> None:
    """Build what of the model and its loss is not built yet, as the first training step would.

    Raises
    ------
    UserError
        If the model is not compiled or cannot be built.
    """
    check_keras(model)
    if not model.compiled:
        raise UserError(
            f"GradientProbe: model {model.name!r} has no loss; call model.compile(loss=...) first"
        )

    def forward(x: Any, y: Any, sample_weight: Any) -> tf.Tensor:
        outputs = model(x, training=False)
        # penalties look variables up in the scope
        for variable in model.trainable_variables:
            scope.add_update((variable, variable.value))
        return training_loss(model, (x, y, outputs, sample_weight), training=False)

    scope = keras.StatelessScope(collect_losses=True)
    try:
        with generators_kept(model.run_eagerly), scope:
            if model.run_eagerly:
                forward(probe.x, probe.y, probe.sample_weight)
            else:
                tf.function(forward, autograph=False).get_concrete_function(*probe.specs())
    except ERRORS as error:
        raise cannot_measure(model, probe, error) from None


def training_loss(model: keras.Model, data: tuple[Any, ...], training: bool) -> tf.Tensor:
    """Return the loss that training minimises, penalties included.

    `data` are inputs, targets, outputs and weights. A model's own `compute_loss` may have no
    argument `training`.
    """
    if "training" in signature(model.compute_loss).parameters:
        return model.compute_loss(*data, training=training)
    return model.compute_loss(*data)


def check_layers(model: keras.Model, layers: Sequence[Layer]) -> None:
    """Warn about kernels on which the loss does not depend, as `fit` does.

    Raises
    ------
    UserError
        If there is no kernel, or the loss depends on none.
    """
    if not layers:
        raise UserError(
            f"GradientProbe: model {model.name!r} has no trainable weight of two or more axes, "
            "so there is no gradient to show"
        )
    causes = CAUSES if type(model).train_step is keras.Model.train_step else f"{CAUSES}, or {OWN}"
    unreached = [layer.kernel.name for layer in layers if not layer.is_reached]
    text = (
        f"GradientProbe: the loss of model {model.name!r} does not reach {listing(unreached)}: "
        f"{causes}; "
    )
    if len(unreached) == len(layers):
        raise UserError(text + "repair the model")
    if unreached:
        warn(text + "its gradients are left empty", stacklevel=2)


def cannot_measure(model: keras.Model, probe: ProbeSet, error: Exception) -> UserError:
    """Return the error about a pass that Keras or TensorFlow refused."""
    remedy = "use x, y and sample_weight as for fit"
    if type(model).call in (keras.Model.call, keras.Layer.call):
        remedy = "give the model a call() that does the forward pass, and compile it with a loss"
    elif "No loss to compute" in str(error):
        remedy = "compile the model with the loss that its train_step minimises"
    elif "batch size" in str(error):
        remedy = "set examples= to the model's batch size"
    elif probe.y is None:
        remedy = "its loss needs targets: use GradientProbe(x, y)"
    return UserError(
        f"GradientProbe: model {model.name!r} cannot be run on the probe set, {probe.shapes()}: "
        f"{reason(error)}; {remedy}"
    )


def warn_of_precision(model: keras.Model, precision: Any, error: Exception) -> None:
    """Warn that a model can be measured in one precision only."""
    warn(
        f"GradientProbe: model {model.name!r} is measured in {precision} only ({reason(error)})",
        stacklevel=2,
    )
