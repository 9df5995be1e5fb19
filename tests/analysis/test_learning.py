"""When runs learn, which others are slow or stuck, and shares at other thresholds."""

from math import log

import numpy as np
import pandas as pd
import pytest

from synthetic import made_frames, study
from vgstudy.analysis.learning import (
    epochs_of_tests,
    first_learned,
    is_slow,
    last_fifth,
    threshold_rows,
    thresholds,
)
from vgstudy.analysis.share_intervals import dkw
from vgstudy.config.log import Log
from vgstudy.schema import FACTORS


@pytest.mark.parametrize(
    ("every", "last", "expected"),
    [
        (1, 500, range(10, 501, 10)),
        (10, 500, range(10, 501, 10)),
        (5, 100, range(5, 101, 5)),
        (2, 25, [*range(2, 25, 2), 25]),
        (10, 20, [10, 20]),
        (1, 1, [1]),
        (7, 3, [3]),
    ],
)
def test_epochs_of_tests_by_hand(every, last, expected):
    log = Log(probe_epochs=(0, last), test_every=every)
    assert epochs_of_tests(log, last).tolist() == [*expected]


@pytest.mark.parametrize(
    ("last", "first", "count"), [(500, 401, 100), (2500, 2001, 100), (20, 17, 4), (3, 2, 2)]
)
def test_the_last_fifth_by_hand(last, first, count):
    epochs = last_fifth(last)
    assert (epochs[0], epochs[-1], len(epochs)) == (first, last, count)


def test_one_epoch_has_no_fifth_and_nothing_is_slow():
    assert last_fifth(1).tolist() == [1]
    assert not is_slow(np.array([[0.7]])).any()


def test_slow_is_more_than_a_fifth_of_a_percent_by_hand():
    # axes (epoch, seed); the middle epoch of five belongs to neither half
    loss = np.array([[1.0, 1.0], [1.0, 1.0], [9.0, 9.0], [0.997, 0.999], [0.997, 0.999]])
    assert is_slow(loss).tolist() == [True, False]
    assert not is_slow(np.full((4, 1), np.nan)).any()


def test_a_run_learns_at_its_first_test_above_the_threshold_by_hand():
    epochs = np.array([10, 20, 30])
    accuracy = np.array([[0.5, 0.8, 0.7], [0.8, np.nan, 0.7], [0.4, np.nan, 0.7]])
    assert first_learned(accuracy, epochs, 0.7).tolist() == [20, 10, np.inf]


def test_dkw_by_hand():
    # sqrt(ln 40 / 200) = .1358
    band = dkw(np.array([0.05, 0.5, 1.0]), 100)
    assert band.low == pytest.approx([0, 0.3642, 0.8642], abs=1e-4)
    assert band.high == pytest.approx([0.1858, 0.6358, 1], abs=1e-4)


LEVELS = {"depth": 4, "width": 5, "initializer": "Xavier", "optimizer": "SGD"}


def test_thresholds_by_hand():
    assert thresholds(0.5, 0.9) == pytest.approx([0.7, 0.75, 0.8, 0.85, 0.9])
    assert thresholds(log(2), 0.0) == pytest.approx([log(2) * step / 8 for step in (4, 3, 2, 1, 0)])


@pytest.fixture
def resolved():
    levels = {"depths": [4], "widths": [5], "initializers": ["Xavier"], "optimizers": ["SGD"]}
    arms = {"A1": {"activation": ["tanh"]}, "A2": {"activation": ["ReLU"]}}
    return study(**levels, activations=["tanh", "ReLU"], arms=arms)


def rows(resolved, reference):
    ends = {
        "tanh": [(0.9, 0.1), (0.9, 0.1), (0.5, 0.7)],
        "ReLU": [(0.8, 0.2), (0.65, 0.6), (None, None)],
    }
    outcomes = [
        {**LEVELS, "activation": name, "seed": seed, "status": "slow"}
        | dict(zip(("test_accuracy", "train_loss"), end, strict=True))
        for name, pairs in ends.items()
        for seed, end in enumerate(pairs)
    ]
    frame = made_frames(outcomes=outcomes, resolved=resolved).outcomes
    frame = frame.astype(dict.fromkeys(FACTORS[2:], "str"))
    named = resolved | {"outcome": {"learned_above": 0.7, "reference": reference}}
    return pd.DataFrame(threshold_rows(named, frame))


def test_shares_by_hand(resolved):
    made = rows(resolved, "A1")
    assert len(made) == 2 * 2 * 5
    shares = made.groupby(["cell", "quantity"], sort=False)["value"].agg(list)
    tanh_accuracy, tanh_loss, relu_accuracy, relu_loss = shares
    # thresholds .7 to .9, and .397 to .1; a seed that diverged passes none
    assert tanh_accuracy == tanh_loss == pytest.approx([2 / 3] * 5)
    assert relu_accuracy == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0, 0])
    assert relu_loss == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0, 0])
    assert set(made["n"]) == {3}


def test_without_a_reference_there_are_no_rows(resolved):
    assert rows(resolved, None).empty
