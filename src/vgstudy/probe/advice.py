"""Why a verdict holds, and what to try: one or two remedies that fit the model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vgstudy.formatting import percent

Layer = Mapping[str, Any]  # of `diagnosis`, with the fields of `passes.Measurer.structure`
Rows = Sequence[Mapping[str, Any]]  # of the validation table `diagnosis`

RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM2D")
OFF = ("relu", "relu6", "ReLU")
SATURATING = ("sigmoid", "hard_sigmoid", "tanh", "softmax", "softsign")


def why_no_gradient(layers: Sequence[Layer]) -> str:
    """Name the output layer and say why it sends nothing back."""
    outputs = [layer for layer in layers if layer["kind"] == "output"]
    if _has_zero_kernel(layers):
        return "the weights of a layer are all zero, so nothing passes it"
    if not outputs:
        return "no layer gets a gradient that could change its weights"
    layer = outputs[-1]
    name, activation = layer["name"].rpartition("/")[0] or layer["name"], layer["activation"]
    if layer["zero_cause"] == "fitted":
        return f"the loss does not change with the output of layer {name}, so it has no slope there"
    if activation == "softmax" and layer["units"] == 1:
        return f"a softmax over the single unit of output layer {name} is always 1"
    if activation in OFF:
        return f"the units of output layer {name} are off ({activation}) on every example"
    if activation in SATURATING:
        return f"output layer {name} is saturated ({activation}) on every example"
    return f"output layer {name} sends nothing back"


def remedies(
    verdict: str, layers: Sequence[Layer], was_healthy: bool, is_plain: bool, rows: Rows
) -> list[str]:
    """Return what to try, the most promising first, at most two.

    Parameters
    ----------
    was_healthy
        Whether the first measured epoch was healthy, so that training brought the fault.
    is_plain
        Whether the model is a plain chain of dense layers, as the networks of the study are.
    rows
        The validation table `diagnosis`; its shares are cited for plain models.
    """
    candidates = {
        "vanishing": _for_vanishing,
        "exploding": _for_exploding,
        "dying ReLU": _for_dying,
        "saturated": _for_saturated,
        "no gradient": _for_no_gradient,
    }
    if verdict not in candidates:
        return []
    chosen = list(candidates[verdict](layers, was_healthy))[:2]
    if not is_plain:
        return [text for text, _ in chosen]
    return [text + _share(settings, rows) for text, settings in chosen]


Remedy = tuple[str, tuple[str, str] | None]


def _for_vanishing(layers: Sequence[Layer], was_healthy: bool) -> Iterator[Remedy]:
    names = _activations(layers)
    if _is_recurrent(layers):
        yield "an LSTM with the forget gate open (unit_forget_bias=True) or a GRU", None
        yield "fewer recurrent layers, or a skip connection around each", None
    elif names & {"sigmoid", "hard_sigmoid"}:
        yield "relu with he_normal instead of sigmoid", ("ReLU", "He")
        yield "tanh with glorot_uniform instead of sigmoid", ("tanh", "Xavier")
    elif names & {"tanh", "softsign"}:
        yield "glorot_uniform as kernel initializer", ("tanh", "Xavier")
    elif names:
        yield "he_normal as kernel initializer", ("ReLU", "He")
    if was_healthy:
        yield "a smaller learning rate: training made the signal vanish", None
    yield "skip connections or a normalisation layer after each layer", None


def _for_exploding(layers: Sequence[Layer], was_healthy: bool) -> Iterator[Remedy]:
    if was_healthy:
        yield "a smaller learning rate, or clipnorm=1.0 in the optimizer", None
    relu = bool(_activations(layers) & set(OFF))
    initializer, settings = ("he_normal", ("ReLU", "He")) if relu else ("glorot_uniform", None)
    yield f"{initializer} as kernel initializer: the weights are too large", settings
    yield "a normalisation layer after each layer, or clipnorm=1.0 in the optimizer", None


def _for_dying(_layers: Sequence[Layer], was_healthy: bool) -> Iterator[Remedy]:
    if was_healthy:
        yield "a smaller learning rate: training switched the units off", None
    else:
        yield "he_normal as kernel initializer, and biases that start at 0", ("ReLU", "He")
    yield "leaky_relu, or more units: a narrow layer dies more easily", None


def _for_saturated(_layers: Sequence[Layer], was_healthy: bool) -> Iterator[Remedy]:
    if was_healthy:
        yield "a smaller learning rate: training drove the units into saturation", None
    else:
        yield "glorot_uniform as kernel initializer: the weights are too large", ("tanh", "Xavier")
    yield "inputs scaled to mean 0 and variance 1", None


def _for_no_gradient(layers: Sequence[Layer], was_healthy: bool) -> Iterator[Remedy]:
    outputs = [layer for layer in layers if layer["kind"] == "output"]
    last = outputs[-1] if outputs else {"activation": "", "units": 0}
    if _has_zero_kernel(layers):
        yield "a kernel initializer other than zeros, such as glorot_uniform", None
    elif last["activation"] == "softmax" and last["units"] == 1:
        yield "sigmoid with binary_crossentropy for the single unit", None
    elif last["activation"] in OFF:
        yield "no activation in the output layer", None
    elif last["activation"] in SATURATING:
        yield "no activation in the output layer and a loss with from_logits=True", None
        yield "targets in the activation's range, and inputs scaled to mean 0 and variance 1", None
    elif was_healthy:
        yield "a smaller learning rate", None
    else:
        yield "he_normal or glorot_uniform as kernel initializer, and inputs of variance 1", None


def _has_zero_kernel(layers: Sequence[Layer]) -> bool:
    return any(layer["zero_cause"] == "zero kernel" for layer in layers)


def _activations(layers: Sequence[Layer]) -> set[str]:
    return {str(layer["activation"]) for layer in layers if layer["kind"] != "output"} - {"linear"}


def _is_recurrent(layers: Sequence[Layer]) -> bool:
    return any(layer["class"] in RECURRENT for layer in layers)


def _share(settings: tuple[str, str] | None, rows: Rows) -> str:
    """Return which share of the study's deep networks with these settings learned."""
    for row in rows:
        if (row["activation"], row["initializer"]) == settings:
            share = percent(row["learned"] / (row["learned"] + row["failed"]))
            return f" ({share} of the study's deep networks with {' and '.join(settings)} learned)"
    return ""
