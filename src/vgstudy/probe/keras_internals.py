"""Everything of Keras that is used here and is not part of its public interface.

Tested with Keras 3.15. `check_keras` refuses a version that lacks a name used here.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

from vgstudy.errors import UserError

TESTED = "3.15"
ABSENT = object()
LAYER_NAMES = ("_flatten_layers", "_trainable_variables", "_dtype_policy")
MODEL_NAMES = ("_compile_loss", "_compile_metrics", "_compute_loss", "_symbolic_build")


def check_keras(model: keras.Model) -> None:
    """Raise `UserError` if a model lacks an attribute that this module uses."""
    names = (*LAYER_NAMES, *MODEL_NAMES)
    if missing := [name for name in names if not hasattr(model, name)]:
        raise UserError(
            f"GradientProbe: Keras {keras.__version__} has no Model.{missing[0]}; "
            f"install a version tested with vgstudy: pip install 'keras=={TESTED}.*'"
        )


def all_layers(layer: keras.Layer) -> list[keras.Layer]:
    """Return a layer or model and every layer inside it, each once."""
    return list({id(inner): inner for inner in layer._flatten_layers()}.values())


def direct_weights(layer: keras.Layer) -> list[keras.Variable]:
    """Return the trainable weights of a layer itself, without those of layers inside it."""
    return list(layer._trainable_variables)


def build(model: keras.Model, batch: tuple[Any, ...]) -> None:
    """Build the model and its loss for a symbolic batch (x, y, sample_weight), as `fit` does.

    Optimizer and metrics are left to training: it traces its step twice when that makes variables,
    which a layer could notice.
    """
    with replaced([(model, "optimizer", None), (model, "_compile_metrics", None)]):
        model._symbolic_build(data_batch=batch)


def training_loss(
    model: keras.Model, x: Any, y: Any, outputs: Any, sample_weight: Any, training: bool
) -> Any:
    """Return the loss that training minimises, penalties included."""
    return model._compute_loss(x, y, outputs, sample_weight, training=training)


@contextmanager
def computing_in(model: keras.Model, dtype: str) -> Iterator[None]:
    """Let every layer and loss of a compiled model compute in a dtype, whatever its variables'.

    Layers that do not compute with floats, such as look-ups, keep their own. The default dtype is
    changed too, for code that creates tensors without naming one.
    """
    policy = keras.DTypePolicy(dtype)
    layers = [
        layer for layer in all_layers(model) if keras.backend.is_float_dtype(layer.compute_dtype)
    ]
    losses = [loss for loss in _losses(model) if isinstance(loss, keras.Loss)]
    variables = [
        variable for variable in model.variables if keras.backend.is_float_dtype(variable.dtype)
    ]
    changes = [
        *((variable, "_dtype", dtype) for variable in variables),
        *((layer, "_dtype_policy", policy) for layer in layers),
        *((loss, "_dtype", dtype) for loss in losses),
    ]
    default = keras.config.floatx()
    try:
        keras.config.set_floatx(dtype)
        with replaced(changes):
            yield
    finally:
        keras.config.set_floatx(default)


def _losses(model: keras.Model) -> list[Any]:
    compiled = model._compile_loss
    if compiled is None:
        return []
    return [compiled, *(each.loss for each in compiled._flat_losses or [])]


@contextmanager
def replaced(changes: Iterable[tuple[Any, str, Any]]) -> Iterator[None]:
    """Replace attributes (object, name, value) and restore them afterwards, also after an error.

    The instance's dictionary is written directly, because Keras tracks whatever is assigned to a
    layer in the usual way.
    """
    undo = []
    try:
        for thing, name, value in changes:
            undo.append((thing.__dict__, name, thing.__dict__.get(name, ABSENT)))
            thing.__dict__[name] = value
        yield
    finally:
        for attributes, name, before in reversed(undo):
            if before is ABSENT:
                del attributes[name]
            else:
                attributes[name] = before
