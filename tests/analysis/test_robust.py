import numpy as np
import pytest
from scipy import stats

from vgstudy.analysis.robust import TWO_MODES, bimodality, quantile, trimmed_t

NAN = np.nan


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(2).normal(size=(3, 23))


@pytest.mark.parametrize("n", [5, 9, 10, 23])
def test_trimmed_mean_against_scipy(x, n):
    some = x[0, :n]
    found = trimmed_t(np.r_[NAN, some, NAN])
    expected = stats.ttest_ind(some, np.zeros(n), trim=0.2, equal_var=False).confidence_interval()
    assert [found.value, found.low, found.high] == pytest.approx(
        [stats.trim_mean(some, 0.2), *expected]
    )


def test_trimmed_mean_below_five_seeds_is_the_t_interval_against_scipy(x):
    found = trimmed_t(x[0, :4])
    assert [found.low, found.high] == pytest.approx(
        [*stats.ttest_1samp(x[0, :4], 0).confidence_interval()]
    )


def test_trimmed_mean_of_nothing_one_and_constants():
    found = trimmed_t([[NAN] * 5, [NAN, 2.0, NAN, NAN, NAN], [2.0] * 5])
    np.testing.assert_array_equal(
        [found.value, found.low, found.high], [[NAN, 2, 2], [NAN, NAN, 2], [NAN, NAN, 2]]
    )


def test_one_outlier_does_not_move_a_trimmed_mean_against_itself(x):
    usual, wild = x[:1, :10].copy(), x[:1, :10].copy()
    wild[0, usual.argmax()] = 1e9
    assert trimmed_t(wild).value == trimmed_t(usual).value


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_quantiles_against_numpy(x, share):
    x[1, 4:] = NAN
    np.testing.assert_allclose(quantile(x, share), np.nanquantile(x, share, axis=1))
    assert np.isnan(quantile([NAN, NAN], share))


def test_bimodality_against_scipy(x):
    n, (skew, excess) = 23, (f(x[0], bias=False) for f in (stats.skew, stats.kurtosis))
    expected = (skew**2 + 1) / (excess + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)))
    assert bimodality(np.r_[x[0], NAN]) == pytest.approx(expected)


def test_bimodality_tells_two_modes_from_one_against_theory():
    rng = np.random.default_rng(0)
    one, uniform = rng.normal(size=100_000), rng.random(100_000)
    assert bimodality(one) == pytest.approx(1 / 3, abs=0.02)
    assert bimodality(uniform) == pytest.approx(TWO_MODES, abs=0.01)
    assert bimodality(np.repeat([0.0, 1.0], 500)) == pytest.approx(1, abs=0.02)


def test_bimodality_of_few_and_of_constants_is_unknown():
    assert np.isnan(bimodality([[1.0, 2.0, 3.0, NAN], [0.1] * 4, [NAN] * 4])).all()
