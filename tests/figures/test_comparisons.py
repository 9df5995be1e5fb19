import math

from synthetic import made_frames, study
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
    assert view.frame[["setting", "place", "x", "value"]].to_numpy().tolist() == [
        ["He, SGD, 5 wide", 0, 4, 4],
        ["He, SGD, 5 wide", 0, 1000, math.inf],
        ["He, SGD, 25 wide", 1, 0.001, 0],
        ["25 wide, He, SGD", 0, 4, 4],
    ]
    names = [axis.names for axis in view.axes.values()]
    assert names == [("He, SGD, 5 wide", "He, SGD, 25 wide"), ("25 wide, He, SGD",)]


def test_the_title_counts_decided_settings_of_each_contrast_by_hand():
    rows = [
        HE,
        {**HE, "width": 25, "value": 3.0},
        {**HE, "activation": "ReLU", "value": 0.2},
        {**HE, "activation": "sigmoid", "p_adjusted": 0.5},
        {**HE, "optimizer": "Adam", "p_depth_adjusted": 0.01},
        {**WIDE, "value": 0.2},
    ]
    view = figures()["odds-ratios"].view(made_frames(pooled=rows))
    assert view.takeaway == (
        "More runs learn with He than Xavier in 2 of 5 settings; 5 wide than 25 wide in 1 of 1 "
        "setting"
    )


def test_effects_at_each_depth_stand_before_that_over_all_by_hand():
    row = {"activation": None, "initializer": None, "effect": "activation", "change": "a to b"}
    row |= {"low": -0.1, "high": 0.5, "method": "Newcombe, sum of shares", "confidence": 0.95}
    row["n"] = 40
    rows = [row | {"depth": depth, "value": value} for depth, value in ((1, 0.1), (2, 0.3))]
    overall = row | {"depth": None, "value": 0.2, "low": 0.0, "high": 0.4}
    crossed = {"activation": ["tanh", "ReLU"], "initializer": ["Xavier", "He"]}
    frames = made_frames(two_by_two=[*rows, overall], resolved=study(two_by_two=crossed))
    spec = figures()["two-by-two"]
    assert spec.is_of(frames.study)
    assert not spec.is_of(study())
    view = spec.view(frames)
    assert view.across == ("width", "optimizer")
    assert view.takeaway == "Share that learns, mean over depths: a to b +20 points"
    assert view.frame[["x", "value", "value_overall", "high_overall"]].to_numpy().tolist() == [
        [1, 0.1, 0.2, 0.4],
        [2, 0.3, 0.2, 0.4],
    ]
