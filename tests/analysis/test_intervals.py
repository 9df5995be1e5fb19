import numpy as np
import pytest
from scipy import stats

from vgstudy.analysis.intervals import (
    PRECISION,
    Moments,
    equal_tails,
    geometric_t,
    half_width,
    mean_t,
    moments,
    next_seed,
    seeds_needed,
    welch_difference,
    welch_ratio,
)
from vgstudy.analysis.share_intervals import newcombe, wilson

NAN = np.nan


def ends(interval) -> list:
    return [interval.value, interval.low, interval.high]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_moments_against_numpy(rng):
    x = rng.normal(1e6, 1, (4, 5, 9))
    x[rng.random(x.shape) < 0.3] = NAN
    group = moments(x)
    np.testing.assert_array_equal(group.n, np.isfinite(x).sum(axis=-1))
    np.testing.assert_allclose(group.mean, np.nanmean(x, axis=-1), rtol=1e-15)
    np.testing.assert_allclose(group.var, np.nanvar(x, axis=-1, ddof=1), rtol=1e-8)


def test_moments_of_nothing_one_and_constants_by_hand():
    group = moments([[NAN, NAN, NAN], [NAN, 0.1, NAN], [0.1, 0.1, 0.1]])
    np.testing.assert_array_equal(group.n, [0, 1, 3])
    np.testing.assert_array_equal(group.mean, [NAN, 0.1, 0.1])
    np.testing.assert_array_equal(group.var, [NAN, NAN, 0.0])


def test_moments_do_not_depend_on_where_the_gaps_are_against_itself(rng):
    x = rng.normal(size=6)
    assert moments([*x, NAN, NAN]) == moments([NAN, *x, NAN])


def test_mean_t_by_hand():
    # mean 2, variance 1, t(.975, 2) = 4.302653, half width 4.302653 / sqrt(3)
    assert ends(mean_t(moments([1.0, 2.0, 3.0]))) == pytest.approx(
        [2, 2 - 2.484138, 2 + 2.484138], abs=1e-6
    )


@pytest.mark.parametrize("n", [2, 3, 10, 200])
def test_mean_t_against_scipy(rng, n):
    x = rng.normal(3, 2, n)
    expected = stats.ttest_1samp(x, 0).confidence_interval(0.95)
    np.testing.assert_allclose(ends(mean_t(moments(x))), [x.mean(), *expected], rtol=1e-10)


def test_geometric_t_against_scipy(rng):
    x = rng.lognormal(-3, 2, 12)
    expected = stats.ttest_1samp(np.log(x), 0).confidence_interval(0.95)
    np.testing.assert_allclose(
        ends(geometric_t(moments(np.log(x)))), [stats.gmean(x), *np.exp(expected)], rtol=1e-12
    )


@pytest.mark.parametrize("interval", [mean_t, geometric_t])
def test_t_intervals_of_nothing_one_and_constants(interval):
    found = interval(moments([[NAN, NAN, NAN], [NAN, 0.3, NAN], [0.3, 0.3, 0.3]]))
    value = 0.3 if interval is mean_t else np.exp(0.3)
    np.testing.assert_array_equal(
        ends(found), [[NAN, value, value], [NAN, NAN, value], [NAN, NAN, value]]
    )


def test_a_huge_spread_reaches_infinity_and_zero_without_a_warning():
    found = geometric_t(moments([-600.0, 600.0]))
    assert ends(found) == [1, 0, np.inf]


@pytest.mark.parametrize("sizes", [(2, 2), (5, 12), (30, 3)])
def test_welch_against_scipy(rng, sizes):
    a, b = rng.normal(1, 5, sizes[0]), rng.normal(0, 1, sizes[1])
    test = stats.ttest_ind(a, b, equal_var=False)
    expected = [a.mean() - b.mean(), *test.confidence_interval(0.95)]
    difference = welch_difference(moments(a), moments(b))
    np.testing.assert_allclose(ends(difference), expected, rtol=1e-10)
    assert difference.p == pytest.approx(test.pvalue)
    ratio = welch_ratio(moments(a), moments(b))
    np.testing.assert_allclose(ends(ratio), np.exp(expected), rtol=1e-10)
    assert ratio.p == pytest.approx(test.pvalue)


def test_welch_against_itself_swapped(rng):
    a, b = moments(rng.normal(size=5)), moments(rng.normal(size=8))
    one, other = welch_difference(a, b), welch_difference(b, a)
    assert [one.value, one.low, one.high, one.p] == pytest.approx(
        [-other.value, -other.high, -other.low, other.p]
    )


def test_welch_with_one_constant_group_is_the_t_interval_of_the_other(rng):
    x = rng.normal(size=6)
    expected = stats.ttest_1samp(x, 2.0)
    found = welch_difference(moments(x), moments([2.0, 2.0, 2.0]))
    assert [found.low + 2, found.high + 2] == pytest.approx([*expected.confidence_interval(0.95)])
    assert found.p == pytest.approx(expected.pvalue)


def test_welch_of_nothing_one_and_constants():
    first = moments([[NAN, NAN], [1.0, NAN], [1.0, 1.0], [1.0, 3.0]])
    second = moments([[0.0, 1.0], [0.0, 1.0], [0.0, 0.0], [0.0, NAN]])
    found = welch_difference(first, second)
    np.testing.assert_array_equal(
        ends(found), [[NAN, 0.5, 1, 2], [NAN, NAN, 1, NAN], [NAN, NAN, 1, NAN]]
    )
    np.testing.assert_array_equal(found.p, [NAN] * 4)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize("n", [1, 2, 10, 37])
def test_wilson_against_scipy(n, confidence):
    counts = np.arange(n + 1)
    expected = [
        stats.binomtest(int(k), n).proportion_ci(confidence, method="wilson") for k in counts
    ]
    found = wilson(counts, n, confidence)
    np.testing.assert_allclose(found.low, [ci.low for ci in expected], atol=1e-14)
    np.testing.assert_allclose(found.high, [ci.high for ci in expected], atol=1e-14)
    np.testing.assert_array_equal(found.value, counts / n)


def test_prediction_of_a_further_seed_by_hand():
    # mean 2, variance 1, t(.975, 2) = 4.302653, half width 4.302653 sqrt(4 / 3)
    assert ends(next_seed(moments([1.0, 2.0, 3.0]))) == pytest.approx(
        [2, 2 - 4.968275, 2 + 4.968275], abs=1e-6
    )
    assert np.isnan(next_seed(moments([1.0])).low)


def test_wilson_by_hand():
    nothing, none = wilson([0, 0], [0, 30]).value, wilson(0, 30)
    np.testing.assert_array_equal(nothing, [NAN, 0])
    assert np.isnan(ends(wilson(0, 0))).all()
    assert none.low == 0
    assert none.high == pytest.approx(1.959964**2 / (30 + 1.959964**2))
    assert wilson(30, 30).high == 1


@pytest.mark.parametrize(
    ("group", "reference", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17:873-890, table II, examples (a) to (h), method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0000),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_newcombe_against_the_paper(group, reference, low, high):
    found = newcombe(wilson(*group), wilson(*reference))
    assert found.value == pytest.approx(group[0] / group[1] - reference[0] / reference[1])
    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-5)


def test_newcombe_of_nothing():
    assert np.isnan(ends(newcombe(wilson(0, 0), wilson(1, 2)))).all()


def covers(interval, truth: float) -> float:
    return float(np.mean((interval.low <= truth) & (truth <= interval.high)))


REPETITIONS = 20_000
MONTE_CARLO = 4 * np.sqrt(0.95 * 0.05 / REPETITIONS)


def test_t_intervals_cover_against_theory(rng):
    group = moments(rng.normal(0.7, 2, (REPETITIONS, 5)))
    assert covers(mean_t(group), 0.7) == pytest.approx(0.95, abs=MONTE_CARLO)
    assert covers(geometric_t(group), np.exp(0.7)) == pytest.approx(0.95, abs=MONTE_CARLO)


def test_welch_covers_nearly_against_theory(rng):
    # Welch's degrees of freedom are an approximation, good to half a point at these sizes
    a, b = (
        moments(rng.normal(0, 1, (REPETITIONS, 10))),
        moments(rng.normal(0.5, 3, (REPETITIONS, 8))),
    )
    found = welch_difference(a, b)
    assert covers(found, -0.5) == pytest.approx(0.95, abs=MONTE_CARLO + 0.005)
    null = welch_difference(a, moments(rng.normal(0, 3, (REPETITIONS, 8))))
    assert np.mean(null.p < 0.05) == pytest.approx(0.05, abs=MONTE_CARLO + 0.005)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_wilson_covers_as_enumerated_against_theory(rng, share):
    counts = np.arange(31)
    found = wilson(counts, 30)
    exact = stats.binom.pmf(counts, 30, share)[(found.low <= share) & (share <= found.high)].sum()
    drawn = wilson(rng.binomial(30, share, REPETITIONS), 30)
    assert covers(drawn, share) == pytest.approx(exact, abs=MONTE_CARLO)
    assert exact > 0.92


def test_equal_tails_by_hand():
    draws = [*np.arange(41.0), np.nan]
    assert equal_tails(draws) == pytest.approx((1, 39))
    assert equal_tails([0, 1, np.inf], low="lower", high="higher") == (0, np.inf)
    assert np.isnan(equal_tails([np.nan])).all()


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.7])
def test_seeds_needed_are_the_fewest_against_scipy(spread):
    def half(n: float) -> float:
        return float(stats.t.ppf(0.975, n - 1) * spread / np.sqrt(n))

    n = float(seeds_needed(spread))
    assert half(n) <= PRECISION < half(n - 1)


def test_seeds_needed_of_many_against_theory():
    assert seeds_needed(0.75) == pytest.approx((1.96 * 0.75 / np.log(1.05)) ** 2, rel=0.01)
    np.testing.assert_array_equal(seeds_needed([0.0, NAN, 0.9, 1e6]), [2, NAN, np.inf, np.inf])


def test_half_width_is_that_of_the_interval_against_itself():
    found = geometric_t(Moments(np.array(10.0), np.array(0.0), np.array(0.3**2)))
    assert half_width(0.3, 10) == pytest.approx(np.log(found.high))
