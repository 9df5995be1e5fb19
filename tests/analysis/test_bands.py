import numpy as np
import pytest
from scipy import stats

from vgstudy.analysis.bands import band, critical
from vgstudy.analysis.intervals import moments

NAN = np.nan


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


def test_equal_calls_give_equal_numbers(rng):
    x = rng.normal(size=(2, 3, 30))
    np.testing.assert_array_equal(critical(x), critical(x))


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
