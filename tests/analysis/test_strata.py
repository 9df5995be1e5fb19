"""Exact tests over strata: by hand, against SciPy and by simulation."""

from itertools import product
from math import comb, inf, isnan, prod

import numpy as np
import pytest
from scipy import stats

from vgstudy.analysis.strata import (
    Strata,
    detectable,
    homogeneity,
    odds_ratio,
)

# learned and runs of both groups, in three strata
SMALL = ([3, 1, 4], [4, 3, 5], [1, 1, 1], [3, 4, 4])


def tables(strata: Strata) -> dict[tuple[int, ...], int]:
    """Weight of every table with these margins."""
    total = strata.learned + strata.learned_reference
    weights = {
        x: prod([*map(comb, strata.n, x), *map(comb, strata.n_reference, total - x)])
        for x in product(*(range(n + 1) for n in strata.n))
        if np.all(total >= x)
    }
    return {x: weight for x, weight in weights.items() if weight}


def test_the_sum_over_strata_against_a_list_of_all_tables():
    strata = Strata.of(*SMALL)
    for log_odds in (0.0, -0.7, 2.0):
        weights: dict[int, float] = {}
        for x, weight in tables(strata).items():
            weights[sum(x)] = weights.get(sum(x), 0) + weight * np.exp(log_odds * sum(x))
        expected = np.array([weights[total] for total in sorted(weights)])
        np.testing.assert_allclose(strata.probabilities(log_odds), expected / expected.sum())
    assert strata.observed + strata.fewest.sum() == 8


def test_odds_ratio_interval_and_p_against_r():
    # penicillin and rabbits, mantelhaen.test(Rabbits, exact = TRUE): p = 0.03994, 10.36102
    cured, late = [0, 3, 6, 5, 2], [0, 0, 2, 6, 5]
    ratio = odds_ratio(Strata.of(cured, [6, 6, 6, 6, 2], late, [5, 6, 6, 6, 5]))
    assert ratio.p == pytest.approx(0.03994, abs=5e-6)
    assert ratio.value == pytest.approx(10.36102, rel=1e-5)


@pytest.mark.parametrize("table", [(3, 10, 8, 12), (0, 5, 3, 6), (7, 7, 2, 9), (1, 30, 1, 2)])
def test_one_stratum_against_scipy(table):
    a, n, b, m = table
    crossed = np.array([[a, n - a], [b, m - b]])
    ratio = odds_ratio(Strata.of([a], [n], [b], [m]))
    of_scipy = stats.contingency.odds_ratio(crossed)
    expected = [of_scipy.statistic, *of_scipy.confidence_interval(0.95)]
    np.testing.assert_allclose([ratio.value, ratio.low, ratio.high], expected, rtol=1e-6)
    assert ratio.p == pytest.approx(stats.fisher_exact(crossed).pvalue)


def test_p_against_a_permutation_of_runs_within_strata():
    rng = np.random.default_rng(0)
    learned = [np.r_[np.ones(k), np.zeros(12 - k)] for k in (9, 6, 3)]
    seen = np.array([6, 5, 2])  # of the first six runs of each stratum
    draws = [rng.permuted(np.tile(runs, (20000, 1)), axis=1)[:, :6].sum(1) for runs in learned]
    away = np.abs(np.sum(draws, axis=0) - 9)
    ratio = odds_ratio(Strata.of(seen, [6] * 3, np.array([9, 6, 3]) - seen, [6] * 3))
    assert ratio.p == pytest.approx((away >= seen.sum() - 9).mean(), abs=0.005)


def test_exchanged_groups_have_the_reciprocal_against_itself():
    a, n, b, m = SMALL
    ratio, other = odds_ratio(Strata.of(*SMALL)), odds_ratio(Strata.of(b, m, a, n))
    assert [1 / other.value, 1 / other.high, 1 / other.low, other.p] == pytest.approx(
        [ratio.value, ratio.low, ratio.high, ratio.p]
    )


def test_strata_that_say_nothing_change_nothing_by_hand():
    more = ([*SMALL[0], 0, 5, 2], [*SMALL[1], 5, 5, 4], [*SMALL[2], 0, 5, 0], [*SMALL[3], 5, 5, 0])
    assert odds_ratio(Strata.of(*more)) == odds_ratio(Strata.of(*SMALL))
    nothing = odds_ratio(Strata.of([0, 5], [5, 5], [0, 5], [5, 5]))
    assert isnan(nothing.value)
    assert (nothing.low, nothing.high, nothing.p) == (0, inf, 1)


def test_the_most_extreme_counts_have_an_open_interval_by_hand():
    learned, none, runs = [30] * 20, [0] * 20, [30] * 20
    ratio = odds_ratio(Strata.of(learned, runs, none, runs))
    assert ratio.value == ratio.high == inf
    assert 1000 < ratio.low < inf
    turned = odds_ratio(Strata.of(none, runs, learned, runs))
    assert (turned.value, turned.low) == (0, 0)
    # one run each: p is 2 of 2 ** 4 tables
    assert odds_ratio(Strata.of([1] * 4, [1] * 4, [0] * 4, [1] * 4)).p == pytest.approx(1 / 8)


def test_homogeneity_against_a_list_of_all_tables():
    strata = Strata.of([4, 1, 1], [4, 3, 5], [0, 1, 3], [3, 4, 4])
    weights = {x: w for x, w in tables(strata).items() if sum(x) == strata.learned.sum()}
    seen = weights[tuple(int(a) for a in strata.learned)]
    expected = sum(w for w in weights.values() if w <= seen * (1 + 1e-9)) / sum(weights.values())
    p = homogeneity(strata, np.random.default_rng(0), 40000)
    assert p == pytest.approx(expected, abs=0.01)
    assert isnan(homogeneity(Strata.of([4], [4], [0], [3]), np.random.default_rng(0)))


def test_power_at_the_detectable_odds_ratio_against_simulation():
    margins = np.array([9, 7, 5, 3, 1])
    learned = np.ceil(margins / 2)
    strata = Strata.of(learned, [5] * 5, margins - learned, [5] * 5)
    ratio = detectable(strata, 0.05)
    dealt = stats.nchypergeom_fisher(10, margins[:, None], 5, ratio)
    drawn = dealt.rvs((5, 2000), random_state=np.random.default_rng(0))
    pairs = [(x, margins - x) for x in drawn.T]
    p = [odds_ratio(Strata.of(one, [5] * 5, other, [5] * 5)).p for one, other in pairs]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.8, abs=0.03)
    assert detectable(strata, 1e-9) == inf


# shares at the depths of two settings, and the largest share of samples in which the test may find
# a difference, or the smallest in which it must
SPARSE = np.array([1, 1, 0.95, 0.5, 0.1, 0, 0, 0])
ONE_SIDED = np.array([0.02, 0.05, 0.02, 0, 0, 0, 0.1, 0])


def found(one, other, n: int = 10, samples: int = 400) -> float:
    """Share of samples in which the pooled test finds a difference at the 5 % level."""
    rng = np.random.default_rng(7)
    runs = np.full(len(one), n)
    drawn = (rng.binomial(n, share, (samples, len(one))) for share in (one, other))
    p = [odds_ratio(Strata.of(a, runs, b, runs)).p for a, b in zip(*drawn, strict=True)]
    return float(np.mean(np.array(p) < 0.05))


@pytest.mark.parametrize("share", [SPARSE, ONE_SIDED, np.full(8, 0.5)])
def test_the_pooled_test_keeps_its_level_against_simulation(share):
    # .05 and three standard errors of 400 samples
    assert found(share, share) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_the_pooled_test_finds_what_single_depths_miss_against_simulation():
    odds = np.linspace(0.95, 0.05, 8) / np.linspace(0.05, 0.95, 8)
    one, other = 4 * odds / (1 + 4 * odds), odds / (1 + odds)
    rng = np.random.default_rng(7)
    a, b = (rng.binomial(10, share, (400, 8)) for share in (one, other))
    single = [
        [stats.fisher_exact([[x, 10 - x], [y, 10 - y]]).pvalue < 0.05 / 8 for x, y in pair.T]
        for pair in np.stack([a, b], axis=1)[:100]
    ]
    assert found(one, other) > 0.8
    assert np.mean(np.any(single, axis=1)) < 0.3
