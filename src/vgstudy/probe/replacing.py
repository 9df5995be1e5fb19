"""Attributes of Keras objects replaced for the length of a block."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

ABSENT = object()


@contextmanager
def replaced(changes: Iterable[tuple[Any, str, Any]]) -> Iterator[None]:
    """Replace attributes (object, name, value) and put back what was there, also after an error.

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


@contextmanager
def precision(model: keras.Model, dtype: str) -> Iterator[None]:
    """Let every layer and loss of a compiled model compute in a dtype, whatever the dtype of its
    variables.

    Layers that do not compute with floats, such as look-ups, keep their own.
    """
    policy = keras.DTypePolicy(dtype)
    layers = [
        layer
        for layer in model._flatten_layers()
        if keras.backend.is_float_dtype(layer.compute_dtype)
    ]
    compiled = model._compile_loss
    losses = (
        [compiled, *(each.loss for each in compiled._flat_losses or [])]
        if compiled is not None
        else []
    )
    with replaced(
        [
            *((layer, "_dtype_policy", policy) for layer in layers),
            *((loss, "_dtype", dtype) for loss in losses if isinstance(loss, keras.Loss)),
        ]
    ):
        yield
