"""Random numbers made inside a compiled step, the same whatever the stack."""

import tensorflow as tf


def random_direction(keys: tf.Tensor, step: tf.Tensor, length: int) -> tf.Tensor:
    """Return numbers from U(-1, 1), float64 (stack, number).

    Parameters
    ----------
    keys
        A random number of each run, uint64 (stack,).
    step
        The step they are for, uint64.
    length
        How many for each run.

    Notes
    -----
    SplitMix64 (Steele, Lea & Flood 2014) of a counter: whole numbers, which no rounding reaches.
    """
    numbers = tf.range(length, dtype=tf.int64)
    counter = tf.cast(numbers, tf.uint64) + step * tf.constant(length, tf.uint64)
    state = _mixed(keys[:, None] + counter[None] * _constant(0x9E3779B97F4A7C15))
    bits = tf.bitwise.right_shift(state, tf.constant(11, tf.uint64))
    return tf.cast(tf.cast(bits, tf.int64), tf.float64) / 2.0**52 - 1


def _mixed(state: tf.Tensor) -> tf.Tensor:
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = _folded(state, shift) * _constant(factor)
    return _folded(state, 31)


def _folded(state: tf.Tensor, shift: int) -> tf.Tensor:
    moved = tf.bitwise.right_shift(state, tf.constant(shift, tf.uint64))
    return tf.bitwise.bitwise_xor(state, moved)


def _constant(number: int) -> tf.Tensor:
    return tf.constant(number, tf.uint64)
