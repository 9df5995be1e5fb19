"""What can be wrong with a model or its probe set, told in one line before anything is measured."""

import re
from reprlib import repr as short
from textwrap import shorten
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgstudy.errors import UserError
from vgstudy.formatting import listing
from vgstudy.probe.kernels import kernels
from vgstudy.probe.passes import NoGradientError, Probe
from vgstudy.probe.replacing import replaced
from vgstudy.probe.surroundings import kept_generators

CAUSES = (
    ValueError,
    TypeError,
    RuntimeError,
    tf.errors.OpError,
)  # what Keras, TensorFlow and layers raise of what does not fit
AROUND = (
    "Exception encountered when",
    "Graph execution error",
    "Detected at",
    "Node: ",
    "File ",
    "[[",
    "Arguments received",
)


def check_backend() -> None:
    """Raise `UserError` unless Keras runs on TensorFlow."""
    if (backend := keras.backend.backend()) != "tensorflow":
        raise UserError(
            f"GradientProbe: Keras runs on {backend!r}, and gradients are measured with TensorFlow; set the environment variable "
            "KERAS_BACKEND=tensorflow before Keras is imported"
        )


def probe_set(x: Any, y: Any, sample_weight: Any) -> Probe:
    """The probe set as tensors.

    Raises
    ------
    UserError
        If inputs, targets and weights are not arrays or differ in their number of examples, targets
        are text, or weights are negative or all zero.
    """
    parts = {"x": x, "y": y, "sample_weight": sample_weight}
    tensors = {name: _tensors(name, part) for name, part in parts.items() if part is not None}
    leaves = [leaf for part in tensors.values() for leaf in keras.tree.flatten(part)]
    counts = {leaf.shape[0] for leaf in leaves}
    if len(counts) != 1 or 0 in counts:
        told = ", ".join(f"{name} {_shapes(part)}" for name, part in tensors.items())
        raise UserError(
            f"GradientProbe: probe set: every array must have the same number of rows, 1 or more; given are {told}"
        )
    for weights in keras.tree.flatten(tensors.get("sample_weight", [])):
        if not np.all(weights >= 0) or not np.any(weights > 0):
            raise UserError(
                "GradientProbe: sample_weight must be numbers from 0, not all 0, such as np.ones(len(x))"
            )
    return Probe(tensors.get("x"), tensors.get("y"), tensors.get("sample_weight"), counts.pop())


def _tensors(name: str, part: Any) -> Any:
    remedy = f"{name} must be an array, as for model.fit, such as np.asarray({name}), or a list or dict of arrays, one for each part"
    try:
        found = keras.tree.map_structure(tf.convert_to_tensor, part)
    except (ValueError, TypeError) as error:
        raise UserError(f"GradientProbe: {remedy}: {_reason(error)}") from None
    leaves = keras.tree.flatten(found)
    if not leaves or any(leaf.shape.rank == 0 for leaf in leaves):
        raise UserError(f"GradientProbe: {remedy}; given is {_kind(part)}")
    if name != "x" and any(leaf.dtype == tf.string for leaf in leaves):
        raise UserError(
            f"GradientProbe: {name} holds text; give numbers, as the loss takes them, such as the index of each class"
        )
    return found


def _kind(part: Any) -> str:
    return (
        "a list of single values"
        if isinstance(part, list | tuple) and part
        else f"{type(part).__name__} {short(part)}"
    )


def prepare(model: keras.Model, probe: Probe) -> None:
    """Let Keras build what of the model and its loss is not built yet, as the first step of
    training would.

    Optimizer and metrics are left to training: it traces its step twice when that makes variables,
    which a layer could notice.

    Raises
    ------
    UserError
        If the model is not compiled, cannot be built, has no kernel or takes other inputs than the
        probe set's.
    """
    if not model.compiled:
        raise UserError(
            f"GradientProbe: model {model.name!r} has no loss; call model.compile(loss=...) first"
        )
    check_inputs(model, probe)
    data = (probe.x, probe.y, probe.sample_weight)
    batch = [None if part is None else keras.tree.map_structure(_symbol, part) for part in data]
    try:
        with (
            kept_generators(model.run_eagerly),
            replaced([(model, "optimizer", None), (model, "_compile_metrics", None)]),
        ):
            model._symbolic_build(data_batch=tuple(batch))
    except CAUSES as error:
        raise cannot_measure(model, probe, error) from None
    if not any(True for _ in kernels(model)):
        raise UserError(
            f"GradientProbe: model {model.name!r} has no trainable weight of two or more axes, so there is no gradient to show"
        )


def check_inputs(model: keras.Model, probe: Probe) -> None:
    """Raise `UserError` if a model that knows the shape of its input takes another one than the
    probe set's."""
    wanted, given = getattr(model, "input_shape", None), _shapes(probe.x)
    if isinstance(wanted, tuple) and isinstance(given, tuple) and not _fits(given, wanted):
        raise UserError(
            f"GradientProbe: probe set: x has the shape {given}, model {model.name!r} takes {wanted}; give x as for model.fit"
        )


def no_gradient(model: keras.Model, error: NoGradientError) -> UserError:
    """The line about kernels without gradient."""
    return UserError(
        f"GradientProbe: the loss of model {model.name!r} does not reach {listing(error.args[0])}: the layer is not used, or an "
        "operation after it has no derivative; repair the model, or set trainable=False on that layer to leave it out"
    )


def cannot_measure(model: keras.Model, probe: Probe, error: Exception) -> UserError:
    """The line about a pass that Keras or TensorFlow refused."""
    return UserError(
        f"GradientProbe: model {model.name!r} cannot be run on the probe set, x {_shapes(probe.x)} and y {_shapes(probe.y)}: "
        f"{_reason(error)}; give x, y and sample_weight as for fit, or precision='float32' if a layer knows no other"
    )


def check_finite(model: keras.Model, probe: Probe, loss: float) -> None:
    """Raise `UserError` if a loss is not finite and the probe set has such numbers: it is they that
    would be diagnosed."""
    leaves = keras.tree.flatten((probe.x, probe.y, probe.sample_weight))
    floats = [leaf.numpy() for leaf in leaves if leaf is not None and leaf.dtype.is_floating]
    if not np.isfinite(loss) and not all(np.isfinite(leaf).all() for leaf in floats):
        raise UserError(
            f"GradientProbe: the probe set holds numbers that are not finite (NaN or infinite), and so is the loss of model "
            f"{model.name!r} on it; leave out or mend these examples"
        )


def _symbol(tensor: tf.Tensor) -> keras.KerasTensor:
    return keras.KerasTensor((None, *tensor.shape[1:]), tensor.dtype.name)


def _shapes(part: Any) -> Any:
    return (
        None if part is None else keras.tree.map_structure(lambda tensor: tuple(tensor.shape), part)
    )


def _fits(given: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    return len(given) == len(wanted) and all(
        w in (None, g) for g, w in zip(given[1:], wanted[1:], strict=True)
    )


def _reason(error: Exception) -> str:
    """What an error says itself, without the lines that Keras and TensorFlow put around it."""
    text = (
        re.sub(r"\x1b\[\d*m|\{\{function_node .*?\}\} |\[Op:.*", "", str(error))
        .rpartition("Exception encountered:\n")[2]
        .strip("'")
    )
    lines = (line.strip() for line in text.splitlines())
    told = [line for line in lines if line and not line.startswith(AROUND)]
    return shorten(told[0], 300).rstrip(".:") if told else type(error).__name__
