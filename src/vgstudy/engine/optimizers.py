"""One step of an optimizer for the parameters of a stack.

Keras writes Adam as a dozen elementwise operations, each of which passes over the parameters.
Where TensorFlow has one operation for the formula (SGD, Adam), that is used; otherwise the stock
Keras optimizer.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from vgstudy.cells import KerasObject
from vgstudy.config.keras_names import REGISTRY

Update = Callable[[tf.Tensor], None]


class ScaledSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A learning-rate schedule times a factor."""

    def __init__(self, schedule: Mapping[str, Any], factor: float) -> None:
        self._schedule = keras.optimizers.schedules.deserialize(dict(schedule))
        self._factor = factor

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Return the learning rate at a step."""
        return self._schedule(step) * self._factor


def optimizer(spec: KerasObject, rate_factor: float = 1.0) -> keras.optimizers.Optimizer:
    """Return a new stock Keras optimizer of a level, its learning rate or schedule multiplied."""
    if rate_factor == 1:
        return keras.optimizers.get({"class_name": spec.class_name, "config": dict(spec.config)})
    default = REGISTRY["optimizer"][spec.class_name].arguments["learning_rate"]
    rate = spec.config.get("learning_rate", default)
    is_schedule = isinstance(rate, Mapping)
    scaled = ScaledSchedule(rate, rate_factor) if is_schedule else rate * rate_factor
    optimizer_class = type(keras.optimizers.get(spec.class_name))
    return optimizer_class(**{**spec.config, "learning_rate": scaled})


def compile_update(spec: KerasObject, variable: keras.Variable, rate_factor: float = 1.0) -> Update:
    """Return a function that takes one step of a new optimizer: it updates the variable along a
    gradient of its shape."""
    fused, arguments = FUSED.get(spec.class_name, (_keras, frozenset()))
    has_schedule = isinstance(spec.config.get("learning_rate"), Mapping)
    if has_schedule or not set(spec.config) <= arguments:
        fused = _keras
    return fused(optimizer(spec, rate_factor), variable)


def _keras(optimizer: keras.Optimizer, variable: keras.Variable) -> Update:
    optimizer.build([variable])
    return lambda gradient: optimizer.apply([gradient], [variable])


def _sgd(optimizer: keras.optimizers.SGD, variable: keras.Variable) -> Update:
    value, rate = variable.value, tf.cast(optimizer.learning_rate, variable.dtype)
    if not optimizer.momentum:
        return lambda gradient: tf.raw_ops.ResourceApplyGradientDescent(
            var=value.handle, alpha=rate, delta=gradient
        )
    velocity = tf.Variable(tf.zeros_like(value))
    # Rounded to float32 on the way, as in Keras.
    momentum = tf.cast(optimizer.momentum, value.dtype)

    def update(gradient: tf.Tensor) -> None:
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=value.handle,
            accum=velocity.handle,
            lr=rate,
            grad=gradient,
            momentum=momentum,
            use_nesterov=optimizer.nesterov,
        )

    return update


def _adam(optimizer: keras.optimizers.Adam, variable: keras.Variable) -> Update:
    value = variable.value
    rate = tf.cast(optimizer.learning_rate, value.dtype)
    first, second, epsilon = (
        tf.constant(number, value.dtype)
        for number in (optimizer.beta_1, optimizer.beta_2, optimizer.epsilon)
    )
    # Powers are of numbers rounded to float32 on the way, as in Keras.
    rounded_first, rounded_second = (
        tf.cast(beta, value.dtype) for beta in (optimizer.beta_1, optimizer.beta_2)
    )
    mean, square = (tf.Variable(tf.zeros_like(value)) for _ in range(2))
    steps_taken = tf.Variable(0)

    def update(gradient: tf.Tensor) -> None:
        step = tf.cast(steps_taken.assign_add(1), value.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=value.handle,
            m=mean.handle,
            v=square.handle,
            beta1_power=rounded_first**step,
            beta2_power=rounded_second**step,
            lr=rate,
            beta1=first,
            beta2=second,
            epsilon=epsilon,
            grad=gradient,
        )

    return update


# By Keras' class name: the update, and the arguments that it knows.
FUSED: Mapping[str, tuple[Callable[[keras.Optimizer, keras.Variable], Update], frozenset[str]]] = {
    "SGD": (_sgd, frozenset({"learning_rate", "momentum", "nesterov"})),
    "Adam": (_adam, frozenset({"learning_rate", "beta_1", "beta_2", "epsilon"})),
}
