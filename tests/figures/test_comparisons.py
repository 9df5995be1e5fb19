import math

from synthetic import made_frames
from vgstudy.figures.registry import figures

HE = {"initializer": "He", "value": 4.0, "low": 2.0, "high": 8.0, "p_adjusted": 0.001}
WIDE = {**HE, "factor": "width", "reference": "5", "family": "width against 5", "width": 25}


def test_a_row_for_each_setting_without_its_activation_by_hand():
    rows = [
        {**HE, "p_adjusted": 0.5},
        {**HE, "activation": "ReLU", "value": math.inf, "high": math.inf},
        {**HE, "width": 25, "value": 0.0, "low": 0.0},
        {**HE, "optimizer": "Adam", "value": math.nan},
        WIDE,
    ]
    view = figures()["odds-ratios"].view(made_frames(pooled=rows))
    assert list(view.axes) == ["initializer against Xavier", "width against 5"]
    assert view.frame[["setting", "value", "x", "odds_ratio"]].to_numpy().tolist() == [
        ["He, SGD, 5 wide", 0, 4, 4],
        ["He, SGD, 5 wide", 0, 1000, math.inf],
        ["He, SGD, 25 wide", 1, 0.001, 0],
        ["25 wide, He, SGD", 0, 4, 4],
    ]
    assert [axis.limits for axis in view.axes.values()] == [(1.5, -0.5), (0.5, -0.5)]
