"""When runs learn, and whether those that have not are slow or stuck."""

import numpy as np
import pytest

from vgstudy.analysis.intervals import dkw
from vgstudy.analysis.learning import epochs_of_tests, first_learned, is_slow, last_fifth
from vgstudy.config.log import Log


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
