"""What an optimizer does to a stack's parameters: one operation where TensorFlow has one, else the
stock Keras optimizer.

Keras writes Adam as a dozen elementwise operations, each of which passes over the parameters once;
TensorFlow's own kernel of the same formula passes over them once altogether.
"""

from collections.abc import Callable, Mapping

import keras
import tensorflow as tf

from vgstudy.cells import KerasObject
from vgstudy.engine import models

Update = Callable[[tf.Tensor], None]


def compile_update(spec: KerasObject, variable: keras.Variable) -> Update:
    """A function that takes one step of a new optimizer of a level along a gradient shaped as the
    variable, updating it."""
    optimizer = models.optimizer(spec)
    fused, arguments = FUSED.get(spec.class_name, (_keras, frozenset()))
    plain = set(spec.config) <= arguments and not isinstance(
        spec.config.get("learning_rate"), Mapping
    )
    return fused(optimizer, variable) if plain else _keras(optimizer, variable)


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
    momentum = tf.cast(optimizer.momentum, value.dtype)  # by way of float32, as in Keras

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
    numbers = (optimizer.beta_1, optimizer.beta_2, optimizer.epsilon)
    first, second, epsilon = (tf.constant(number, value.dtype) for number in numbers)
    rounded = [
        tf.cast(beta, value.dtype) for beta in (optimizer.beta_1, optimizer.beta_2)
    ]  # by way of float32, as in Keras
    mean, square, taken = (
        tf.Variable(tf.zeros_like(value)),
        tf.Variable(tf.zeros_like(value)),
        tf.Variable(0),
    )

    def update(gradient: tf.Tensor) -> None:
        step = tf.cast(taken.assign_add(1), value.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=value.handle,
            m=mean.handle,
            v=square.handle,
            beta1_power=rounded[0] ** step,
            beta2_power=rounded[1] ** step,
            lr=rate,
            beta1=first,
            beta2=second,
            epsilon=epsilon,
            grad=gradient,
        )

    return update


FUSED: Mapping[str, tuple[Callable[[keras.Optimizer, keras.Variable], Update], frozenset[str]]] = {
    "SGD": (_sgd, frozenset({"learning_rate", "momentum", "nesterov"})),
    "Adam": (_adam, frozenset({"learning_rate", "beta_1", "beta_2", "epsilon"})),
}
