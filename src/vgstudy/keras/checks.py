"""What can be wrong with a model or its probe set, told in one line before anything is measured."""

from typing import Any

import keras
import tensorflow as tf

from vgstudy.errors import UserError
from vgstudy.keras.kernels import kernels
from vgstudy.keras.passes import NoGradientError, Probe
from vgstudy.keras.replacing import replaced
from vgstudy.keras.surroundings import kept_generators
from vgstudy.wording import listing


def check_backend() -> None:
    """Raise `UserError` unless Keras runs on TensorFlow."""
    if (backend := keras.backend.backend()) != "tensorflow":
        raise UserError(
            f"GradientProbe: Keras runs on {backend!r}, and gradients are measured with TensorFlow; set the environment variable "
            "KERAS_BACKEND=tensorflow before Keras is imported"
        )


def check_choice(name: str, given: Any, right: bool, allowed: str) -> None:
    """Raise `UserError` unless an argument is right."""
    if not right:
        raise UserError(f"GradientProbe: {name}={given!r}: allowed is {allowed}")


def probe_set(x: Any, y: Any, sample_weight: Any) -> Probe:
    """The probe set as tensors.

    Raises
    ------
    UserError
        If inputs, targets and weights are not arrays or differ in their number of examples.
    """
    parts = {"x": x, "y": y, "sample_weight": sample_weight}
    try:
        tensors = {name: keras.tree.map_structure(tf.convert_to_tensor, part) for name, part in parts.items() if part is not None}
    except (ValueError, TypeError) as error:
        raise UserError(f"GradientProbe: the probe set must be arrays, as for model.fit: {_first_line(error)}") from None
    leaves = [leaf for part in tensors.values() for leaf in keras.tree.flatten(part)]
    if any(leaf.shape.rank == 0 for leaf in leaves):
        raise UserError("GradientProbe: the probe set must be arrays, as for model.fit, and a list holds single numbers")
    counts = {leaf.shape[0] for leaf in leaves}
    if len(counts) != 1 or 0 in counts:
        told = ", ".join(f"{name} {_shapes(part)}" for name, part in tensors.items())
        raise UserError(f"GradientProbe: probe set: every array must have the same number of rows, 1 or more; given are {told}")
    return Probe(tensors.get("x"), tensors.get("y"), tensors.get("sample_weight"), counts.pop())


def prepare(model: keras.Model, probe: Probe) -> None:
    """Let Keras build what of the model and its loss is not built yet, as the first step of training would.

    Optimizer and metrics are left to training: it traces its step twice when that makes variables, which a layer could notice.

    Raises
    ------
    UserError
        If the model is not compiled, cannot be built, has no kernel or takes other inputs than the probe set's.
    """
    if not model.compiled:
        raise UserError(f"GradientProbe: model {model.name!r} has no loss; call model.compile(loss=...) first")
    check_inputs(model, probe)
    data = (probe.x, probe.y, probe.sample_weight)
    batch = [None if part is None else keras.tree.map_structure(_symbol, part) for part in data]
    try:
        with kept_generators(model.run_eagerly), replaced([(model, "optimizer", None), (model, "_compile_metrics", None)]):
            model._symbolic_build(data_batch=tuple(batch))
    except (ValueError, TypeError, RuntimeError) as error:
        raise cannot_measure(model, probe, error) from None
    if not any(True for _ in kernels(model)):
        raise UserError(
            f"GradientProbe: model {model.name!r} has no trainable weight of two or more axes, so there is no gradient to show"
        )


def check_inputs(model: keras.Model, probe: Probe) -> None:
    """Raise `UserError` if a model that knows the shape of its input takes another one than the probe set's."""
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
        f"{_first_line(error)}; give x, y and sample_weight as for fit, or precision='float32' if a layer knows no other"
    )


def _symbol(tensor: tf.Tensor) -> keras.KerasTensor:
    return keras.KerasTensor((None, *tensor.shape[1:]), tensor.dtype.name)


def _shapes(part: Any) -> Any:
    return None if part is None else keras.tree.map_structure(lambda tensor: tuple(tensor.shape), part)


def _fits(given: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    return len(given) == len(wanted) and all(w in (None, g) for g, w in zip(given[1:], wanted[1:], strict=True))


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".:") if lines else type(error).__name__
