"""Everything that is known of Keras and TensorFlow outside their public interfaces.

Tested with Keras 3.15.0 and 3.15.1, and TensorFlow 2.21. `check_keras` refuses a Keras that lacks
a name used here.
"""

import random
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from textwrap import shorten
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context

from vgstudy.errors import UserError

TESTED = "3.15"
ABSENT = object()
# what Keras, TensorFlow and layers raise when data does not fit
ERRORS = (ValueError, TypeError, RuntimeError, AttributeError, LookupError, tf.errors.OpError)
# how the lines begin that Keras and TensorFlow put around the reason of an error
WRAPPING = (
    "Exception encountered when",
    "Graph execution error",
    "Detected at",
    "Node: ",
    "File ",
    "[[",
    "Arguments received",
)
MARKUP = re.compile(r"\x1b\[\d*m|\{\{function_node .*?\}\} |\[Op:.*")


def check_keras(model: keras.Model) -> None:
    """Raise `UserError` if a compiled model lacks a private attribute that this module uses."""
    used = [(model, "_flatten_layers"), (model, "_compile_loss")]
    if loss := getattr(model, "_compile_loss", None):
        used += [(loss, "_flat_losses"), (loss, "_dtype")]
    for thing, name in used:
        if not hasattr(thing, name):
            raise UserError(
                f"GradientProbe: Keras {keras.__version__} has no {type(thing).__name__}.{name}; "
                f"install a version tested with vgstudy: pip install 'keras=={TESTED}.*'"
            )


def all_layers(layer: keras.Layer) -> list[keras.Layer]:
    """Return a layer or model and every layer inside it, each once."""
    return list({id(inner): inner for inner in layer._flatten_layers()}.values())


@contextmanager
def computing_in(model: keras.Model, dtype: str) -> Iterator[None]:
    """Let every layer and loss of a compiled model compute in a dtype, whatever its variables'.

    Layers that do not compute with floats, such as look-ups, keep their own. The default dtype is
    changed too, for code that creates tensors without naming one.
    """
    is_float = keras.backend.is_float_dtype
    # a policy that is a map of paths cannot be set and put back for one layer
    policies = [
        (layer, layer.dtype_policy)
        for layer in all_layers(model)
        if is_float(layer.compute_dtype)
        and not isinstance(layer.dtype_policy, keras.dtype_policies.DTypePolicyMap)
    ]
    variables = [variable for variable in model.variables if is_float(variable.dtype)]
    default = keras.config.floatx()
    try:
        keras.config.set_floatx(dtype)
        for layer, _ in policies:
            layer.dtype_policy = keras.DTypePolicy(dtype)
        with replaced((thing, "_dtype", dtype) for thing in (*variables, *_losses(model))):
            yield
    finally:
        keras.config.set_floatx(default)
        for layer, policy in policies:
            layer.dtype_policy = policy


def _losses(model: keras.Model) -> list[keras.Loss]:
    compiled = model._compile_loss
    if compiled is None:
        return []
    losses = [compiled, *(each.loss for each in compiled._flat_losses or [])]
    return [loss for loss in losses if isinstance(loss, keras.Loss)]


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


@contextmanager
def generators_kept(eager: bool) -> Iterator[None]:
    """Restore the global generators of Python, NumPy and TensorFlow at the end of a block.

    Layers of a user may draw from them. `eager` says whether the block runs operations one by one.
    """
    # exists once a seed is set
    tensorflow = vars(context.context()).get("_rng")
    states = random.getstate(), np.random.get_state(), tensorflow and tensorflow.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if eager and tensorflow:
            tensorflow.setstate(states[2])
            # operations cached for the seeds just drawn would continue where the probe stopped
            context.context().clear_kernel_cache()


def reason(error: Exception) -> str:
    """Return in one line what an error of Keras or TensorFlow says."""
    text = MARKUP.sub("", str(error)).rpartition("Exception encountered:\n")[2].strip("'")
    lines = [line.strip() for line in text.splitlines()]
    reasons = [line for line in lines if line and not line.startswith(WRAPPING)]
    return shorten(reasons[0], 300).rstrip(".:") if reasons else type(error).__name__
