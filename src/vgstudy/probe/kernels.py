"""The kernels of any Keras model: its trainable weights of two or more axes, one row of the probes
table each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import keras

NORMALISING = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.RMSNormalization,
    keras.layers.UnitNormalization,
)
NUMBERED = re.compile(r"_\d+$")
LOOPING = (
    keras.layers.RNN,
    keras.layers.TimeDistributed,
)  # call their inner layers once per time step, out of sight


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
        """Inputs and outputs of a unit as Keras counts them: the last two axes, each times the
        receptive field."""
        *field, into, out = self.variable.shape
        return into * prod(field), out * prod(field)


def kernels(model: keras.Model) -> Iterator[Kernel]:
    """Every kernel of a built model once, in the order in which the layers were made.

    Scales and offsets of normalisation, slopes of a PReLU, biases and frozen weights are no
    kernels.
    """
    trainable = {id(variable) for variable in model.trainable_variables}
    around: dict[int, keras.Layer] = {}
    seen: set[int] = set()
    for layer in model._flatten_layers():
        if isinstance(layer, LOOPING):
            for inner in layer._flatten_layers():
                around.setdefault(id(inner), around.get(id(layer), layer))
        if isinstance(layer, (*NORMALISING, keras.layers.PReLU)):
            continue
        for variable in layer._trainable_variables:
            if (
                id(variable) in trainable - seen
                and len(variable.shape) > 1
                and variable.name != "bias"
            ):
                seen.add(id(variable))
                yield Kernel(
                    variable.path.removeprefix(f"{model.name}/"),
                    variable,
                    around.get(id(layer), layer),
                )


def kinds(order: list[Kernel], last: set[int]) -> list[str]:
    """The kind of each kernel, in the order of the forward pass; the names are those of
    `schema.LAYER_KINDS`.

    output: its layer gives an output of the model; input: the first of the others; square: one of
    the largest group of equal role and shape among the rest, over which decay factors are taken;
    other: the rest.

    Parameters
    ----------
    order
        The kernels, first the one nearest the input.
    last
        `id` of the layers that give an output of the model.
    """
    found = ["output" if id(kernel.site) in last else "other" for kernel in order]
    if "other" not in found:
        return found
    found[found.index("other")] = "input"
    groups: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for place, kernel in enumerate(order):
        if found[place] == "other":
            role = NUMBERED.sub(
                "", kernel.name.rpartition("/")[2]
            )  # Keras numbers weights without a name
            groups.setdefault((role, tuple(kernel.variable.shape)), []).append(place)
    for place in max(groups.values(), key=len, default=[]):
        found[place] = "square"
    return found
