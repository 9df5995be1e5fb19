"""An estimate over seeds and where one more falls: by hand, against SciPy, and by simulation."""

import numpy as np
import pytest
from scipy import stats

from vgstudy.claims.spread import near, spread_of, thinned

TWO_MODES = np.concatenate([np.linspace(0.5, 0.52, 20), np.linspace(0.82, 0.84, 20)])


def test_intervals_of_normal_seeds_by_hand():
    spread = spread_of(np.array([1.0, 2.0, 3.0, 2.0]), "linear")
    t, variance = stats.t.ppf(0.975, 3), 2 / 3
    assert spread.method == "t"
    assert (spread.value, spread.high) == pytest.approx((2, 2 + t * np.sqrt(variance / 4)))
    assert spread.prediction_low == pytest.approx(2 - t * np.sqrt(variance * (1 + 1 / 4)))


@pytest.mark.parametrize(
    ("scale", "back"), [("log", np.exp), ("logit", lambda x: 1 / (1 + np.exp(-x)))]
)
def test_intervals_on_a_scale_are_those_of_the_transformed_values_against_itself(scale, back):
    x = np.random.default_rng(0).normal(size=20)
    plain, scaled = spread_of(x, "linear"), spread_of(back(x), scale)
    for name in ("value", "low", "high", "prediction_low", "prediction_high"):
        assert getattr(scaled, name) == pytest.approx(back(getattr(plain, name)))
    assert scaled.method == f"t on {scale}"


def test_two_modes_are_summarised_by_ranks():
    spread = spread_of(TWO_MODES, "logit")
    ordered = np.sort(TWO_MODES)
    assert spread.method == "median, order statistics"
    assert (spread.prediction_low, spread.prediction_high) == (ordered[0], ordered[-1])


def test_interval_of_the_median_against_scipy():
    values = np.random.default_rng(1).exponential(size=35) ** 3
    spread = spread_of(values, "linear")
    exact = stats.quantile_test(values, p=0.5).confidence_interval(confidence_level=0.95)
    assert spread.method == "median, order statistics"
    assert (spread.low, spread.high) == pytest.approx((exact.low, exact.high))
    assert spread.confidence >= 0.95


def test_a_value_that_the_scale_cannot_hold_falls_back_on_ranks():
    assert spread_of(np.array([0.9, 0.95, 1.0, 0.97]), "logit").method == "median, order statistics"


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, n: rng.normal(size=n),
        lambda rng, n: rng.choice([-3.0, 3.0], n) + rng.normal(size=n),
    ],
)
def test_prediction_intervals_cover_one_more_seed_as_often_as_they_say(draw):
    # the smallest to the largest of 40 cover 39 of 41
    rng, hits = np.random.default_rng(2), []
    for _ in range(600):
        values = draw(rng, 41)
        spread = spread_of(values[:40], "linear")
        hits.append(spread.prediction_low <= values[40] <= spread.prediction_high)
    assert np.mean(hits) == pytest.approx(0.95, abs=0.03)


def test_nearness_is_a_factor_on_a_log_scale_and_a_difference_otherwise():
    assert near(np.array([2.9, 3.1, 11.9, 12.1]), 6, 6, 2, "log").tolist() == [
        False,
        True,
        True,
        False,
    ]
    assert near(np.array([0.74, 0.76]), 0.8, 0.8, 0.05, "logit").tolist() == [False, True]


def test_values_are_sorted_and_thinned():
    values = np.random.default_rng(4).permutation(200.0 * np.arange(200))
    assert len(thinned(values)) == 60
    assert thinned(values) == sorted(thinned(values))
    assert thinned(np.array([np.nan])) == []
