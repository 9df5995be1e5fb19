"""Theory's numpy activations and kernel moments against the functions and kernels of the installed
Keras."""

import numpy as np
import pytest
import tensorflow as tf

from nets import named
from vgstudy.config.keras_names import REGISTRY
from vgstudy.engine import initial
from vgstudy.engine.network import activation_function, value_and_slope
from vgstudy.theory.activations import ACTIVATIONS, activation, dies, negative_slope
from vgstudy.theory.kernels import MOMENTS, is_gaussian, moments

OFFERED = {
    kind: {name for name, entry in REGISTRY[kind].items() if not entry.refused}
    for kind in ("activation", "initializer")
}
VARIANTS = [
    *(named(name) for name in sorted(OFFERED["activation"] - {"threshold"})),
    named("celu", alpha=0.5),
    named("elu", alpha=2.0),
    named("gelu", approximate=True),
    named("hard_shrink", threshold=1.3),
    named("leaky_relu", negative_slope=0.01),
    named("relu", negative_slope=0.3),
    named("relu", max_value=1.5),
    named("relu", threshold=0.7),
    named("relu", negative_slope=0.3, max_value=1.5, threshold=-0.4),
    named("relu", negative_slope=0.3, max_value=6.0, threshold=0.2),
    named("soft_shrink", threshold=1.3),
    named("soft_shrink", threshold=-1.3),
    named("squareplus", b=1),
    named("threshold", threshold=0.25, default_value=-1.0),
]
POINTS = np.sort(np.random.default_rng(0).uniform(-8, 8, 4001))  # no kink is among them


def ids(spec):
    return f"{spec.class_name}-{spec.config}"


def test_every_offered_activation_and_initializer_has_a_row():
    assert ACTIVATIONS.keys() == OFFERED["activation"]
    assert MOMENTS.keys() == OFFERED["initializer"]


@pytest.mark.parametrize("spec", VARIANTS, ids=ids)
def test_values_and_slopes_against_keras(spec):
    value, slope = value_and_slope(activation_function(spec), tf.constant(POINTS))
    ours = activation(spec)
    np.testing.assert_allclose(
        ours.value(POINTS), value, rtol=1e-6, atol=1e-7
    )  # TensorFlow keeps some constants in float32
    np.testing.assert_allclose(ours.slope(POINTS), slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("spec", VARIANTS, ids=ids)
def test_slopes_jump_or_bend_at_the_kinks_only_against_themselves(spec):
    """Second differences of the slope are of the order of the squared step, except across a kink,
    where they are larger."""
    ours, step = activation(spec), 0.01
    grid = (
        np.arange(-800, 800) * step + step / 2
    )  # kinks are multiples of .01, so each lies between two points
    slope = ours.slope(grid)
    breaks = grid[1:-1][abs(np.diff(slope, n=2)) > 40 * step**2 * (1 + slope[1:-1])]
    assert all(any(abs(point - kink) < 2 * step for kink in ours.kinks) for point in breaks)


@pytest.mark.parametrize("spec", VARIANTS, ids=ids)
def test_negative_slope_and_death_against_keras(spec):
    value, slope = (
        each.numpy() for each in value_and_slope(activation_function(spec), tf.constant(POINTS))
    )
    result = negative_slope(spec)
    if result is not None:
        np.testing.assert_allclose(value, np.where(POINTS > 0, POINTS, result * POINTS), atol=1e-7)
    assert dies(spec) == bool(np.array_equal((value == 0) & (slope == 0), POINTS < 0))


DISTRIBUTIONS = [
    *(named(name) for name in sorted(OFFERED["initializer"] - {"Constant"})),
    named("Constant", value=0.3),
    named("Identity", gain=2.0),
    named("Orthogonal", gain=2.0),
    named("RandomNormal", mean=0.5, stddev=2.0),
    named("RandomUniform", minval=0.0, maxval=1.0),
    named("TruncatedNormal", mean=1.0, stddev=0.5),
    named("VarianceScaling", scale=2.0, mode="fan_out", distribution="uniform"),
    named("VarianceScaling", scale=0.5, mode="fan_avg", distribution="untruncated_normal"),
]


@pytest.mark.parametrize("spec", DISTRIBUTIONS, ids=ids)
def test_kernel_moments_against_sampled_keras_kernels(spec):
    """Within 5 standard errors over 300 kernels, in a shape whose fans differ."""
    fan_in, fan_out, count = 7, 12, 300
    seeds = np.random.default_rng(1).integers(0, 2**31 - 1, (count, 2), dtype="int32")
    drawn = initial.draw_kernels(spec, (fan_out, fan_in), seeds).astype(float).reshape(count, -1)
    expected = moments(spec, fan_in, fan_out)
    for each, wanted in (
        (drawn.mean(axis=1), expected.mean),
        ((drawn - expected.mean) ** 2, expected.variance),
    ):
        per_kernel = each.reshape(count, -1).mean(axis=1)
        error = per_kernel.std(ddof=1) / np.sqrt(count)
        assert per_kernel.mean() == pytest.approx(wanted, abs=5 * error + 1e-6 * (1 + abs(wanted)))


def test_gaussian_kernels_are_named_by_hand():
    assert is_gaussian(named("RandomNormal", stddev=1.0))
    assert is_gaussian(named("VarianceScaling", scale=2.0, distribution="untruncated_normal"))
    for spec in (
        named("RandomNormal", mean=0.1),
        named("HeNormal"),
        named("VarianceScaling"),
        named("RandomNormal", stddev=0.0),
    ):
        assert not is_gaussian(spec)
