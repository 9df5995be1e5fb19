"""One forward and backward pass through a Keras model on its probe set, which leaves it unchanged.

Keras' stateless scope hands out every variable as a tensor of the pass's own dtype, and keeps what
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
from vgstudy.probe.global_state import generators_kept, graph_rewriting_off
from vgstudy.probe.keras_internals import computing_in, training_loss
from vgstudy.probe.probe_set import ProbeSet
from vgstudy.probe.recording import Call, Function, Recorder
from vgstudy.probe.weights import Kernel, kernels, kinds

Array = NDArray[Any]
UNKNOWN = Traits(steepest=0.0, can_be_off=False)


@dataclass(frozen=True)
class Signals:
    """What a pass measures of each kernel, in the order of the forward pass.

    Attributes
    ----------
    g
        dLoss/dW, an array of the kernel's shape; Loss is what training minimises.
    delta, h, slope
        For each call of the kernel's layer, (example, ...): dLoss/dz of one example's loss, the
        activation, its derivative. Empty where they cannot be seen.
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


class NoGradientError(ValueError):
    """Some kernels, by name in `args[0]`, have no gradient."""


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

    def __init__(self, model: keras.Model, probe: ProbeSet, dtype: str, training: bool) -> None:
        self.model, self.probe, self.dtype, self.training = model, probe, dtype, training
        self.order: list[Kernel] = []
        self.kinds: list[str] = []
        self._calls: dict[int, list[Call]] = {}
        self._traits: dict[int, Traits] = {}
        self._run: Callable[[], dict[str, Any]] | None = self._pass if model.run_eagerly else None

    def measure(self) -> Signals:
        """Pass through the model with its present weights.

        Raises
        ------
        NoGradientError
            If the loss does not depend on a kernel.
        """
        with generators_kept(self.model.run_eagerly), graph_rewriting_off():
            if self._run is None:
                # TensorFlow warns about functions that are traced and seldom called,
                # but not about concrete functions
                self._run = tf.function(self._pass, autograph=False).get_concrete_function()
            tensors = self._run()
        arrays = tf.nest.map_structure(lambda tensor: tensor.numpy(), tensors)
        pairs = list(zip(self.order, arrays["g"], strict=True))
        if missing := [kernel.name for kernel, g in pairs if not len(g)]:
            raise NoGradientError(missing)
        return Signals(**arrays | {"g": [g[0] for _, g in pairs], "loss": float(arrays["loss"])})

    def traits(self) -> list[Traits]:
        """Return what is known of each kernel's activation.

        `UNKNOWN` where there is no activation or it is not elementwise.
        """
        calls = [self._calls[id(kernel.site)] for kernel in self.order]
        return [self._traits_of(each[0].function) if each else UNKNOWN for each in calls]

    def _traits_of(self, function: Function | None) -> Traits:
        if function is None:
            return UNKNOWN
        if id(function) not in self._traits:
            with computing_in(self.model, "float64"), keras.StatelessScope():
                self._traits[id(function)] = traits_of(function)
        return self._traits[id(function)]

    def _pass(self) -> dict[str, Any]:
        order = list(kernels(self.model))
        recorder = Recorder(self.model, (kernel.site for kernel in order))
        with (
            computing_in(self.model, self.dtype),
            keras.StatelessScope(collect_losses=True) as scope,
        ):
            self._cast_variables(scope)
            weights = {id(kernel): scope.get_current_value(kernel.variable) for kernel in order}
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(list(weights.values()))
                with recorder.attached():
                    outputs = self.model(self.probe.x, training=self.training)
                loss = self._loss(outputs)
            self._arrange(order, recorder, outputs)
            return self._signals(tape, loss, outputs, weights)

    def _cast_variables(self, scope: keras.StatelessScope) -> None:
        for variable in self.model.variables:
            if keras.backend.is_float_dtype(variable.dtype):
                value = tf.cast(tf.identity(variable.value), self.dtype)
                scope.add_update((variable, value))

    def _loss(self, outputs: Any) -> tf.Tensor:
        probe = self.probe
        return training_loss(
            self.model, probe.x, probe.y, outputs, probe.sample_weight, self.training
        )

    def _signals(
        self, tape: tf.GradientTape, loss: tf.Tensor, outputs: Any, weights: dict[int, tf.Tensor]
    ) -> dict[str, Any]:
        """Return the fields of `Signals` as tensors; g as a list of one or none."""
        calls = [
            [call for call in self._calls[id(kernel.site)] if self._can_be_seen(call)]
            for kernel in self.order
        ]
        sources = {
            "g": [weights[id(kernel)] for kernel in self.order],
            "delta": [[call.z for call in each if call.z is not None] for each in calls],
            "top": keras.tree.flatten(outputs),
        }
        grads = tape.gradient(loss, sources)
        return {
            "loss": loss,
            "g": [[] if g is None else [tf.convert_to_tensor(g)] for g in grads["g"]],
            "delta": [
                [delta * self.probe.examples for delta in each if delta is not None]
                for each in grads["delta"]
            ],
            "h": [[call.h for call in each] for each in calls],
            "slope": [[s for call in each for s in _slope(call)] for each in calls],
            "top": [top for top in grads["top"] if top is not None],
        }

    def _arrange(self, order: list[Kernel], recorder: Recorder, outputs: Any) -> None:
        """Sort the kernels as the forward pass met their layers; those it never met come last."""
        met = {site: place for place, site in enumerate(recorder.calls)}
        self.order = sorted(order, key=lambda kernel: met.get(id(kernel.site), len(met)))
        self.kinds = kinds(self.order, recorder.output_sites(outputs))
        self._calls = {id(kernel.site): recorder.calls.get(id(kernel.site), []) for kernel in order}

    def _can_be_seen(self, call: Call) -> bool:
        """Return whether the tensors of a call have the examples as first axis and are readable.

        Those inside a loop are not readable.
        """
        outside = tf.executing_eagerly() or call.h.graph is tf.compat.v1.get_default_graph()
        return outside and call.h.shape.rank > 1 and call.h.shape[0] == self.probe.examples


def _slope(call: Call) -> list[tf.Tensor]:
    """Return the derivative of a call's activation, as a list of one or none."""
    if call.function is None:
        return []
    return [value_and_slope(call.function, tf.stop_gradient(call.u))[1]]
