import numpy as np
import pytest
from scipy import stats

from vgstudy.analysis.intervals import mean_t, moments
from vgstudy.analysis.resampling import RESAMPLES, band, bca, compact, critical

NAN = np.nan


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_bca_against_scipy(rng):
    x = rng.exponential(size=(3, 25))
    x[1, 3] = NAN
    found, kind = bca(x)
    assert kind.tolist() == [0, 0, 0]
    for row, low, high in zip(x, found.low, found.high, strict=True):
        sample = (row[~np.isnan(row)],)
        stream = np.random.default_rng(len(sample[0]))
        expected = stats.bootstrap(
            sample, np.mean, n_resamples=RESAMPLES, method="BCa", rng=stream
        ).confidence_interval
        assert [low, high] == pytest.approx([expected.low, expected.high])


def test_what_takes_the_place_of_bca_is_named(rng):
    x = np.full((4, 25), NAN)
    x[0, :19], x[1], x[2, :1] = rng.normal(size=19), 2.0, 1.0
    found, kind = bca(x)
    plain = mean_t(moments(x))
    assert kind.tolist() == [1, 2, 1, 1]
    np.testing.assert_array_equal(found.low, plain.low)
    np.testing.assert_array_equal(found.high, plain.high)


def test_equal_calls_give_equal_numbers(rng):
    x = rng.normal(size=(2, 3, 30))
    np.testing.assert_array_equal(critical(x), critical(x))
    np.testing.assert_array_equal(bca(x)[0].low, bca(x)[0].low)


@pytest.mark.parametrize("n", [3, 5, 12, 30])
def test_a_band_over_one_point_is_the_t_interval_against_theory(rng, n):
    reach = critical(rng.normal(size=(200, 1, n))).mean()
    assert reach == pytest.approx(stats.t.ppf(0.975, n - 1), rel=0.08 if n > 3 else 0.25)


@pytest.mark.parametrize("n", [6, 40])
def test_points_that_move_together_count_once_and_others_do_not_against_itself(rng, n):
    x = rng.normal(size=(1, n))
    assert critical(np.repeat(x, 7, axis=0)) == critical(x)
    assert critical(rng.normal(size=(7, n))) > critical(x) * 1.2


@pytest.mark.parametrize("n", [6, 25])
def test_bands_do_not_depend_on_what_else_is_asked_against_itself(rng, n):
    x = rng.normal(size=(40, 3, n))
    x[3, :, 2] = NAN
    x[5, 1] = NAN
    together = critical(x)
    np.testing.assert_array_equal(together, [critical(each) for each in x])
    np.testing.assert_array_equal(together, critical(x.reshape(8, 5, 3, n)).reshape(-1))
    assert together[5] == critical(x[5, [0, 2]])


def test_a_seed_that_lacks_a_point_is_left_out_whole_against_itself(rng):
    x = rng.normal(size=(4, 9))
    gap = x.copy()
    gap[2, 4] = NAN
    assert critical(gap) == critical(np.delete(x, 4, axis=-1))


def test_too_few_seeds_and_nothing_have_no_band_and_constants_do_not_count(rng):
    x = rng.normal(size=(2, 8))
    assert np.isnan(critical(x[:, :2]))
    assert np.isnan(critical(np.full((2, 8), NAN)))
    assert critical(np.vstack([x, np.ones(8)])) == critical(x)
    assert critical(np.ones((2, 8))) == 0


def test_band_by_hand():
    found = band(moments([1.0, 2.0, 3.0]), np.array(2.0))
    assert [found.value, found.low, found.high] == pytest.approx(
        [2, 2 - 2 / np.sqrt(3), 2 + 2 / np.sqrt(3)]
    )


def test_compact_by_hand():
    np.testing.assert_array_equal(compact(np.array([NAN, 2, NAN, 1])), [2, 1, NAN, NAN])
