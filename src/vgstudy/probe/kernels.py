"""The kernels of a Keras model: its trainable weights of two or more axes.

Each is one row of the probes table.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import keras
import numpy as np

from vgstudy.engine.zero_causes import Traits
from vgstudy.probe.keras_internals import all_layers

NORMALISING = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.RMSNormalization,
    keras.layers.UnitNormalization,
)
ATTENDING = (
    keras.layers.MultiHeadAttention,
    keras.layers.GroupQueryAttention,
    keras.layers.Attention,
    keras.layers.AdditiveAttention,
)
# these call their inner layers once per time step, inside a loop
LOOPING = (keras.layers.RNN, keras.layers.TimeDistributed)
NUMBER_AT_END = re.compile(r"_\d+$")


@dataclass(frozen=True, eq=False)
class Kernel:
    """A trainable weight of two or more axes and the layer at whose output its signals are seen.

    Attributes
    ----------
    name
        The weight's path in the model, such as `dense_1/kernel`.
    variable
        The weight.
    site
        The layer that owns it, or the recurrent or time-distributed layer around that one.
    """

    name: str
    variable: keras.Variable
    site: keras.Layer

    @property
    def fans(self) -> tuple[int, int]:
        """Inputs and outputs of a unit: the last two axes, each times the receptive field."""
        *field, inputs, outputs = self.variable.shape
        return inputs * prod(field), outputs * prod(field)

    @property
    def mean_bias(self) -> float:
        """The mean of the biases of its layer, or of that layer's recurrent cell; 0 if none."""
        biases: Any = getattr(getattr(self.site, "cell", self.site), "bias", None)
        is_known = isinstance(biases, keras.Variable)
        return float(np.mean(biases.value.numpy())) if is_known else 0.0

    @property
    def role(self) -> tuple[str, tuple[int, ...]]:
        """Its name in the layer and its shape; Keras numbers weights that have no name."""
        name = NUMBER_AT_END.sub("", self.name.rpartition("/")[2])
        return name, tuple(self.variable.shape)

    @property
    def unit_axis(self) -> int:
        """The axis of its layer's output along which the units, or channels, lie."""
        return 1 if getattr(self.site, "data_format", None) == "channels_first" else -1


@dataclass(frozen=True)
class Layer:
    """A kernel as the forward pass met it.

    Attributes
    ----------
    kernel, kind
        The kernel and its kind, one of `schema.LAYER_KINDS`.
    stage, sources
        See `order.places`; 0 and None if the forward pass never met it or shows no graph.
    units, positions
        Units and positions (pixels, time steps) of the layer's output.
    activation
        The name of the activation that follows; empty if there is none.
    traits
        What is known of that activation; None if it is not elementwise.
    is_reached
        Whether the loss depends on the kernel.
    bias
        The mean bias of its layer when `fit` began; 0 without biases.
    """

    kernel: Kernel
    kind: str
    stage: int
    sources: frozenset[int] | None
    units: int
    positions: int
    activation: str
    traits: Traits | None
    is_reached: bool
    bias: float = 0.0

    def description(self) -> dict[str, Any]:
        """Return what a diagnosis needs to know, as JSON values."""
        return {
            "name": self.kernel.name,
            "class": type(self.kernel.site).__name__,
            "stage": self.stage,
            "units": self.units,
            "positions": self.positions,
            "activation": self.activation,
            "bias": self.bias,
        }


def kernels(model: keras.Model) -> Iterator[Kernel]:
    """Yield every kernel of a built model once, in the order in which the layers were made.

    Left out are biases, frozen weights, scales and offsets of a normalisation, slopes of a PReLU.
    """
    remaining = {id(variable) for variable in model.trainable_variables}
    around = _loops(model)
    for layer in all_layers(model):
        if isinstance(layer, (*NORMALISING, keras.layers.PReLU)):
            continue
        inside = {id(each) for inner in all_layers(layer)[1:] for each in inner.trainable_variables}
        for variable in layer.trainable_variables:
            is_kernel = len(variable.shape) > 1 and variable.name != "bias"
            if is_kernel and id(variable) in remaining - inside:
                remaining.remove(id(variable))
                name = variable.path.removeprefix(f"{model.name}/")
                yield Kernel(name, variable, around.get(id(layer), layer))


def _loops(model: keras.Model) -> dict[int, keras.Layer]:
    """Map the `id` of each layer inside a loop to the outermost layer that loops."""
    around: dict[int, keras.Layer] = {}
    for layer in all_layers(model):
        if isinstance(layer, LOOPING):
            for inner in all_layers(layer):
                around.setdefault(id(inner), around.get(id(layer), layer))
    return around


def kinds(order: list[Kernel], stages: list[int], output_sites: set[int]) -> list[str]:
    """Return the kind of each kernel, one of `schema.LAYER_KINDS`.

    output: its layer gives an output of the model; input: the first of the others; square: one of
    the largest group of equal role among the rest that follow each other, over which decay factors
    are taken; other: the rest.

    `order` is that of the forward pass, `output_sites` are `id` of the layers that give an output.
    """
    named = ["output" if id(kernel.site) in output_sites else "other" for kernel in order]
    if "other" not in named:
        return named
    named[named.index("other")] = "input"
    groups: dict[Any, list[int]] = {}
    for kernel, stage, kind in zip(order, stages, named, strict=True):
        if kind == "other":
            groups.setdefault(kernel.role, []).append(stage)
    chains = {role: len(group) for role, group in groups.items() if len(group) == len(set(group))}
    largest = max(chains, key=lambda role: chains[role], default=None)
    return [
        "square" if kind == "other" and kernel.role == largest else kind
        for kernel, kind in zip(order, named, strict=True)
    ]
