"""Published diagnosis rules: just inside and just outside their thresholds, by hand."""

import numpy as np
import pandas as pd
import pytest

from vgstudy.validation.published_rules import PUBLISHED, alarms


def rows(**columns) -> pd.DataFrame:
    """Two layers of 4 and 6 weights of one run."""
    usual = {
        "layer": [1, 2],
        "g_l2": [1.0, 1.0],
        "g_mean_abs": [0.1, 0.1],
        "g_zero": [0.0, 0.0],
        "g_zero_float32": [0.0, 0.0],
        "fan_in": [2, 2],
        "fan_out": [2, 3],
        "h_dead": [0.0, np.nan],
        "h_saturated": [0.0, np.nan],
        "activation": ["relu", ""],
    }
    return pd.DataFrame({"cell": "a", "seed": 0, "epoch": 0} | usual | columns)


INSIDE = {
    "AUTOTRAINER": [
        {"g_l2": [0.9e-4, 1.0]},
        {"g_l2": [71.0, 1.0]},
        {"g_l2": [np.nan, 1.0]},
        # 4 + 3 of 10 weights
        {"g_zero_float32": [1.0, 0.5]},
    ],
    "DeepDiagnosis": [
        {"g_mean_abs": [0.9e-7, 0.1]},
        {"h_saturated": [0.7, np.nan]},
        {"h_saturated": [0.6, np.nan], "activation": ["tanh", ""]},
        {"g_l2": [np.inf, 1.0]},
    ],
    "TFCheck": [
        {"g_mean_abs": [0.9e-6, 0.1]},
        {"g_mean_abs": [1.1e6, 0.1]},
        {"h_dead": [0.6, np.nan]},
        {"h_saturated": [0.6, np.nan], "activation": ["sigmoid", ""]},
    ],
    "SageMaker VanishingGradient": [{"g_mean_abs": [0.1, 0.9e-7]}],
    "SageMaker DeadRelu": [{"h_dead": [0.6, np.nan]}],
    "torchmortem": [{"g_l2": [0.9e-2, 1.0]}, {"g_l2": [1.0, 1001.0]}, {"g_l2": [0.0, 1.0]}],
}
OUTSIDE = {
    "AUTOTRAINER": [
        {"g_l2": [1.1e-4, 0.2]},
        # small next to the last layer, but not in itself
        {"g_l2": [0.5, 1e3]},
        {"g_l2": [69.0, 1.0]},
        {"g_zero_float32": [1.0, 0.4]},
    ],
    "DeepDiagnosis": [
        {"g_mean_abs": [1.1e-7, 0.1]},
        {"h_saturated": [0.69, np.nan]},
        {"h_saturated": [0.5, np.nan], "activation": ["tanh", ""]},
    ],
    "TFCheck": [
        {"g_mean_abs": [1.1e-6, 0.9e6]},
        {"h_dead": [0.5, np.nan]},
        {"h_saturated": [0.9, np.nan]},
    ],
    "SageMaker VanishingGradient": [{"g_mean_abs": [0.1, 1.1e-7]}, {"g_l2": [0.0, 1.0]}],
    "SageMaker DeadRelu": [{"h_dead": [0.5, np.nan]}, {"h_dead": [1, 0], "activation": "tanh"}],
    "torchmortem": [{"g_l2": [1.1e-2, 1.0]}, {"g_l2": [0.0, 0.0]}],
}


def cases(table):
    return [(rule, columns) for rule, each in table.items() for columns in each]


@pytest.mark.parametrize(("rule", "columns"), cases(INSIDE))
def test_an_alarm_inside_a_threshold_by_hand(rule, columns):
    assert alarms(rows(**columns))[rule].item()


@pytest.mark.parametrize(("rule", "columns"), cases(OUTSIDE))
def test_no_alarm_outside_a_threshold_by_hand(rule, columns):
    assert not alarms(rows(**columns))[rule].item()


def test_every_rule_has_cases():
    assert INSIDE.keys() == OUTSIDE.keys() == PUBLISHED.keys()


def test_a_layer_that_the_loss_does_not_reach_is_left_out_by_hand():
    empty = {name: [0.1, np.nan] for name in ("g_l2", "g_mean_abs", "g_zero", "g_zero_float32")}
    assert not alarms(rows(**empty)).any(axis=None)
