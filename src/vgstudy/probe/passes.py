"""One forward and backward pass through a Keras model on its probe set, which leaves it unchanged.

Keras' stateless scope hands out every variable as a tensor of the pass's own dtype, and keeps what
layers assign (moving averages, states, seeds) to itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from vgstudy.engine.network import value_and_slope
from vgstudy.engine.probes import traits_of
from vgstudy.engine.zero_causes import Traits
from vgstudy.probe.error_text import ERRORS
from vgstudy.probe.global_state import generators_kept, graph_rewriting_off
from vgstudy.probe.keras_internals import all_layers, computing_in, training_loss
from vgstudy.probe.probe_set import ProbeSet
from vgstudy.probe.recording import Call, Function, Recorder
from vgstudy.probe.weights import NORMALISING, Kernel, kernels, kinds

Array = NDArray[Any]
UNKNOWN = Traits(steepest=0.0, can_be_off=False)


@dataclass(frozen=True)
class Signals:
    """What a pass measures of each kernel, in the order of the forward pass.

    Attributes
    ----------
    g
        dLoss/dW, an array of the kernel's shape; Loss is what training minimises. NaN where the
        loss does not depend on the kernel.
    delta, h, slope
        For each call of the kernel's layer, (example, ...): dLoss/dz of one example's loss, the
        activation, its derivative. Empty where they cannot be seen.
    top
        dLoss/dy of one example's loss for each output y of the model, or dLoss/dz of the output
        layer where the loss is computed from its z. Outputs without a loss are left out.
    loss
        Loss over the probe set.
    """

    g: list[Array]
    delta: list[list[Array]]
    h: list[list[Array]]
    slope: list[list[Array]]
    top: list[Array]
    loss: float

    @property
    def top_rms(self) -> float | None:
        """Root mean square of `top`; None if no output has a loss."""
        squares = [np.square(top, dtype="float64").ravel() for top in self.top]
        return float(np.sqrt(np.mean(np.concatenate(squares)))) if squares else None


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
    unreached
        The names of the kernels on which the loss does not depend.
    """

    def __init__(self, model: keras.Model, probe: ProbeSet, dtype: str, training: bool) -> None:
        self.model, self.probe, self.dtype, self.training = model, probe, dtype, training
        self.order: list[Kernel] = []
        self.kinds: list[str] = []
        self.unreached: list[str] = []
        self._places: dict[int, tuple[int, int]] = {}
        self._calls: dict[int, list[Call]] = {}
        self._traits: dict[int, Traits] = {}
        self._run: Callable[[], dict[str, Any]] | None = self._pass if model.run_eagerly else None

    def measure(self) -> Signals:
        """Pass through the model with its present weights."""
        with generators_kept(self.model.run_eagerly), graph_rewriting_off():
            if self._run is None:
                # TensorFlow warns about functions that are traced and seldom called,
                # but not about concrete functions
                self._run = tf.function(self._pass, autograph=False).get_concrete_function()
            tensors = self._run()
        arrays = tf.nest.map_structure(lambda tensor: tensor.numpy(), tensors)
        pairs = list(zip(self.order, arrays["g"], strict=True))
        self.unreached = [kernel.name for kernel, g in pairs if not len(g)]
        g = [g[0] if len(g) else np.full(kernel.variable.shape, np.nan) for kernel, g in pairs]
        return Signals(**arrays | {"g": g, "loss": float(arrays["loss"])})

    def structure(self) -> list[dict[str, Any]]:
        """Return what a diagnosis needs to know of each kernel and its layer, as JSON values.

        `name` of the kernel, `layer` its class, `stage` as in `Recorder.places`, `units` and
        `positions` (pixels, time steps) of the layer's output, name of the `activation` that
        follows.
        """
        return [self._describe(kernel) for kernel in self.order]

    def is_plain(self) -> bool:
        """Return whether the model is a chain of dense layers, as the networks of studies are."""
        is_chain = all(sources in (0, 1) for _, sources in self._places.values())
        is_dense = all(isinstance(kernel.site, keras.layers.Dense) for kernel in self.order)
        layers = all_layers(self.model)
        return is_chain and is_dense and not any(isinstance(each, NORMALISING) for each in layers)

    def _describe(self, kernel: Kernel) -> dict[str, Any]:
        calls = self._calls[id(kernel.site)]
        units = calls[0].output.shape[unit_axis(kernel.site)] if calls else None
        sizes = [call.output.shape[1:].num_elements() for call in calls]
        known = units and all(sizes)
        return {
            "name": kernel.name,
            "layer": type(kernel.site).__name__,
            "stage": self._places.get(id(kernel.site), (0, 0))[0],
            "units": units or 0,
            "positions": max(1, sum(sizes) // units) if known else 1,
            "activation": calls[0].activation if calls else "",
        }

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
            try:
                with computing_in(self.model, "float64"), keras.StatelessScope():
                    self._traits[id(function)] = traits_of(function)
            except ERRORS:
                # such as a PReLU, whose slopes have the shape of its layer
                self._traits[id(function)] = UNKNOWN
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
            return self._signals(tape, loss, recorder, outputs, weights)

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
        self,
        tape: tf.GradientTape,
        loss: tf.Tensor,
        recorder: Recorder,
        outputs: Any,
        weights: dict[int, tf.Tensor],
    ) -> dict[str, Any]:
        """Return the fields of `Signals` as tensors; g as a list of one or none."""
        calls = [
            [call for call in self._calls[id(kernel.site)] if self._can_be_seen(call)]
            for kernel in self.order
        ]
        tops = keras.tree.flatten(outputs)
        sources = {
            "g": [weights[id(kernel)] for kernel in self.order],
            "delta": [[call.z for call in each if call.z is not None] for each in calls],
            "top": tops,
            # where a loss is computed from z, it does not depend on y
            "top_z": [_z_of(recorder.source(top), top) for top in tops],
        }
        grads = tape.gradient(loss, sources)
        pairs = zip(grads["top"], grads["top_z"], strict=True)
        signals = [by_z if by_y is None else by_y for by_y, by_z in pairs]
        return {
            "loss": loss,
            "g": [[] if g is None else [tf.convert_to_tensor(g)] for g in grads["g"]],
            "delta": [
                [delta * self.probe.examples for delta in each if delta is not None]
                for each in grads["delta"]
            ],
            "h": [[call.h for call in each] for each in calls],
            "slope": [[s for call in each for s in _slope(call)] for each in calls],
            "top": [top * self.probe.examples for top in signals if top is not None],
        }

    def _arrange(self, order: list[Kernel], recorder: Recorder, outputs: Any) -> None:
        """Sort the kernels as the forward pass met their layers; those it never met come last."""
        met = {site: place for place, site in enumerate(recorder.calls)}
        self.order = sorted(order, key=lambda kernel: met.get(id(kernel.site), len(met)))
        self.kinds = kinds(self.order, recorder.output_sites(outputs))
        self._places = recorder.places()
        self._calls = {id(kernel.site): recorder.calls.get(id(kernel.site), []) for kernel in order}

    def _can_be_seen(self, call: Call) -> bool:
        """Return whether the tensors of a call have the examples as first axis and are readable.

        Those inside a loop are not readable.
        """
        outside = tf.executing_eagerly() or call.h.graph is tf.compat.v1.get_default_graph()
        return outside and call.h.shape.rank > 1 and call.h.shape[0] == self.probe.examples


def unit_axis(layer: keras.Layer) -> int:
    """Return the axis of a layer's output along which its units, or channels, lie."""
    return 1 if getattr(layer, "data_format", None) == "channels_first" else -1


def _slope(call: Call) -> list[tf.Tensor]:
    """Return the derivative of a call's activation, as a list of one or none."""
    if call.function is None:
        return []
    try:
        return [value_and_slope(call.function, tf.stop_gradient(call.u))[1]]
    except ERRORS:
        return []


def _z_of(call: Call | None, output: tf.Tensor) -> tf.Tensor:
    return output if call is None or call.z is None else call.z
