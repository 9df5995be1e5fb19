"""Record pre-activations and activations of the layers with kernels during one forward pass."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from vgstudy.config.keras_names import MIXES_UNITS, REGISTRY
from vgstudy.probe.keras_internals import all_layers, replaced
from vgstudy.probe.kernels import NORMALISING

Function = Callable[[tf.Tensor], tf.Tensor]

DROPPING = (
    keras.layers.Dropout,
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
MIXING = {name for name, entry in REGISTRY["activation"].items() if entry.refused == MIXES_UNITS}


@dataclass
class Call:
    """One call of a layer with kernels.

    Attributes
    ----------
    site
        The layer.
    output
        Its first output.
    z
        Its pre-activations, None where they cannot be seen.
    u, h, function
        Input and output of the elementwise activation that follows, inside the layer or after it
        and a normalisation; u and function are None where there is none.
    activation
        The name of the activation that follows, elementwise or not; empty if there is none.
    """

    site: keras.Layer
    output: Any
    z: tf.Tensor | None
    u: tf.Tensor | None
    h: tf.Tensor
    function: Function | None
    activation: str = ""


class Recorder:
    """Records the calls of a model's layers while it is attached.

    Attributes
    ----------
    calls
        The calls of each layer with kernels, by `id` of the layer and in the order of its first.
    """

    def __init__(self, model: keras.Model, sites: Iterable[keras.Layer]) -> None:
        self.model = model
        self.sites = {id(site): site for site in sites}
        self.calls: dict[int, list[Call]] = {}
        # by id of a tensor; the tensor is kept too, so that no other gets its id
        self._origin: dict[int, tuple[Call, tf.Tensor]] = {}
        self._inside: dict[int, Call] = {}

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Record every forward pass of the model inside a block."""
        layers = all_layers(self.model)
        with replaced(change for layer in layers for change in self._changes(layer)):
            yield

    def output_sites(self, outputs: Any) -> set[int]:
        """Return `id` of the layers with kernels that give the model's outputs.

        Where none does so directly, it is the layer called last.
        """
        tensors = [id(tensor) for tensor in keras.tree.flatten(outputs)]
        direct = {id(self._origin[key][0].site) for key in tensors if key in self._origin}
        return direct or set(list(self.calls)[-1:])

    def z_of(self, output: tf.Tensor) -> tf.Tensor:
        """Return the pre-activations of the layer with kernels that gave a tensor, else itself."""
        call, _ = self._origin.get(id(output), (None, None))
        return output if call is None or call.z is None else call.z

    def places(self) -> dict[int, tuple[int, int]]:
        """Return stage and number of sources of each layer, by `id`.

        Its sources are the layers whose output reaches its input past no other layer; a layer in a
        plain chain has one at most. Its stage is 1 more than the largest stage of its sources, so
        that parallel branches share stages. Where operations run one by one, no graph shows the
        branches: layers are numbered in the order of their calls, and their sources are -1.
        """
        outputs = {
            call.output.op.name: site
            for site, calls in reversed(self.calls.items())
            for call in reversed(calls)
            if _is_in_default_graph(call.output)
        }
        if len(set(outputs.values())) < len(self.calls):
            return {site: (place, -1) for place, site in enumerate(self.calls, start=1)}
        places: dict[int, tuple[int, int]] = {}
        below: dict[str, frozenset[int]] = {}
        for operation in tf.compat.v1.get_default_graph().get_operations():
            known = (below.get(tensor.op.name, frozenset()) for tensor in operation.inputs)
            sources = frozenset().union(*known)
            if (site := outputs.get(operation.name)) is not None:
                stage = 1 + max((places[source][0] for source in sources), default=0)
                places.setdefault(site, (stage, len(sources)))
                sources = frozenset([site])
            below[operation.name] = sources
        return places

    def _changes(self, layer: keras.Layer) -> Iterator[tuple[keras.Layer, str, Any]]:
        """Yield the attributes of a layer to replace, with their new values."""
        if id(layer) in self.sites:
            yield layer, "call", self._site(layer, layer.call)
            has_activation = callable(layer.__dict__.get("activation"))
            if has_activation and not isinstance(layer, keras.layers.RNN):
                yield layer, "activation", self._activation(layer, layer.activation)
        elif isinstance(layer, (*ACTIVATING, *NORMALISING, *DROPPING)):
            yield layer, "call", self._following(layer, layer.call)

    def _site(self, layer: keras.Layer, call: Callable[..., Any]) -> Callable[..., Any]:
        def recording(*args: Any, **kwargs: Any) -> Any:
            outputs = call(*args, **kwargs)
            first = keras.tree.flatten(outputs)[0]
            record = self._inside.pop(id(layer), Call(layer, first, None, None, first, None))
            record.output = first
            self.calls.setdefault(id(layer), []).append(record)
            self._origin[id(first)] = record, first
            return outputs

        return recording

    def _activation(self, layer: keras.Layer, function: Function) -> Function:
        def recording(z: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
            h = function(z, *args, **kwargs)
            name = _name(function)
            self._inside[id(layer)] = Call(layer, None, z, z, h, _elementwise(function), name)
            return h

        return recording

    def _following(self, layer: keras.Layer, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a call that takes its output for that of the layer with kernels below."""

        def recording(u: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
            h = call(u, *args, **kwargs)
            if id(u) in self._origin:
                record, _ = self._origin[id(u)]
                is_free = record.function in (None, keras.activations.linear)
                if is_free and isinstance(layer, ACTIVATING):
                    record.u, record.h, record.function = u, h, _function_of(layer, call)
                    record.activation = _name(getattr(layer, "activation", layer))
                self._origin[id(h)] = record, h
            return h

        return recording


def _is_in_default_graph(tensor: tf.Tensor) -> bool:
    if tf.executing_eagerly():
        return False
    return tensor.graph is tf.compat.v1.get_default_graph()


def _function_of(layer: keras.Layer, call: Function) -> Function | None:
    """Return the elementwise function of an activation layer, None for a softmax."""
    if isinstance(layer, keras.layers.Softmax):
        return None
    return _elementwise(layer.activation if isinstance(layer, keras.layers.Activation) else call)


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _elementwise(function: Function) -> Function | None:
    """Return the function, or None for one that mixes the units of a layer."""
    return None if _name(function) in MIXING else function
