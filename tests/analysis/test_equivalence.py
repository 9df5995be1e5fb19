import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from vgstudy.analysis.contrasts import EXPLORATORY, HOLM, adjusted
from vgstudy.analysis.equivalence import BOUND, directions, half_width, seeds_needed, tost
from vgstudy.analysis.intervals import Moments, geometric_t, moments
from vgstudy.schema import DIRECTIONS

NAN = np.nan


def test_tost_against_statsmodels():
    x = np.random.default_rng(5).normal(0.01, 0.05, (20, 12))
    expected = [DescrStatsW(row).ttost_mean(-BOUND, BOUND)[0] for row in x]
    np.testing.assert_allclose(tost(moments(x)), expected)


def test_tost_of_nothing_one_and_constants():
    np.testing.assert_array_equal(
        tost(moments([[NAN, NAN], [0.0, NAN], [0.0, 0.0], [1.0, 1.0]])), [NAN, NAN, 0, 1]
    )


def test_tost_errs_at_most_once_in_twenty_at_the_bound_against_theory():
    x = np.random.default_rng(5).normal(BOUND, 0.05, (20_000, 10))
    assert np.mean(tost(moments(x)) < 0.05) == pytest.approx(0.05, abs=0.006)


@pytest.mark.parametrize(
    ("logs", "direction"),
    [
        ([0.001, -0.001, 0.002, 0.0], "equivalent"),
        ([-0.021, -0.020, -0.019, -0.02], "equivalent"),  # differs from 1, by too little to matter
        ([-0.31, -0.30, -0.29, -0.3], "vanishes"),
        ([0.31, 0.30, 0.29, 0.3], "explodes"),
        ([0.5, -0.5, 0.4, -0.3], "undecided"),
    ],
)
def test_directions_by_hand(logs, direction):
    group = moments(logs)
    assert DIRECTIONS[directions(geometric_t(group), tost(group))] == direction


def test_no_interval_no_direction():
    group = moments([[NAN, NAN], [-1.0, NAN]])
    np.testing.assert_array_equal(directions(geometric_t(group), tost(group)), [-1, -1])


def test_holm_and_false_discovery_rate_by_hand():
    p = np.array([0.01, 0.04, NAN, 0.03, 0.02])
    family = pd.Series(["a", "a", "a", "a", "b"], index=[7, 7, 1, 2, 3])
    np.testing.assert_allclose(adjusted(p, family, HOLM), [0.03, 0.06, NAN, 0.06, 0.02])
    np.testing.assert_allclose(adjusted(p, family, EXPLORATORY), [0.03, 0.04, NAN, 0.04, 0.02])


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.7])
def test_seeds_needed_are_the_fewest_against_scipy(spread):
    def half(n: float) -> float:
        return float(stats.t.ppf(0.975, n - 1) * spread / np.sqrt(n))

    n = float(seeds_needed(spread))
    assert half(n) <= BOUND < half(n - 1)


def test_seeds_needed_of_many_against_theory():
    assert seeds_needed(0.75) == pytest.approx((1.96 * 0.75 / np.log(1.05)) ** 2, rel=0.01)
    np.testing.assert_array_equal(seeds_needed([0.0, NAN, 0.9, 1e6]), [2, NAN, np.inf, np.inf])


def test_planner_interval_and_equivalence_mean_the_same_five_percent_against_itself():
    n = seeds_needed(0.3)
    found = geometric_t(Moments(n, np.array(0.0), np.array(0.3**2)))
    assert 1.05 > float(found.high) > 1.0495
    assert half_width(0.3, n) == pytest.approx(np.log(found.high))
    assert BOUND == BOUND
