"""Why a verdict holds, and what to try: one or two remedies that fit the model."""

from collections.abc import Mapping, Sequence
from typing import Any

from vgstudy.formatting import percent
from vgstudy.probe.error_rates import Rows
from vgstudy.probe.rules import NO_GRADIENT

Layers = Sequence[Mapping[str, Any]]  # of a diagnosis
# a remedy, with activation and initializer of the study's networks that show what it does
Remedy = tuple[str, tuple[str, str] | None]

RECURRENT = {"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM2D"}
OFF = {"relu", "relu6", "ReLU"}
SIGMOID = {"sigmoid", "hard_sigmoid"}
SATURATING = SIGMOID | {"tanh", "softsign", "softmax"}
OTHERWISE = "a smaller learning rate, or glorot_uniform as kernel initializer"
ALWAYS = {
    "vanishing": "skip connections or a normalisation layer after each layer",
    "exploding": "a normalisation layer after each layer, or clipnorm=1.0 in the optimizer",
    "dying ReLU": "leaky_relu, or more units: a narrow layer dies more easily",
    "saturated": "inputs scaled to mean 0 and variance 1",
    NO_GRADIENT: "inputs and targets scaled to mean 0 and variance 1",
}


def remedies(verdict: str, layers: Layers, was_healthy: bool, rows: Rows) -> list[str]:
    """Return what to try, the most promising first, at most two.

    Parameters
    ----------
    was_healthy
        Whether the first measured epoch was healthy, so that training brought the fault.
    rows
        The validation table `diagnosis`, whose shares are cited; empty for none.
    """
    if verdict not in ALWAYS:
        return []
    first: Remedy
    if verdict == NO_GRADIENT:
        first = lost_gradient(layers)[1], None
    elif was_healthy:
        first = "a smaller learning rate: training brought the fault", None
    else:
        first = _of_the_start(verdict, layers)
    return [text + _share(settings, rows) for text, settings in (first, (ALWAYS[verdict], None))]


def _of_the_start(verdict: str, layers: Layers) -> Remedy:
    hidden = {layer["activation"] for layer in layers if layer["kind"] != "output"}
    is_recurrent = any(layer["class"] in RECURRENT for layer in layers)
    if verdict == "vanishing" and is_recurrent:
        return "an LSTM with the forget gate open (unit_forget_bias=True) or a GRU", None
    if verdict == "vanishing" and hidden & SIGMOID:
        return "relu with he_normal instead of sigmoid", ("ReLU", "He")
    if hidden & SATURATING:
        return "glorot_uniform as kernel initializer", ("tanh", "Xavier")
    return "he_normal as kernel initializer", ("ReLU", "He")


def lost_gradient(layers: Layers) -> tuple[str, str]:
    """Return why no gradient reaches any layer, naming the output layer, and what to try."""
    outputs = [layer for layer in layers if layer["kind"] == "output"]
    if any(layer["zero_cause"] == "zero kernel" for layer in layers):
        return (
            "the weights of a layer are all zero, so nothing passes it",
            "a kernel initializer other than zeros, such as glorot_uniform",
        )
    if not outputs:
        return "no layer gets a gradient that could change its weights", OTHERWISE
    output = outputs[-1]
    name = f"output layer {output['name'].rpartition('/')[0] or output['name']}"
    why, remedy = _of_the_output(name, output["activation"], output["units"])
    if output["zero_cause"] == "fitted":
        why = f"the loss does not change with the output of {name}, so it has no slope there"
    return why, remedy


def _of_the_output(name: str, activation: str, units: int) -> tuple[str, str]:
    if activation == "softmax" and units == 1:
        return (
            f"a softmax over the single unit of {name} is always 1",
            "sigmoid with binary_crossentropy for the single unit",
        )
    if activation in OFF:
        return (
            f"the units of {name} are off ({activation}) on every example",
            "no activation in the output layer",
        )
    if activation in SATURATING:
        return (
            f"{name} is saturated ({activation}) on every example",
            "no activation in the output layer and a loss with from_logits=True",
        )
    return f"{name} sends nothing back", OTHERWISE


def _share(settings: tuple[str, str] | None, rows: Rows) -> str:
    """Return which share of the study's deep networks with these settings learned."""
    for row in rows:
        if (row["activation"], row["initializer"]) == settings:
            share = percent(row["learned"] / (row["learned"] + row["failed"]))
            return f" ({share} of the study's deep networks with {' and '.join(settings)} learned)"
    return ""
