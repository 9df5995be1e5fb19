"""The kernels of a Keras model: its trainable weights of two or more axes.

Each is one row of the probes table.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import keras

from vgstudy.probe.keras_internals import all_layers, direct_weights

NORMALISING = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.RMSNormalization,
    keras.layers.UnitNormalization,
)
# these call their inner layers once per time step, inside a loop
LOOPING = (keras.layers.RNN, keras.layers.TimeDistributed)
NUMBER_AT_END = re.compile(r"_\d+$")


@dataclass(frozen=True)
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


def kernels(model: keras.Model) -> Iterator[Kernel]:
    """Yield every kernel of a built model once, in the order in which the layers were made.

    Left out are biases, frozen weights, scales and offsets of a normalisation, slopes of a PReLU.
    """
    remaining = {id(variable) for variable in model.trainable_variables}
    around = _loops(model)
    for layer in all_layers(model):
        if isinstance(layer, (*NORMALISING, keras.layers.PReLU)):
            continue
        for variable in direct_weights(layer):
            is_kernel = len(variable.shape) > 1 and variable.name != "bias"
            if is_kernel and id(variable) in remaining:
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


def kinds(order: list[Kernel], output_sites: set[int]) -> list[str]:
    """Return the kind of each kernel, one of `schema.LAYER_KINDS`.

    output: its layer gives an output of the model; input: the first of the others; square: one of
    the largest group of equal role and shape among the rest, over which decay factors are taken;
    other: the rest.

    Parameters
    ----------
    order
        The kernels in the order of the forward pass, first the one nearest the input.
    output_sites
        `id` of the layers that give an output of the model.
    """
    named = ["output" if id(kernel.site) in output_sites else "other" for kernel in order]
    if "other" not in named:
        return named
    named[named.index("other")] = "input"
    groups: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for place, kernel in enumerate(order):
        if named[place] == "other":
            groups.setdefault((_role(kernel), tuple(kernel.variable.shape)), []).append(place)
    for place in max(groups.values(), key=len, default=[]):
        named[place] = "square"
    return named


def _role(kernel: Kernel) -> str:
    # Keras numbers weights that have no name
    return NUMBER_AT_END.sub("", kernel.name.rpartition("/")[2])
