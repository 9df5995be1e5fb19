"""Shares and verdicts of statements: by hand and against SciPy."""

import numpy as np
import pytest
from scipy import stats

from vgstudy.claims import verdicts
from vgstudy.claims.judging import agreement, judge, share_of_all
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
        (9, 9, verdicts.HOLDS),  # 9 of 9 is the smallest sample whose interval begins above .7
        (8, 8, verdicts.UNDECIDED),
        (79, 100, verdicts.HOLDS),
        (78, 100, verdicts.DEPENDS),
        (0, 9, verdicts.NOT),
        (0, 8, verdicts.UNDECIDED),
        (21, 100, verdicts.NOT),
        (22, 100, verdicts.DEPENDS),
        (15, 30, verdicts.DEPENDS),
        (2, 4, verdicts.DEPENDS),
        (1, 4, verdicts.UNDECIDED),
        (0, 1, verdicts.UNDECIDED),
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
        (["holds", "undecided", "depends on the seed", "does not hold"], verdicts.NOT),
        (["holds", "undecided", "depends on the seed"], verdicts.DEPENDS),
        (["holds", "undecided"], verdicts.UNDECIDED),
        (["holds", "holds"], verdicts.HOLDS),
        ([], verdicts.ANSWERED),
    ],
)
def test_a_claim_takes_its_worst_statement(parts, verdict):
    assert verdicts.of_claim(parts) == verdict


def test_a_claim_holds_for_the_seeds_for_which_all_its_statements_hold_by_hand():
    first, second = np.array([1, 1, 0, np.nan, 1]), np.array([1, 0, 0, 1, 1])
    assert share_of_all([first, second]) == (2 / 4, 4)
    assert share_of_all([np.array([np.nan])]) == share_of_all([]) == (None, 0)


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


def test_an_order_may_be_asked_instead_of_claimed():
    question = statement(ACCURACY, below=0.5, open=True)
    judged = judge(question, column(*[0.4] * 6, *[0.6] * 4))
    assert (judged.verdict, judged.share) == (verdicts.ANSWERED, 0.6)
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
    assert (judged.verdict, judged.value, judged.method) == (verdicts.ANSWERED, 0.5, "Wilson")
    number = judge(statement(RATIO, open=True), column(1, 2, 3, 4))
    assert (number.verdict, np.isnan(number.share)) == (verdicts.ANSWERED, True)
    assert number.value == pytest.approx(24**0.25)


@pytest.mark.parametrize("comparator", [{"equals": 0.5, "within": 0.1}, {"open": True}])
def test_few_seeds_have_a_median_and_no_interval(comparator):
    judged = judge(statement(ACCURACY, **comparator), column(0.5, np.nan))
    assert (judged.value, judged.n_failed) == (0.5, 1)
    assert np.isnan([judged.low, judged.high, judged.prediction_low]).all()
