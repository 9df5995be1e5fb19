"""What a forward pass through any Keras model shows of its layers with kernels: pre-activations and
activations."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from vgstudy.config.keras_names import MIXES_UNITS, REGISTRY
from vgstudy.probe.kernels import NORMALISING
from vgstudy.probe.replacing import replaced

Function = Callable[[tf.Tensor], tf.Tensor]

DROPPING = (
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.AlphaDropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
)
ACTIVATING = (
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.ELU,
    keras.layers.PReLU,
    keras.layers.Softmax,
)


@dataclass
class Call:
    """One call of a layer with kernels.

    Attributes
    ----------
    site
        The layer.
    z
        Its pre-activations, None where the layer does not tell.
    u, h, function
        Input and output of the elementwise activation that follows, inside the layer or after it
        and a normalisation; u and function are None where there is none.
    """

    site: keras.Layer
    z: tf.Tensor | None
    u: tf.Tensor | None
    h: tf.Tensor
    function: Function | None


class Recorder:
    """Listens to one forward pass.

    Attributes
    ----------
    calls
        For each layer with kernels, by `id` and in the order of the first call, its calls.
    """

    def __init__(self, model: keras.Model, sites: Iterable[keras.Layer]) -> None:
        self.model = model
        self.sites = {id(site): site for site in sites}
        self.calls: dict[int, list[Call]] = {}
        self._origin: dict[
            int, tuple[Call, tf.Tensor]
        ] = {}  # by id of a tensor, which is kept so that the id stays its own
        self._inside: dict[int, Call] = {}

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Listen to the model for the length of a block."""
        changes: list[tuple[Any, str, Any]] = []
        for layer in {id(layer): layer for layer in self.model._flatten_layers()}.values():
            if id(layer) in self.sites:
                changes.append((layer, "call", self._site(layer, layer.call)))
                if callable(layer.__dict__.get("activation")) and not isinstance(
                    layer, keras.layers.RNN
                ):
                    changes.append((layer, "activation", self._activation(layer, layer.activation)))
            elif isinstance(layer, ACTIVATING):
                changes.append((layer, "call", self._activating(layer, layer.call)))
            elif isinstance(layer, (*NORMALISING, *DROPPING)):
                changes.append((layer, "call", self._passing(layer.call)))
        with replaced(changes):
            yield

    def givers(self, outputs: Any) -> set[int]:
        """`id` of the layers with kernels that give the model's outputs; the one called last if
        none does so directly."""
        found = {
            id(self._origin[id(t)][0].site)
            for t in keras.tree.flatten(outputs)
            if id(t) in self._origin
        }
        return found or set(list(self.calls)[-1:])

    def _site(self, layer: keras.Layer, call: Callable[..., Any]) -> Callable[..., Any]:
        def listening(*args: Any, **kwargs: Any) -> Any:
            outputs = call(*args, **kwargs)
            first = keras.tree.flatten(outputs)[0]
            made = self._inside.pop(id(layer), Call(layer, None, None, first, None))
            self.calls.setdefault(id(layer), []).append(made)
            self._origin[id(first)] = made, first
            return outputs

        return listening

    def _activation(self, layer: keras.Layer, function: Function) -> Function:
        def listening(z: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
            h = function(z, *args, **kwargs)
            self._inside[id(layer)] = Call(layer, z, z, h, elementwise(function))
            return h

        return listening

    def _activating(self, layer: keras.Layer, call: Callable[..., Any]) -> Callable[..., Any]:
        def listening(u: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
            h = call(u, *args, **kwargs)
            if id(u) in self._origin:
                made = self._origin[id(u)][0]
                if made.function in (None, keras.activations.linear):
                    plain = layer.activation if isinstance(layer, keras.layers.Activation) else call
                    made.u, made.h, made.function = (
                        u,
                        h,
                        None if isinstance(layer, keras.layers.Softmax) else elementwise(plain),
                    )
                self._origin[id(h)] = made, h
            return h

        return listening

    def _passing(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def listening(u: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
            h = call(u, *args, **kwargs)
            if id(u) in self._origin:
                self._origin[id(h)] = self._origin[id(u)][0], h
            return h

        return listening


MIXING = {name for name, entry in REGISTRY["activation"].items() if entry.refused == MIXES_UNITS}


def elementwise(function: Function | None) -> Function | None:
    """The function, or None for one that mixes the units of a layer."""
    return None if getattr(function, "__name__", "") in MIXING else function
