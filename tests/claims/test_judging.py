"""Estimates, shares and verdicts of statements: by hand, against SciPy, and by simulation."""

import numpy as np
import pytest
from scipy import stats

from vgstudy.claims.judging import (
    ANSWERED,
    DEPENDS,
    HOLDS,
    NOT,
    UNDECIDED,
    agreement,
    judge,
    lowest_share,
    near,
    of_claim,
    share_of_all,
    spread_of,
    thinned,
)
from vgstudy.claims.statements import Statement

ACCURACY = {"column": "test_accuracy"}
RATIO = {"column": "g_rms", "layer": "first", "over": {"column": "g_rms", "layer": "output"}}


def statement(measure, **comparator):
    return Statement.model_validate({"says": "s", "arms": ["A"], "measure": measure, **comparator})


def column(*values):
    return np.array(values, dtype=float)[:, None]


@pytest.mark.parametrize(
    ("count", "n", "verdict"),
    [
        (9, 9, HOLDS),  # 9 of 9 is the smallest sample whose interval begins above .7
        (8, 8, UNDECIDED),
        (79, 100, HOLDS),
        (78, 100, DEPENDS),
        (0, 9, NOT),
        (0, 8, UNDECIDED),
        (21, 100, NOT),
        (22, 100, DEPENDS),
        (15, 30, DEPENDS),
        (2, 4, DEPENDS),
        (1, 4, UNDECIDED),
        (0, 1, UNDECIDED),
    ],
)
@pytest.mark.parametrize("comparator", [{"above": 0.5}, {"equals": 1, "within": 0.1}])
def test_orders_and_numbers_are_judged_by_the_share_of_seeds_against_scipy(
    count, n, verdict, comparator
):
    values = column(*[0.99] * count, *[0.01] * (n - count))
    judged = judge(statement(ACCURACY, **comparator), values)
    wilson = stats.binomtest(count, n).proportion_ci(0.95, method="wilson")
    assert judged.verdict == verdict
    assert judged.share == count / n
    assert (judged.share_low, judged.share_high) == pytest.approx((wilson.low, wilson.high))


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        (["holds", "undecided", "depends on the seed", "does not hold"], NOT),
        (["holds", "undecided", "depends on the seed"], DEPENDS),
        (["holds", "undecided"], UNDECIDED),
        (["holds", "holds"], HOLDS),
        ([], ANSWERED),
    ],
)
def test_a_claim_takes_its_worst_statement(parts, verdict):
    assert of_claim(parts) == verdict


def test_a_claim_holds_for_the_seeds_for_which_all_its_statements_hold_by_hand():
    first, second = np.array([1, 1, 0, np.nan, 1]), np.array([1, 0, 0, 1, 1])
    # the fourth seed has a value in the second statement alone
    assert share_of_all([first, second]) == (3 / 5, 5)
    assert share_of_all([np.array([np.nan])]) == share_of_all([]) == (None, 0)


def test_of_networks_without_common_seeds_the_lowest_share_by_hand():
    """Three of four seeds and two of four; a network without a value says nothing."""
    first, second = np.array([1, 1, 1, 0.0]), np.array([0, 0, 1, 1.0])
    assert lowest_share([[first], [second], [np.array([np.nan])]]) == (0.5, 4)
    assert lowest_share([[first, second]]) == (0.25, 4)
    assert lowest_share([]) == (None, 0)


def test_a_factor_is_written_as_in_the_register():
    judged = judge(
        statement({"column": "probe_loss"}, equals=0.69, within=1.05), column(0.69, 0.7, 0.68, 0.69)
    )
    assert "4 of 4 seeds come near the reported 0.690 (within a factor of 1.05)" in judged.reasoning


def test_a_range_counts_the_seeds_inside():
    judged = judge(statement(RATIO, equals=[1, 2]), column(0.9, 1.1, 1.5, 1.9, 2.4))
    assert judged.share == pytest.approx(0.6)


def test_an_order_of_several_layers_must_hold_in_all():
    values, other = np.array([[1.0, 5], [3, 5], [3, 5], [3, 5]]), np.full((4, 2), 2.0)
    assert judge(statement(ACCURACY, above={"arm": "B"}), values, other).share == 0.75
    assert judge(statement(ACCURACY, below={"arm": "B"}), other, values).share == 0.75


def test_seeds_without_a_value_are_counted_and_left_out():
    judged = judge(statement(ACCURACY, above=0.5), column(1, 1, np.nan, 0))
    assert (judged.n, judged.n_failed, judged.share) == (4, 1, pytest.approx(2 / 3))


def test_a_margin_is_part_of_the_order():
    assert judge(statement(ACCURACY, above=0.5, by=0.2), column(0.6, 0.8)).share == 0.5


def test_no_difference_is_a_difference_within_the_margin_by_hand():
    near_by = statement(ACCURACY, near={"arm": "B"}, by=0.1)
    pairs = column(0.5, 0.5, 0.5, 0.5), column(0.55, 0.65, 0.35, np.nan)
    assert agreement(near_by, *pairs).tolist() == pytest.approx([1, 0, 0, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("comparator", "holds"),
    [
        ({"above": {"arm": "B"}, "by": 0.02}, False),
        ({"near": {"arm": "B"}, "by": 0.02}, False),
        ({"equals": 0.03, "within": 0.01}, True),
        ({"equals": [-0.02, 0.02]}, True),
    ],
)
def test_accuracies_that_are_equal_but_for_rounding_count_as_equal_by_hand(comparator, holds):
    """Ten of 500 points more, in the precision of the logs, are just .02."""
    points = np.arange(250, 490)[:, None]
    low, high = (np.array(np.float32(count / 500), float) for count in (points, points + 10))
    change = {"column": "test_accuracy", "epochs": [0, 9], "summary": "change"}
    is_order = {"arm": "B"} in comparator.values()
    judged = statement(ACCURACY if is_order else change, **comparator)
    agrees = agreement(judged, high, low) if is_order else agreement(judged, high - low)
    assert set(agrees) == {float(holds)}


def test_an_order_may_be_asked_instead_of_claimed():
    question = statement(ACCURACY, below=0.5, open=True)
    judged = judge(question, column(*[0.4] * 6, *[0.6] * 4))
    assert (judged.verdict, judged.share) == (ANSWERED, 0.6)
    assert question.comparison == "nothing claimed; asked: below 0.5"


def test_an_order_may_be_against_a_multiple():
    values, other = column(0.3, 0.4, 0.6), column(1, 1, 1)
    half = statement(ACCURACY, below={"arm": "B"}, times=0.5)
    assert judge(half, values, other).share == pytest.approx(2 / 3)
    assert half.comparison == "below 0.5 times B"


def test_another_measure_of_the_run_is_named_by_what_differs_by_hand():
    early, late = (
        {"column": "w_mean", "layer": 1, "epochs": epochs, "summary": "pace"}
        for epochs in ([0, 10], [10, 100])
    )
    assert (
        statement(early, above={"measure": late}).comparison
        == "above its mean absolute change per epoch over epochs 10 to 100"
    )
    assert (
        statement(early, above={"measure": early | {"layer": 2}}).comparison
        == "above the same of layer 2"
    )


def test_an_open_question_is_answered_by_the_estimate():
    judged = judge(statement({"column": "learned"}, open=True), column(1, 1, 0, 0))
    assert (judged.verdict, judged.value, judged.method) == (ANSWERED, 0.5, "Wilson")
    number = judge(statement(RATIO, open=True), column(1, 2, 3, 4))
    assert (number.verdict, np.isnan(number.share)) == (ANSWERED, True)
    assert number.value == pytest.approx(24**0.25)


@pytest.mark.parametrize("comparator", [{"equals": 0.5, "within": 0.1}, {"open": True}])
def test_few_seeds_have_a_median_and_no_interval(comparator):
    judged = judge(statement(ACCURACY, **comparator), column(0.5, np.nan))
    assert (judged.value, judged.n_failed) == (0.5, 1)
    assert np.isnan([judged.low, judged.high, judged.prediction_low]).all()


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
