"""Check a model before it is measured; each mistake is one line."""

from collections.abc import Sequence
from typing import Any
from warnings import warn

import keras
import tensorflow as tf

from vgstudy.errors import UserError
from vgstudy.formatting import listing
from vgstudy.probe.error_text import ERRORS, reason
from vgstudy.probe.global_state import generators_kept
from vgstudy.probe.keras_internals import build, check_keras
from vgstudy.probe.passes import Measurer
from vgstudy.probe.probe_set import ProbeSet, shapes
from vgstudy.probe.weights import kernels


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
        If the model is not compiled, cannot be built, has no kernel or takes other inputs than the
        probe set's.
    """
    check_keras(model)
    if not model.compiled:
        raise UserError(
            f"GradientProbe: model {model.name!r} has no loss; call model.compile(loss=...) first"
        )
    check_inputs(model, probe)
    data = (probe.x, probe.y, probe.sample_weight)
    batch = [None if part is None else keras.tree.map_structure(_symbol, part) for part in data]
    try:
        with generators_kept(model.run_eagerly):
            build(model, tuple(batch))
    except ERRORS as error:
        raise cannot_measure(model, probe, error) from None
    if not any(True for _ in kernels(model)):
        raise UserError(
            f"GradientProbe: model {model.name!r} has no trainable weight of two or more axes, "
            "so there is no gradient to show"
        )


def check_inputs(model: keras.Model, probe: ProbeSet) -> None:
    """Raise `UserError` if the model's known input shape differs from that of the probe set."""
    expected, actual = getattr(model, "input_shape", None), shapes(probe.x)
    known = isinstance(expected, tuple) and isinstance(actual, tuple)
    if known and not _fits(actual, expected):  # type: ignore[arg-type]
        raise UserError(
            f"GradientProbe: probe set: x has the shape {actual}, model {model.name!r} takes "
            f"{expected}; use the same x as for model.fit"
        )


def check_reached(model: keras.Model, measurer: Measurer) -> None:
    """Warn about kernels on which the loss does not depend, as `fit` does.

    Raises
    ------
    UserError
        If it depends on none.
    """
    names = listing(measurer.unreached)
    causes = (
        "the layer is not used, its output has no loss, or an operation after it has no derivative"
    )
    if len(measurer.unreached) == len(measurer.order):
        raise UserError(
            f"GradientProbe: the loss of model {model.name!r} does not reach {names}: {causes}; "
            "repair the model"
        )
    if measurer.unreached:
        warn(
            f"GradientProbe: the loss of model {model.name!r} does not reach {names}: {causes}; "
            "its gradients are left empty",
            stacklevel=2,
        )


def warn_of_precision(
    model: keras.Model, measurers: Sequence[Measurer], errors: Sequence[Exception]
) -> str:
    """Warn that a model can be measured in one precision only, and return that precision."""
    precision = measurers[0].dtype
    warn(
        f"GradientProbe: model {model.name!r} is measured in {precision} only "
        f"({reason(errors[0])})",
        stacklevel=2,
    )
    return precision


def cannot_measure(model: keras.Model, probe: ProbeSet, error: Exception) -> UserError:
    """Return the error about a pass that Keras or TensorFlow refused."""
    remedy = "use x, y and sample_weight as for fit"
    if type(model).call in (keras.Model.call, keras.Layer.call):
        remedy = "give the model a call() that does the forward pass, and compile it with a loss"
    elif "No loss to compute" in str(error):
        remedy = "compile the model with the loss that its train_step minimises"
    return UserError(
        f"GradientProbe: model {model.name!r} cannot be run on the probe set, x {shapes(probe.x)} "
        f"and y {shapes(probe.y)}: {reason(error)}; {remedy}"
    )


def check_finite(model: keras.Model, probe: ProbeSet) -> None:
    """Raise `UserError` if the probe set has numbers that are not finite.

    To be called when the loss is not finite: it is these numbers that would be diagnosed.
    """
    if not probe.is_finite():
        raise UserError(
            "GradientProbe: the probe set holds numbers that are not finite (NaN or infinite), "
            f"and so is the loss of model {model.name!r} on it; leave out or fix these examples"
        )


def _symbol(tensor: tf.Tensor) -> keras.KerasTensor:
    return keras.KerasTensor((None, *tensor.shape[1:]), tensor.dtype.name)


def _fits(actual: tuple[Any, ...], expected: tuple[Any, ...]) -> bool:
    if len(actual) != len(expected):
        return False
    return all(e in (None, a) for a, e in zip(actual[1:], expected[1:], strict=True))
