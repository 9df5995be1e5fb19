"""Shares and verdicts of statements: by hand and against SciPy."""

import numpy as np
import pytest
from scipy import stats

from vgstudy.analysis.intervals import wilson
from vgstudy.claims import verdicts
from vgstudy.claims.judging import judge, judge_prediction
from vgstudy.claims.statements import Statement

ACCURACY = {"column": "test_accuracy"}
RATIO = {"column": "g_rms", "layer": "first", "over": {"column": "g_rms", "layer": "output"}}
TWO_MODES = np.concatenate([np.linspace(0.5, 0.52, 20), np.linspace(0.82, 0.84, 20)])


def statement(measure, **comparator):
    return Statement.model_validate({"says": "s", "arms": ["A"], "measure": measure, **comparator})


def column(*values):
    return np.array(values, dtype=float)[:, None]


@pytest.mark.parametrize(
    ("share", "n", "verdict"),
    [
        (1.0, 30, verdicts.REPLICATED),
        (0.9, 30, verdicts.REPLICATED),
        (0.7, 30, verdicts.SOME),
        (0.5, 30, verdicts.SOME),
        (0.2, 30, verdicts.FEW),
        (0.1, 30, verdicts.NOT),
        (0.0, 30, verdicts.NOT),
        (1.0, 3, verdicts.INCONCLUSIVE),
        (0.0, 3, verdicts.INCONCLUSIVE),
        (0.8, 10, verdicts.INCONCLUSIVE),
    ],
)
def test_verdict_on_an_order(share, n, verdict):
    k = round(share * n)
    values = column(*[1.0] * k, *[0.0] * (n - k))
    judged = judge(statement(ACCURACY, above=0.5), values)
    assert (judged.verdict, judged.share) == (verdict, k / n)


def test_seeds_that_settle_a_verdict_do_and_one_fewer_does_not_by_hand():
    judged = judge(statement(ACCURACY, above=0.5), column(1, 1, 1))
    needed = judged.needed_n
    assert needed is not None
    verdict = {
        n: judge(statement(ACCURACY, above=0.5), column(*[1.0] * n)).verdict
        for n in (needed - 1, needed)
    }
    assert list(verdict.values()) == [verdicts.INCONCLUSIVE, verdicts.REPLICATED]


def test_a_number_inside_and_near_is_replicated_inside_and_far_for_some_outside_not():
    rng = np.random.default_rng(3)
    values = (0.8 + 0.02 * rng.normal(size=50))[:, None]
    wide = (0.8 + 0.05 * rng.normal(size=50))[:, None]
    assert (
        judge(statement(ACCURACY, equals=0.81, within=0.05), values).verdict == verdicts.REPLICATED
    )
    assert judge(statement(ACCURACY, equals=0.75, within=0.02), wide).verdict == verdicts.FEW
    assert judge(statement(ACCURACY, equals=0.50, within=0.05), values).verdict == verdicts.NOT
    assert (
        judge(statement(ACCURACY, equals=0.70, within=0.001), wide).verdict == verdicts.NOT
    )  # inside, but no seed is there


@pytest.mark.parametrize(
    ("inside", "share", "n", "verdict"),
    [
        (True, 0.5, 30, verdicts.REPLICATED),
        (True, 0.26, 100, verdicts.FEW),
        (False, 0.26, 100, verdicts.FEW),
        (False, 0.95, 100, verdicts.SOME),
        (True, 0.02, 100, verdicts.NOT),
        (True, 0.25, 4, verdicts.INCONCLUSIVE),
    ],
)
def test_verdict_on_a_number(inside, share, n, verdict):
    ends = wilson(round(share * n), n)
    assert verdicts.of_number(inside, share, float(ends.low), float(ends.high)) == verdict


def test_a_range_that_reaches_out_of_the_interval_overlaps_by_hand():
    values = column(*np.linspace(0.09, 0.11, 30))
    reasons = {
        ends: judge(statement(RATIO, equals=list(ends)), values).reasoning
        for ends in ((0.1, 0.4), (0.099, 0.101), (0.3, 0.4))
    }
    assert "overlaps the 95 % one-seed" in reasons[0.1, 0.4]
    assert "lies inside" in reasons[0.099, 0.101]
    assert "lies outside" in reasons[0.3, 0.4]


def test_a_factor_is_written_as_in_the_register():
    judged = judge(
        statement({"column": "probe_loss"}, equals=0.69, within=1.05), column(0.69, 0.7, 0.68, 0.69)
    )
    assert "come near it (within a factor of 1.05)" in judged.reasoning


def test_needed_seeds_settle_the_share_seen_and_not_a_better_one_by_hand():
    five_of_six = verdicts.seeds_for_share(5 / 6)
    assert five_of_six == 11  # 9 of 11 give [0.52, 0.95]; 8 of 10 only [0.49, 0.94]
    assert wilson(9, 11).low > 0.5 > wilson(8, 10).low


def test_few_seeds_of_two_modes_settle_nothing():
    few = TWO_MODES[[0, 1, 2, 3, 4, 35, 36, 37, 38, 39]]
    judged = judge(statement(ACCURACY, equals=0.1, within=0.05), few[:, None])
    assert (judged.verdict, judged.needed_n) == (verdicts.INCONCLUSIVE, 39)
    assert (
        judge(statement(ACCURACY, equals=0.1, within=0.05), TWO_MODES[:39, None]).verdict
        == verdicts.NOT
    )


def test_a_range_counts_the_seeds_inside():
    judged = judge(statement(RATIO, equals=[1, 2]), column(0.9, 1.1, 1.5, 1.9, 2.4))
    assert judged.share == pytest.approx(0.6)
    assert judged.verdict == verdicts.REPLICATED


def test_an_order_of_several_layers_must_hold_in_all():
    own, other = np.array([[1.0, 5], [3, 5], [3, 5], [3, 5]]), np.full((4, 2), 2.0)
    assert judge(statement(ACCURACY, above={"arm": "B"}), own, other).share == 0.75
    assert judge(statement(ACCURACY, below={"arm": "B"}), other, own).share == 0.75


def test_seeds_without_a_value_are_counted_and_left_out():
    judged = judge(statement(ACCURACY, above=0.5), column(1, 1, np.nan, 0))
    assert (judged.n, judged.n_failed, judged.share) == (4, 1, pytest.approx(2 / 3))


def test_nearness_counts_the_side_that_is_too_short_by_hand():
    near_by = statement(ACCURACY, near={"arm": "B"}, by=0.1)
    judged = judge(near_by, column(*[0.5] * 6), column(0.5, 0.5, 0.5, np.nan, np.nan, np.nan))
    assert (judged.n, judged.n_failed, judged.reasoning[:20]) == (6, 3, "3 seeds with a value")


def test_a_margin_is_part_of_the_order():
    assert judge(statement(ACCURACY, above=0.5, by=0.2), column(0.6, 0.8)).share == 0.5


@pytest.mark.parametrize(
    ("shift", "verdict"),
    [(0.0, verdicts.REPLICATED), (0.2, verdicts.NOT), (0.02, verdicts.INCONCLUSIVE)],
)
def test_no_difference_is_shown_only_by_an_interval_inside_the_margin(shift, verdict):
    base = stats.norm.ppf(np.linspace(0.02, 0.98, 40)) * 0.01 + 0.8
    judged = judge(
        statement(ACCURACY, near={"arm": "B"}, by=0.02), (base + shift)[:, None], base[:, None]
    )
    assert judged.verdict == verdict
    interval = stats.ttest_ind(base + shift, base, equal_var=False).confidence_interval(0.9)
    assert (judged.low, judged.high) == pytest.approx(tuple(interval))


def test_an_order_may_be_asked_instead_of_claimed():
    asked = statement(ACCURACY, below=0.5, open=True)
    judged = judge(asked, column(*[0.9] * 30))
    assert (judged.verdict, judged.share, asked.comparison) == (
        verdicts.ANSWERED,
        0,
        "nothing claimed; asked: below 0.5",
    )
    assert judge(asked, column(0.9, 0.4)).verdict == verdicts.INCONCLUSIVE


def test_an_order_against_so_many_times_the_other():
    own, other = column(0.3, 0.4, 0.6), column(1, 1, 1)
    assert judge(
        statement(ACCURACY, below={"arm": "B"}, times=0.5), own, other
    ).share == pytest.approx(2 / 3)
    assert statement(ACCURACY, below={"arm": "B"}, times=0.5).comparison == "below 0.5 times B"


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
    assert judge(statement(RATIO, open=True), column(1, 2, 3, 4)).verdict == verdicts.ANSWERED


def test_too_few_seeds_are_inconclusive_and_say_how_many_are_needed():
    for comparator in ({"equals": 0.5, "within": 0.1}, {"open": True}):
        judged = judge(statement(ACCURACY, **comparator), column(0.5))
        assert (judged.verdict, judged.needed_n, judged.value) == (verdicts.INCONCLUSIVE, 4, 0.5)


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((0.6, 0.55, 0.65), verdicts.REPLICATED),
        ((0.3, 0.2, 0.4), verdicts.NOT),
        ((0.5, 0.4, 0.6), verdicts.INCONCLUSIVE),
        ((None,) * 3, verdicts.INCONCLUSIVE),
    ],
)
def test_verdict_on_a_prediction(ends, verdict):
    row = dict(zip(("value", "low", "high"), ends, strict=True)) | {
        "n": 26,
        "n_failed": 1,
        "method": "m",
        "confidence": 0.95,
    }
    judged = judge_prediction(row | {"failures": 10})
    assert (judged.verdict, judged.n) == (verdict, 26)
    few = judge_prediction(row | {"failures": 3})
    assert (few.verdict, few.reasoning[:30]) == (
        verdicts.INCONCLUSIVE,
        "3 runs failed and 22 learned: ",
    )
