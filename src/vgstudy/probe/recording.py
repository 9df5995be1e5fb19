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
from vgstudy.probe.order import OF_SHAPES

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
# by the type of TensorFlow's operation; None mixes the units of a layer
OPERATIONS = {
    "Relu": tf.nn.relu,
    "Relu6": tf.nn.relu6,
    "Elu": tf.nn.elu,
    "Selu": tf.nn.selu,
    "Sigmoid": tf.sigmoid,
    "Tanh": tf.tanh,
    "Softplus": tf.nn.softplus,
    "Softsign": tf.nn.softsign,
    "Softmax": None,
}
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
        and a normalisation; u is None where it cannot be seen, function where there is none.
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

    @property
    def is_free(self) -> bool:
        """Whether an activation that follows is the layer's, which shows none of its own."""
        return self.u is None or self.function is keras.activations.linear


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

    def find_activations(self) -> None:
        """Find the activations that a model applies by operations instead of layers.

        Where operations run one by one, none is found.
        """
        if tf.executing_eagerly():
            return
        # the last tensor that still holds a layer's output
        ends = {id(record): (record, tensor) for record, tensor in self._origin.values()}
        for record, u in ends.values():
            if record.is_free and is_readable(u):
                self._take_operation(record, u)

    def _take_operation(self, record: Call, u: tf.Tensor) -> None:
        """Take the elementwise operation that alone uses a tensor for its layer's activation."""
        using = [each for each in u.consumers() if each.type not in OF_SHAPES]
        if len(using) == 1 and using[0].type in OPERATIONS:
            record.activation, record.function = using[0].type.lower(), OPERATIONS[using[0].type]
            record.h = using[0].outputs[0]
            record.u = None if record.function is None else u
            self._origin[id(record.h)] = record, record.h

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
            record = self._inside.pop(id(layer), None) or _unseen(layer, first)
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
                if record.is_free and isinstance(layer, ACTIVATING):
                    record.u, record.h, record.function = u, h, _function_of(layer, call)
                    record.activation = _name(getattr(layer, "activation", layer))
                self._origin[id(h)] = record, h
            return h

        return recording


def _unseen(layer: keras.Layer, output: tf.Tensor) -> Call:
    """Return the call of a layer of which only the output is seen."""
    is_wrapper = isinstance(layer, keras.layers.TimeDistributed)
    function = getattr(layer.layer, "activation", None) if is_wrapper else None
    if function is None:
        return Call(layer, output, None, None, output, None)
    return Call(layer, output, None, None, output, _elementwise(function), _name(function))


def is_readable(tensor: tf.Tensor) -> bool:
    """Return whether a tensor can be read, as those inside a loop cannot."""
    return tf.executing_eagerly() or tensor.graph is tf.compat.v1.get_default_graph()


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
