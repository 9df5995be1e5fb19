"""Intervals for means of one sample and of two, for one further seed, and for a whole profile."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vgstudy.analysis.decay import curvature
from vgstudy.analysis.intervals import (
    Interval,
    chi_squared,
    mean_t,
    moments,
    next_seed,
    welch_difference,
)
from vgstudy.analysis.resampling import ENOUGH, band, bca, critical
from vgstudy.analysis.robust import trimmed_t
from vgstudy.validation.nets import Net, population
from vgstudy.validation.trials import PRIMARY, SECOND, SEEDS, WITHDRAWN, Trial, joint, trial

Array = NDArray[np.float64]

RELU, TANH = "nets: ReLU, He, 5 wide, 10 deep, alive only", "nets: tanh, Xavier, 5 wide, 10 deep"
NETS: Mapping[str, Net] = {
    "nets: ReLU, He, 5 wide, 5 deep": Net("relu", True, 5, 5),
    RELU: Net("relu", True, 5, 10),
    TANH: Net("tanh", False, 5, 10),
}
NORMAL, SPREAD = "log-normal, spread .3", 0.3
POPULATION = 20_000


@dataclass(frozen=True)
class Truth:
    """A population of values, axis (member,), or of profiles, axes (member, layer), to draw from
    with replacement; NaN: dead."""

    values: Array

    @property
    def mean(self) -> Array:
        """Over the members that are alive; axes () or (layer,)."""
        found: Array = np.nanmean(self.values, axis=0)
        return found

    def drawn(self, repetitions: int, n: int, rng: np.random.Generator) -> Array:
        """Samples, axes (repetition, seed) or (repetition, seed, layer)."""
        found: Array = self.values[rng.integers(0, len(self.values), (repetitions, n))]
        return found


def truths(rng: np.random.Generator) -> tuple[dict[str, Truth], dict[str, Truth]]:
    """Logs of the decay factor of g, and of its profile, by the name of the population."""
    drawn = {name: population(net, POPULATION, rng) for name, net in NETS.items()}
    values = {NORMAL: Truth(rng.normal(-0.1, SPREAD, 100_000))} | {
        name: Truth(logs) for name, (logs, _) in drawn.items()
    }
    return values, {name: Truth(profile) for name, (_, profile) in drawn.items()}


def of_ratios(values: Array) -> Interval:
    """The t interval for the arithmetic mean of ratios, which no study should use for ratios of
    this spread."""
    return mean_t(moments(np.exp(values)))


def one_sample(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Intervals for the mean log decay factor, for a further seed's, and bands for profiles."""
    values, profiles = truths(rng)
    for name, truth in values.items():
        for n in SEEDS:
            drawn = truth.drawn(repetitions, n, rng)
            yield trial("t on log", PRIMARY, name, n, mean_t(moments(drawn)), truth.mean)
            yield trial("trimmed mean", SECOND, name, n, trimmed_t(drawn), truth.mean)
            role = SECOND if n >= ENOUGH else WITHDRAWN
            yield trial("BCa", role, name, n, bca(drawn, fewest=2)[0], truth.mean)
            further = truth.values[
                rng.permutation(np.flatnonzero(~np.isnan(truth.values)))[:repetitions]
            ]
            yield trial(
                "prediction of one seed", PRIMARY, name, n, next_seed(moments(drawn)), further
            )
            yield trial(
                "chi-squared on log",
                PRIMARY,
                name,
                n,
                chi_squared(moments(drawn)),
                np.nanvar(truth.values),
            )
            arithmetic = Truth(np.exp(truth.values)).mean
            yield trial("t on ratios", WITHDRAWN, name, n, of_ratios(drawn), arithmetic)
    for name, truth in profiles.items():
        for n in SEEDS:
            drawn = np.swapaxes(truth.drawn(repetitions, n, rng), 1, 2)
            yield joint("max-|t| band over layers", PRIMARY, name, n, _band(drawn), truth.mean)
            yield joint("t at every layer", WITHDRAWN, name, n, mean_t(moments(drawn)), truth.mean)
    for name, truth in profiles.items():
        bent = Truth(_curvature(truth.values))
        for n in SEEDS:
            yield trial(
                "t, curvature",
                PRIMARY,
                name,
                n,
                mean_t(moments(bent.drawn(repetitions, n, rng))),
                bent.mean,
            )


def _curvature(logs: Array) -> Array:
    """Quadratic coefficients of profiles, axes (member, layer), over the square layers; NaN for the
    dead."""
    return curvature(np.exp(logs), np.broadcast_to(np.arange(logs.shape[1]) > 0, logs.shape))


def _band(drawn: Array) -> Interval:
    return band(moments(drawn), critical(drawn)[..., None])


def outcomes(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """The mean accuracy of runs of which some learn and some do not: two modes."""
    for learned in (0.5, 0.9):
        for n in SEEDS:
            accuracy = np.where(rng.random((repetitions, n)) < learned, 0.83, 0.5) + rng.normal(
                0, 0.02, (repetitions, n)
            )
            name, value = f"accuracy of two modes, {learned:.0%} learn", 0.5 + 0.33 * learned
            yield trial("t", PRIMARY, name, n, mean_t(moments(accuracy)), value)


def two_samples(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Ratios of geometric means of independent groups."""
    values, _ = truths(rng)
    wide = Truth(rng.normal(0.2, 3 * SPREAD, 100_000))
    pairs = {
        "log-normal, spreads .3 and .9": (values[NORMAL], wide),
        "nets: ReLU, He against tanh, Xavier, 10 deep": (values[RELU], values[TANH]),
    }
    for name, (one, other) in pairs.items():
        for n in SEEDS:
            group, reference = (moments(truth.drawn(repetitions, n, rng)) for truth in (one, other))
            found = welch_difference(group, reference)
            yield trial("Welch on log, ratio", PRIMARY, name, n, found, one.mean - other.mean)
