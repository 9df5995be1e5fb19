"""What reasons and advice need to know of a model."""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from vgstudy.probe.evidence import ATTENTION, CONVOLUTION, DENSE, RECURRENT

Layers = Sequence[Mapping[str, Any]]  # of a diagnosis

RECURRENT_LAYERS = {"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM2D"}
OFF = {"relu", "relu6", "ReLU"}
SIGMOID = {"sigmoid", "hard_sigmoid"}
SATURATING = SIGMOID | {"tanh", "softsign", "softmax"}
RECTIFYING = OFF | {"leaky_relu", "elu", "gelu", "silu", "swish"}
# factor within which the size of a model's weights counts as that of an initializer
NEAR = 1.3


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
