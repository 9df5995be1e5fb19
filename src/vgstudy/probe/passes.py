"""One forward and backward pass through any Keras model on its probe set, without a trace left in
the model.

Keras' stateless scope hands out every variable as a tensor of the pass's own dtype and keeps what
layers assign (moving averages, states, seeds) to itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.engine.network import value_and_slope
from vgstudy.engine.probes import traits_of
from vgstudy.engine.zero_causes import Traits
from vgstudy.probe.kernels import Kernel, kernels, kinds
from vgstudy.probe.recording import Call, Function, Recorder
from vgstudy.probe.replacing import precision
from vgstudy.probe.surroundings import as_written, kept_generators

Array = NDArray[Any]
OUT_OF_SIGHT = Traits(steepest=0.0, can_be_off=False)


@dataclass(frozen=True)
class Probe:
    """The probe set: inputs, targets and weights of the examples as Keras takes them, as tensors,
    and how many examples."""

    x: Any
    y: Any
    sample_weight: Any
    examples: int


@dataclass(frozen=True)
class Seen:
    """What a pass gives of each kernel, in the order of the forward pass.

    Attributes
    ----------
    g
        dLoss/dW, an array of the kernel's shape, Loss as training minimises it.
    delta, h, slope
        Of each call of the kernel's layer, (example, ...): dLoss/dz of one example's loss, the
        activation, its derivative. Empty where the layer does not tell.
    top
        dLoss/dz of an output layer, or dLoss/dy where its z is not known, for each output.
    loss
        Loss over the probe set.
    """

    g: list[Array]
    delta: list[list[Array]]
    h: list[list[Array]]
    slope: list[list[Array]]
    top: list[Array]
    loss: float


class Measurer:
    """Passes through one model in one dtype.

    Parameters
    ----------
    model
        A built and compiled model.
    probe
        The probe set.
    dtype
        float64 or float32.
    training
        Whether layers behave as in training.

    Attributes
    ----------
    order, kinds
        The kernels in the order of the forward pass and their kinds; known after the first pass.
    """

    def __init__(self, model: keras.Model, probe: Probe, dtype: str, training: bool) -> None:
        self.model, self.probe, self.dtype, self.training = model, probe, dtype, training
        self.order: list[Kernel] = []
        self.kinds: list[str] = []
        self._calls: dict[int, list[Call]] = {}
        self._traits: dict[int, Traits] = {}
        self._run: Callable[[], dict[str, Any]] | None = self._pass if model.run_eagerly else None

    def measure(self) -> Seen:
        """A pass with the model's present weights."""
        with kept_generators(self.model.run_eagerly), as_written():
            if (
                self._run is None
                # a concrete function: TensorFlow warns of functions that are traced and seldom called
            ):
                self._run = tf.function(self._pass, autograph=False).get_concrete_function()
            found = self._run()
        arrays = tf.nest.map_structure(lambda tensor: tensor.numpy(), found)
        missing = [
            kernel.name for kernel, g in zip(self.order, arrays["g"], strict=True) if not len(g)
        ]
        if missing:
            raise NoGradientError(missing)
        g = [each[0] for each in arrays["g"]]
        return Seen(
            g, arrays["delta"], arrays["h"], arrays["slope"], arrays["top"], float(arrays["loss"])
        )

    def traits(self) -> list[Traits]:
        """What is known of each kernel's activation, `OUT_OF_SIGHT` where there is none or it is
        not elementwise."""
        return [
            self._traits_of(calls[0].function)
            if (calls := self._calls[id(k.site)])
            else OUT_OF_SIGHT
            for k in self.order
        ]

    def _traits_of(self, function: Function | None) -> Traits:
        if id(function) not in self._traits:
            self._traits[id(function)] = OUT_OF_SIGHT
            if function is not None:
                with precision(self.model, "float64"), keras.StatelessScope():
                    self._traits[id(function)] = traits_of(function)
        return self._traits[id(function)]

    def _pass(self) -> dict[str, Any]:
        x, y, sample_weight = self.probe.x, self.probe.y, self.probe.sample_weight
        found = list(kernels(self.model))
        recorder = Recorder(self.model, (kernel.site for kernel in found))
        with precision(self.model, self.dtype), keras.StatelessScope(collect_losses=True) as scope:
            for variable in self.model.variables:
                if keras.backend.is_float_dtype(variable.dtype):
                    scope.add_update((variable, tf.cast(tf.identity(variable.value), self.dtype)))
            values = {id(kernel): scope.get_current_value(kernel.variable) for kernel in found}
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(list(values.values()))
                with recorder.attached():
                    outputs = self.model(x, training=self.training)
                loss = self.model._compute_loss(
                    x, y, outputs, sample_weight, training=self.training
                )
            self._arrange(found, recorder, outputs)
            tell = [
                [call for call in self._calls[id(kernel.site)] if self._tells(call)]
                for kernel in self.order
            ]
            wanted = {
                "g": [values[id(kernel)] for kernel in self.order],
                "delta": [[call.z for call in calls if call.z is not None] for calls in tell],
                "top": keras.tree.flatten(outputs),
            }
            grads = tape.gradient(loss, wanted)
            return {
                "loss": loss,
                "g": [[] if g is None else [tf.convert_to_tensor(g)] for g in grads["g"]],
                "delta": [
                    [d * self.probe.examples for d in deltas if d is not None]
                    for deltas in grads["delta"]
                ],
                "h": [[call.h for call in calls] for calls in tell],
                "slope": [[s for call in calls for s in _slope(call)] for calls in tell],
                "top": [top for top in grads["top"] if top is not None],
            }

    def _arrange(self, found: list[Kernel], recorder: Recorder, outputs: Any) -> None:
        """Order the kernels as the forward pass met their layers; those it never met come last."""
        met = {site: place for place, site in enumerate(recorder.calls)}
        self.order = sorted(found, key=lambda kernel: met.get(id(kernel.site), len(met)))
        self.kinds = kinds(self.order, recorder.givers(outputs))
        self._calls = {id(kernel.site): recorder.calls.get(id(kernel.site), []) for kernel in found}

    def _tells(self, call: Call) -> bool:
        """Whether the tensors of a call have the examples as first axis and can be read outside of
        a loop."""
        outside = tf.executing_eagerly() or call.h.graph is tf.compat.v1.get_default_graph()
        return outside and call.h.shape.rank > 1 and call.h.shape[0] == self.probe.examples


class NoGradientError(ValueError):
    """Some kernels, by name in `args[0]`, have no gradient."""


def _slope(call: Call) -> list[tf.Tensor]:
    """The derivative of a call's activation, as a list of one or none."""
    return (
        []
        if call.function is None
        else [value_and_slope(call.function, tf.stop_gradient(call.u))[1]]
    )
