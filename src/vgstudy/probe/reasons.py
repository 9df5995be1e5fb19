"""Say why a verdict holds, why no gradient is left, and what a verdict does not say."""

from collections.abc import Iterator, Mapping
from typing import Any

from vgstudy.formatting import listing
from vgstudy.probe.described import OFF, RECURRENT_LAYERS, SATURATING, Layers, Model
from vgstudy.probe.remedy import GLOROT, LOGITS, NO_RELU, NOT_ZERO, ONE_UNIT, SCALED, Remedy
from vgstudy.probe.rules import ALL_OFF, FLAT_OUTPUT, NO_GRADIENT, SMALLEST


def reason(verdict: str, layers: Layers) -> str | None:
    """Return why a verdict holds, naming the layer, where the rule does not say it."""
    if verdict == NO_GRADIENT:
        return lost_gradient(layers)[0]
    if verdict == "exploding":
        return _not_finite(layers)
    off = [_short(layer) for layer in layers if (layer["h_dead"] or 0) >= ALL_OFF]
    return f"all units of {listing(off)} are off" if off and verdict == "dying ReLU" else None


def _not_finite(layers: Layers) -> str | None:
    """Return which gradients are not finite, if any; those of other layers are zero or known."""
    names = [
        _short(layer)
        for layer in layers
        if layer["g_rms"] is None and (layer["g_zero_float32"] or 0) < 1
    ]
    if len(names) == len(layers):
        return "every gradient is NaN or infinite; train again, these weights do not recover"
    return f"the gradients of {listing(names)} are NaN or infinite" if names else None


def notes(verdict: str, model: Model) -> list[str]:
    """Return what a verdict does not say of a model."""
    return [*_on_time_steps(model), *_on_one_unit(verdict, model), *_on_branches(model)]


def _on_time_steps(model: Model) -> Iterator[str]:
    names = {layer["class"] for layer in model.layers} & RECURRENT_LAYERS
    if names:
        yield f"layers are compared, not the time steps inside {listing(sorted(names))}"


def _on_one_unit(verdict: str, model: Model) -> Iterator[str]:
    """Yield a note on outputs that train, because Keras computes the loss before the softmax."""
    for layer in model.layers:
        if verdict != NO_GRADIENT and _is_one_softmax(layer):
            yield (
                f"a softmax over the single unit of {_short(layer)} always predicts 1, whatever "
                f"the gradient; use {ONE_UNIT.text}"
            )


def _on_branches(model: Model) -> Iterator[str]:
    """Yield a note on layers with much less of a signal than a parallel one, which alone counts.

    Queries and keys of attention have little of it by construction.
    """
    seen = [layer for layer in model.layers if layer["stage"] and layer["delta_rms"]]
    for layer in seen:
        parallel = [each for each in seen if each["stage"] == layer["stage"]]
        largest = max(parallel, key=lambda each: float(each["delta_rms"]))
        is_weak = layer["delta_rms"] < SMALLEST * largest["delta_rms"]
        if is_weak and not _short(layer).endswith(("query", "key")):
            yield (
                f"{_short(layer)} gets less than 1/1000 of the signal of {_short(largest)}, which "
                "is parallel to it and is the one compared"
            )


def _short(layer: Mapping[str, Any]) -> str:
    """Return a layer's name without that of its kernel."""
    return str(layer["name"]).rpartition("/")[0] or str(layer["name"])


def _is_one_softmax(layer: Mapping[str, Any]) -> bool:
    return (layer["kind"], layer["units"], layer["activation"]) == ("output", 1, "softmax")


def lost_gradient(layers: Layers) -> tuple[str, Remedy]:
    """Return why no gradient reaches any layer, naming the output layer, and what to try."""
    outputs = [layer for layer in layers if layer["kind"] == "output"]
    if any(layer["zero_cause"] == "zero kernel" for layer in layers):
        return "the weights of a layer are all zero, so nothing passes it", NOT_ZERO
    if not outputs:
        return "no layer gets a gradient that could change its weights", GLOROT
    silent = [layer for layer in outputs if _is_silent(layer)]
    output = (silent or outputs)[-1]
    name = f"output layer {_short(output)}"
    if not silent and (output["delta_rms"] or 0) > FLAT_OUTPUT:
        return f"{name} sends a signal back, but what reaches it is too small", SCALED
    why, remedy = _of_the_output(name, output["activation"], output["units"])
    if output["zero_cause"] == "fitted":
        why = f"the loss does not change with the output of {name}, so it has no slope there"
    return why, remedy


def _of_the_output(name: str, activation: str, units: int) -> tuple[str, Remedy]:
    if activation == "softmax" and units == 1:
        return f"a softmax over the single unit of {name} is always 1", ONE_UNIT
    if activation in OFF:
        return f"the units of {name} are off ({activation}) on every example", NO_RELU
    if activation in SATURATING:
        return f"{name} is saturated ({activation}) on every example", LOGITS
    return f"{name} sends nothing back", GLOROT


def _is_silent(output: Mapping[str, Any]) -> bool:
    """Return whether an output layer sends next to nothing of the loss's slope back."""
    return bool((output["delta_rms"] or 0) < FLAT_OUTPUT * (output["output_signal"] or 0))
