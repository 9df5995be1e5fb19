"""What to try after a verdict, and why no gradient is left."""

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from vgstudy.formatting import listing
from vgstudy.probe.evidence import (
    ATTENTION,
    CONVOLUTION,
    DENSE,
    RECURRENT,
    Tried,
    evidence_for,
    helps,
    share_learned,
)
from vgstudy.probe.rules import ALL_OFF, FLAT_OUTPUT, HEALTHY, NO_GRADIENT, SMALLEST

Layers = Sequence[Mapping[str, Any]]  # of a diagnosis

RECURRENT_LAYERS = {"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM2D"}
OFF = {"relu", "relu6", "ReLU"}
SIGMOID = {"sigmoid", "hard_sigmoid"}
SATURATING = SIGMOID | {"tanh", "softsign", "softmax"}
RECTIFYING = OFF | {"leaky_relu", "elu", "gelu", "silu", "swish"}
CLIPPED = "global_clipnorm=1 in the optimizer"
# factor within which the size of a model's weights counts as that of an initializer
NEAR = 1.3


class Remedy(NamedTuple):
    """What to try, and which study or kinds of models tried it."""

    text: str
    tried: Tried = Tried()


class Model(NamedTuple):
    """What advice needs to know of a model.

    Attributes
    ----------
    layers
        Those of a diagnosis.
    is_plain
        Whether it is a chain of dense layers, for which the networks of studies speak.
    is_normalised, merges, attends
        Whether it has normalisation layers; a layer that takes the outputs of several, as with skip
        connections; an attention layer.
    was_healthy
        Whether the first measured epoch was healthy, so that training brought the fault.
    """

    layers: Layers
    is_plain: bool
    is_normalised: bool
    merges: bool
    attends: bool
    was_healthy: bool

    @property
    def kind(self) -> str:
        """The kind of model whose evidence fits best."""
        if self.attends:
            return ATTENTION
        classes = {layer["class"] for layer in self.layers}
        if classes & RECURRENT_LAYERS:
            return RECURRENT
        return CONVOLUTION if any("Conv" in name for name in classes) else DENSE

    @property
    def activations(self) -> set[str]:
        """Those of the layers below the output."""
        return {layer["activation"] for layer in self.layers if layer["kind"] != "output"}

    def is_initialised_as(self, gain: float, of_inputs: bool) -> bool:
        """Return whether the weights have, in the geometric mean, the size of an initializer.

        `gain` is the variance times the number of inputs or, for Glorot's, times the mean number
        of inputs and outputs.
        """
        sizes = [
            layer["first_weights"] * sqrt(_fans(layer, of_inputs) / gain)
            for layer in self.layers
            if layer["kind"] != "output" and layer["first_weights"]
        ]
        return bool(sizes) and abs(np.mean(np.log(sizes))) < np.log(NEAR)


def _fans(layer: Mapping[str, Any], of_inputs: bool) -> float:
    inputs, outputs = layer["fan_in"], layer["fan_out"]
    return float(inputs if of_inputs else (inputs + outputs) / 2)


HE = Remedy("he_normal as kernel initializer", Tried(("ReLU", "He", "none"), {CONVOLUTION: 5}))
GLOROT = Remedy(
    "glorot_uniform as kernel initializer", Tried(("tanh", "Xavier", "none"), {DENSE: 16})
)
NOT_SIGMOID = Remedy(
    "relu with he_normal instead of sigmoid",
    Tried(("ReLU", "He", "none"), {DENSE: 1, CONVOLUTION: 6}),
)
LEAKY = Remedy("leaky_relu instead of relu", Tried(("leaky ReLU (.2)", "He", "none")))
SELU = Remedy("selu with lecun_normal as kernel initializer", Tried(("SELU", "LeCun", "none")))
SCALED = Remedy(
    "inputs scaled to mean 0 and variance 1, such as by a Normalization layer",
    Tried(families={DENSE: 2}),
)
SMALLER = Remedy(
    "weights of ordinary size: Keras' default initializers", Tried(families={RECURRENT: 10})
)
LARGER = Remedy(SMALLER.text, Tried(families={RECURRENT: 13}))
FORGET_GATES = Remedy(
    "forget gates that start open: Keras' default biases",
    Tried(families={RECURRENT: 12}),
)
UPDATE_GATES = Remedy(
    "update gates that start half open: Keras' default biases", Tried(families={RECURRENT: 11})
)
GATED = Remedy("GRU or LSTM layers instead of SimpleRNN")
BLOCKS = Remedy(
    "layer normalisation and a skip connection around each block", Tried(families={ATTENTION: 9})
)
SLOWER = Remedy(
    "a smaller learning rate: training brought the fault", Tried(families={CONVOLUTION: 15})
)
UNBIASED = Remedy("biases that start at 0", Tried(families={CONVOLUTION: 20}))
ONE_UNIT = Remedy(
    "sigmoid with binary_crossentropy for the single unit", Tried(families={DENSE: 18})
)
NO_RELU = Remedy("no activation in the output layer", Tried(families={DENSE: 4}))
LOGITS = Remedy(
    "no activation in the output layer; for classes a crossentropy with from_logits=True"
)
NOT_ZERO = Remedy("a kernel initializer other than zeros, such as glorot_uniform")


def remedies(verdict: str, model: Model) -> list[str]:
    """Return what to try with its evidence, the most promising first, at most two."""
    if verdict == HEALTHY:
        return []
    if verdict == NO_GRADIENT:
        candidates = [lost_gradient(model.layers)[1]]
    else:
        late = [SLOWER] if model.was_healthy else []
        candidates = [*late, *_of_verdict(verdict, model)]
    kind = None if model.is_plain else model.kind
    # a stable sort, and only of those that studies tried
    candidates = [each for each in candidates if helps(each.tried, kind)]
    if model.is_plain:
        candidates.sort(key=lambda each: share_learned(each.tried), reverse=True)
    some = candidates[:2] or [another_rate(model)]
    return [f"{each.text} ({evidence_for(each.tried, kind)})" for each in some]


def _of_verdict(verdict: str, model: Model) -> Iterator[Remedy]:
    """Yield remedies for a fault, without what the model has already."""
    if verdict == "dying ReLU":
        if any(layer["first_bias"] < 0 for layer in model.layers):
            yield UNBIASED
        yield from (LEAKY, SELU)
    elif verdict == "saturated":
        yield from _initializers(model)
        if not model.was_healthy:
            yield SCALED
    elif model.kind == RECURRENT:
        yield from _for_time_series(verdict, model)
    else:
        yield from _for_layers(verdict, model)
    yield from _normalisations(model)
    if model.is_plain:
        yield another_rate(model)


def _for_layers(verdict: str, model: Model) -> Iterator[Remedy]:
    if verdict == "vanishing" and model.activations & SIGMOID:
        yield NOT_SIGMOID
        return
    yield from _initializers(model)
    if verdict == "exploding":
        yield Remedy(CLIPPED, Tried((*_level(model), "clipping")))
    elif not model.merges and model.kind != ATTENTION:
        text = "a skip connection around every two layers"
        yield Remedy(text, Tried((*_level(model), "skip")))


def _initializers(model: Model) -> Iterator[Remedy]:
    """Yield the initializer that suits the activation.

    None where the weights have that size already, or had served the model well at first.
    """
    if model.was_healthy:
        return
    is_he = model.is_initialised_as(2, of_inputs=True)
    is_glorot = model.is_initialised_as(1, of_inputs=False)
    if model.activations & RECTIFYING and model.kind != ATTENTION:
        yield from [] if is_he else [HE]
    elif not (is_glorot or (is_he and not model.activations & SATURATING)):
        yield GLOROT


def _for_time_series(verdict: str, model: Model) -> Iterator[Remedy]:
    if not (model.was_healthy or model.is_initialised_as(1, of_inputs=False)):
        yield LARGER if verdict == "vanishing" else SMALLER
    if verdict == "exploding":
        yield Remedy(CLIPPED)
        return
    biases = {layer["class"]: layer["first_bias"] for layer in model.layers}
    if biases.get("LSTM", 0) < 0:
        yield FORGET_GATES
    if biases.get("GRU", 0) > 0:
        yield UPDATE_GATES
    if "SimpleRNN" in biases:
        yield GATED


def another_rate(model: Model) -> Remedy:
    """Return that a network of this activation learns without any remedy, if that is so."""
    text = "another learning rate, from .1 to 10 times this one"
    return Remedy(text, Tried((*_level(model), "none")))


def _normalisations(model: Model) -> Iterator[Remedy]:
    """Yield normalisation as it served networks of the same kind and activation."""
    if model.kind == ATTENTION and not (model.is_normalised and model.merges):
        yield BLOCKS
    if model.is_normalised or model.kind == ATTENTION:
        return
    text = "a normalisation layer after each layer"
    if model.activations & SIGMOID:
        tried = Tried(("sigmoid", "Xavier", "batch norm after"), {CONVOLUTION: 6, DENSE: 3})
        yield Remedy(f"{text}'s activation", tried)
    else:
        yield Remedy(text, Tried((*_level(model), "batch norm"), {CONVOLUTION: 7, DENSE: 3}))


def _level(model: Model) -> tuple[str, str]:
    """Return activation and initializer of the study's networks that are most like a model."""
    if model.activations & SIGMOID:
        return "sigmoid", "Xavier"
    return ("tanh", "Xavier") if model.activations & SATURATING else ("ReLU", "He")


def reason(verdict: str, layers: Layers) -> str | None:
    """Return why a verdict holds, naming the layer, where the rule does not say it."""
    if verdict == NO_GRADIENT:
        return lost_gradient(layers)[0]
    off = [_short(layer) for layer in layers if (layer["h_dead"] or 0) >= ALL_OFF]
    return f"all units of {listing(off)} are off" if off and verdict == "dying ReLU" else None


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
