"""Losses on logits, with their derivative, per example.

Keras recovers the logits of a sigmoid or softmax output before it takes the cross-entropy, so these
are its losses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True)
class Loss:
    """A loss of logits z and targets y, both (stack, output, example).

    Attributes
    ----------
    value
        Loss per example in nats, (stack, example).
    slope
        Its derivative by z, (stack, output, example).
    correct
        Whether the prediction is right, boolean, (stack, example).
    """

    value: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    slope: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    correct: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


# Targets are 0 or 1. With the sigmoid s: -log s(z) for y = 1, -log(1 - s(z)) for y = 0.
BINARY = Loss(
    value=lambda z, y: tf.reduce_sum(tf.nn.softplus((1 - 2 * y) * z), axis=-2),
    slope=lambda z, y: tf.sigmoid(z) - y,
    correct=lambda z, y: tf.reduce_all((tf.sigmoid(z) > 0.5) == (y > 0.5), axis=-2),
)

# Targets are one-hot.
CATEGORICAL = Loss(
    value=lambda z, y: tf.reduce_logsumexp(z, axis=-2) - tf.reduce_sum(y * z, axis=-2),
    slope=lambda z, y: tf.nn.softmax(z, axis=-2) - y,
    correct=lambda z, y: tf.argmax(z, axis=-2) == tf.argmax(y, axis=-2),
)

LOSSES: Mapping[str, Loss] = {"binary": BINARY, "categorical": CATEGORICAL}
