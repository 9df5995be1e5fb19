"""Rows as text, and the sides on which intervals lie."""

import pandas as pd

from vgstudy.report.estimate_text import furthest, setting, sides_by_interval, sides_by_test


def test_sides_by_interval_by_hand():
    rows = pd.DataFrame({"low": [1.1, 0.5, 0.9, None, 1.0], "high": [1.2, 0.9, 1.1, None, 1.2]})
    found = sides_by_interval(rows, 1.0)
    assert [
        list(part.index) for part in (found.above, found.below, found.undecided, found.unknown)
    ] == [[0], [1], [2, 4], [3]]
    assert found.n == 5


def test_setting_by_hand():
    row = {"activation": "tanh", "initializer": "He", "optimizer": "SGD", "depth": 3, "width": 5}
    assert setting(row) == "tanh, He, SGD, depth 3, 5 wide"
    assert setting(row, ("width", "activation")) == "tanh, 5 wide"


def test_sides_by_test_by_hand():
    rows = pd.DataFrame({"value": [1.2, 0.5, 1.2, 1.0], "p_adjusted": [0.01, 0.04, 0.2, None]})
    found = sides_by_test(rows, 1.0)
    assert [
        list(part.index) for part in (found.above, found.below, found.undecided, found.unknown)
    ] == [[0], [1], [2], [3]]


def test_furthest_counts_equal_values_by_hand():
    rows = pd.DataFrame({"value": [0.5, -1.0, 1.0, -1.0], "depth": [1, 2, 3, 4]})
    row, more = furthest(rows)
    assert (row["depth"], more) == (2, ", and 2 more as large")
    assert furthest(rows.iloc[:2])[1] == ""
