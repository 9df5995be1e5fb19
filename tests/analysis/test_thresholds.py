"""Shares of seeds at several thresholds."""

from math import log

import pandas as pd
import pytest

from synthetic import made_frames, study
from vgstudy.analysis.thresholds import threshold_rows, thresholds
from vgstudy.schema import FACTORS

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
    return pd.DataFrame(threshold_rows(named, frame).to_pylist())


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
