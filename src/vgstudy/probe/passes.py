"""One forward and backward pass through a Keras model on its probe set, which leaves it unchanged.

Keras' stateless scope hands out every variable as a tensor of the pass's own dtype, and keeps what
layers assign (moving averages, states, seeds) to itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgstudy.engine.probes import traits_of
from vgstudy.engine.zero_causes import Traits
from vgstudy.probe.arguments import ProbeSet
from vgstudy.probe.keras_internals import ERRORS, all_layers, computing_in, generators_kept
from vgstudy.probe.kernels import ATTENDING, LOOPING, NORMALISING, Kernel, Layer, kernels, kinds
from vgstudy.probe.order import places
from vgstudy.probe.recording import Call, Recorder, is_readable
from vgstudy.probe.signals import Signals, arrays, known, slopes
from vgstudy.probe.user_model import training_loss


class Measurer:
    """Passes through a built and compiled model in one dtype.

    Attributes
    ----------
    layers
        The kernels in the order of the forward pass; known after the first pass.
    """

    def __init__(self, model: keras.Model, probe: ProbeSet, dtype: str, training: bool) -> None:
        self.model, self.probe, self.dtype, self.training = model, probe, dtype, training
        self.layers: list[Layer] = []
        self._order: list[Kernel] = []
        self._kinds: list[str] = []
        self._reached: list[bool] = []
        self._recorder = Recorder(model, [])
        self._givers: list[list[int]] = []
        self._places: dict[int, tuple[int, frozenset[int] | None]] = {}
        self._run: Callable[[], dict[str, Any]] | None = None

    def measure(self) -> Signals:
        """Pass through the model with its present weights."""
        with generators_kept(self.model.run_eagerly), _graph_rewriting_off():
            self._run = self._run or self._function()
            tensors = self._run()
        if not self.layers:
            rows = zip(self._order, self._kinds, self._reached, strict=True)
            self.layers = [self._layer(*row) for row in rows]
        by_name = {name: arrays(part) for name, part in tensors.items()}
        loss, examples = float(by_name.pop("loss")), self.probe.examples
        return Signals(**by_name, givers=self._givers, loss=loss, examples=examples)

    def _function(self) -> Callable[[], dict[str, Any]]:
        """Return the pass as a function; its graph shows which kernels are parallel."""
        try:
            # TensorFlow warns about functions that are traced and seldom called,
            # but not about concrete functions
            traced = tf.function(self._pass, autograph=False).get_concrete_function()
        except ERRORS:
            if not self.model.run_eagerly:
                raise
        return self._pass if self.model.run_eagerly else traced

    def structure(self) -> dict[str, bool]:
        """Return what advice needs to know of the whole model.

        `is_plain`: a chain of dense layers, each called once on the outputs of the one before, as
        the networks of studies are.
        `is_normalised`: it has a normalisation layer. `merges`: a layer takes the outputs of
        several, as with skip connections; that of an attention layer, which takes queries, keys and
        values, does not count. `attends`: it has an attention layer.
        """
        places = [self._place(kernel) for kernel in self._order]
        stages = [stage for stage, _ in places]
        counts = [2 if sources is None else len(sources) for _, sources in places]
        is_chain = len(stages) == len(set(stages)) and max(counts, default=0) < 2
        sites = {id(kernel.site): kernel.site for kernel in self._order}
        is_dense = all(isinstance(site, keras.layers.Dense) for site in sites.values())
        is_called_once = all(len(calls) == 1 for calls in self._recorder.calls.values())
        fans = [kernel.fans for kernel in self._order]
        fits = all(below[1] == above[0] for below, above in pairwise(fans))
        layers = all_layers(self.model)
        is_normalised = any(isinstance(each, NORMALISING) for each in layers)
        return {
            "is_plain": is_chain and fits and is_dense and is_called_once and not is_normalised,
            "is_normalised": is_normalised,
            "merges": any(
                sources is not None and len(sources) > 1 and "attention_output" not in kernel.name
                for kernel, (_, sources) in zip(self._order, places, strict=True)
            ),
            "attends": any(isinstance(each, ATTENDING) for each in layers),
        }

    def _layer(self, kernel: Kernel, kind: str, is_reached: bool) -> Layer:
        calls = self._calls(kernel)
        if not calls:
            return Layer(kernel, kind, 0, None, 0, 1, "", None, is_reached)
        call = calls[0]
        units = call.output.shape[kernel.unit_axis] or 0
        sizes = [each.output.shape[1:].num_elements() for each in calls]
        positions = max(1, sum(sizes) // units) if units and all(sizes) else 1
        traits = self._traits(call)
        return Layer(
            kernel,
            kind,
            *self._place(kernel),
            units,
            positions,
            call.activation,
            traits,
            is_reached,
            kernel.mean_bias,
        )

    def _traits(self, call: Call) -> Traits | None:
        if call.function is None:
            return None
        try:
            with computing_in(self.model, "float64"), keras.StatelessScope():
                return traits_of(call.function)
        except ERRORS:
            # such as a PReLU, whose slopes have the shape of its layer
            return None

    def _pass(self) -> dict[str, Any]:
        order = list(kernels(self.model))
        self._recorder = Recorder(self.model, [kernel.site for kernel in order])
        with (
            computing_in(self.model, self.dtype),
            keras.StatelessScope(collect_losses=True) as scope,
        ):
            self._cast_variables(scope)
            weights = {kernel: scope.get_current_value(kernel.variable) for kernel in order}
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(list(weights.values()))
                x = keras.tree.map_structure(tf.identity, self.probe.x)
                with self._recorder.attached():
                    outputs = self.model(x, training=self.training)
                self._recorder.find_activations()
                self._arrange(weights, x, outputs)
                loss = training_loss(
                    self.model,
                    (x, self.probe.y, outputs, self.probe.sample_weight),
                    self.training,
                )
            return self._signals(tape, loss, outputs, weights)

    def _cast_variables(self, scope: keras.StatelessScope) -> None:
        for variable in self.model.variables:
            if keras.backend.is_float_dtype(variable.dtype):
                value = tf.cast(tf.identity(variable.value), self.dtype)
                scope.add_update((variable, value))

    def _arrange(self, weights: dict[Kernel, tf.Tensor], x: Any, outputs: Any) -> None:
        """Sort the kernels as the forward pass met their layers; those it never met come last."""
        met = {site: place for place, site in enumerate(self._recorder.calls)}
        self._order = sorted(weights, key=lambda kernel: met.get(id(kernel.site), len(met)))
        ranks = [met.get(id(kernel.site), len(met)) for kernel in self._order]
        if not tf.executing_eagerly():
            # the kernels of a recurrent layer are one place
            firsts: dict[int, int] = {}
            numbers = [
                firsts.setdefault(id(kernel.site), place)
                if isinstance(kernel.site, LOOPING)
                else place
                for place, kernel in enumerate(self._order)
            ]
            names = [weights[kernel].op.name for kernel in self._order]
            found = places(
                tf.compat.v1.get_default_graph().get_operations(),
                [tensor.op.name for tensor in keras.tree.flatten(x)],
                dict(zip(names, numbers, strict=True)),
                ranks,
            )
            pairs = zip(self._order, numbers, strict=True)
            self._places = {
                id(kernel.variable): found[number] for kernel, number in pairs if number in found
            }
        elif not self._places:
            # where operations run one by one, nothing shows what is parallel
            chain = zip(self._order, ranks, strict=True)
            self._places = {id(kernel.variable): (rank + 1, None) for kernel, rank in chain}
        stages = [self._place(kernel)[0] for kernel in self._order]
        self._kinds = kinds(self._order, stages, self._recorder.output_sites(outputs))

    def _place(self, kernel: Kernel) -> tuple[int, frozenset[int] | None]:
        return self._places.get(id(kernel.variable), (0, None))

    def _signals(
        self, tape: tf.GradientTape, loss: tf.Tensor, outputs: Any, weights: dict[Kernel, tf.Tensor]
    ) -> dict[str, Any]:
        """Return the fields of `Signals` as tensors."""
        seen = [
            [call for call in self._calls(kernel) if self._can_be_seen(call)]
            for kernel in self._order
        ]
        tops = keras.tree.flatten(outputs)
        sources = {
            "g": [weights[kernel] for kernel in self._order],
            "delta": [[call.z for call in calls if call.z is not None] for calls in seen],
            "top": tops,
            # where a loss is computed from z, it does not depend on y
            "top_z": [self._recorder.z_of(top) for top in tops],
        }
        grads = tape.gradient(loss, sources)
        by_output = zip(grads["top"], grads["top_z"], strict=True)
        top = [by_z if by_y is None else by_y for by_y, by_z in by_output]
        givers = [self._recorder.output_sites(output) for output in tops]
        self._givers = [
            [place for place, kernel in enumerate(self._order) if id(kernel.site) in sites]
            for sites, slope in zip(givers, top, strict=True)
            if slope is not None
        ]
        self._reached = [g is not None for g in grads["g"]]
        return {
            "loss": loss,
            "g": [
                tf.fill(kernel.variable.shape, np.nan) if g is None else tf.convert_to_tensor(g)
                for kernel, g in zip(self._order, grads["g"], strict=True)
            ],
            "delta": [known(deltas) for deltas in grads["delta"]],
            "h": [[call.h for call in calls] for calls in seen],
            "slope": [[slope for call in calls for slope in slopes(call)] for calls in seen],
            "top": known(top),
        }

    def _calls(self, kernel: Kernel) -> list[Call]:
        return self._recorder.calls.get(id(kernel.site), [])

    def _can_be_seen(self, call: Call) -> bool:
        """Return whether the examples are the first axis of a call's tensors, and readable."""
        shape = call.h.shape
        return is_readable(call.h) and shape.rank > 1 and shape[0] == self.probe.examples


@contextmanager
def _graph_rewriting_off() -> Iterator[None]:
    """Run compiled functions without rewriting their graphs.

    Rewriting takes longer than it gains here, and warns about float64.
    """
    name, options = "disable_meta_optimizer", tf.config.optimizer
    before = options.get_experimental_options()[name]
    options.set_experimental_options({name: True})
    try:
        yield
    finally:
        options.set_experimental_options({name: before})
