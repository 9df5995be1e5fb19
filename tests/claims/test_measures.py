"""A number per run from its logs, by hand; axes (seed, epoch, layer)."""

import numpy as np
import pytest

from vgstudy.claims.measures import Measure
from vgstudy.claims.run_values import measured

EPOCHS = [0, 10, 20]
# two seeds, three epochs, four layers (three hidden ones and the output)
X = np.array(
    [[[1, 2, 3, 4], [2, 2, 2, 8], [6, 2, 4, 6]], [[4, 3, 2, 1], [4, 3, 2, 1], [4, 3, 2, 1]]],
    dtype=float,
)


def of(layer, x=X, **keys):
    measure = Measure(column="g_rms", layer=layer, **keys)
    return measured(measure, {one: (x, EPOCHS) for one in (measure, measure.over) if one})


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("first", [6, 4]),
        ("middle", [2, 3]),
        ("last hidden", [4, 2]),
        ("output", [6, 1]),
        (3, [4, 2]),
        ("largest hidden", [6, 4]),
        ("smallest hidden", [2, 2]),
        ("largest", [6, 4]),
        ("smallest", [2, 1]),
        ("rising", [2 / 3, 0]),
    ],
)
def test_layers_by_hand(layer, expected):
    assert of(layer)[:, 0] == pytest.approx(expected)


def test_each_layer_keeps_its_value():
    assert of("each").tolist() == [[6, 2, 4, 6], [4, 3, 2, 1]]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"epochs": "first"}, 1),
        ({"epochs": 10}, 2),
        ({"epochs": "all"}, 3),
        ({"epochs": "all", "summary": "median"}, 2),
        ({"epochs": [0, 10], "summary": "sd"}, 0.5),
        ({"epochs": "all", "summary": "gain"}, 0.25),
        ({"epochs": "all", "summary": "change"}, 5),
        ({"epochs": "all", "summary": "smallest"}, 1),
        ({"epochs": "all", "summary": "largest"}, 6),
        ({"epochs": [10, 20], "summary": "pace"}, 0.4),
    ],
)
def test_epochs_by_hand(keys, expected):
    assert of("first", **keys)[0, 0] == pytest.approx(expected)


def test_pace_counts_moves_in_both_directions():
    assert of(3, epochs="all", summary="pace")[0, 0] == pytest.approx((1 + 2) / 20)


def test_ratio_of_two_measures_of_a_run():
    assert of("output", over=Measure(column="g_rms", layer="first"))[:, 0] == pytest.approx(
        [1, 0.25]
    )


def test_zero_divisors_and_missing_values_give_none():
    holed = X.copy()
    holed[0, 2, 0], holed[1, 0, 0] = 0, np.nan
    assert np.isnan(of("output", holed, over=Measure(column="g_rms", layer="first"))[0, 0])
    assert np.isnan(of("first", holed, epochs="all")[1, 0])
    assert np.isnan(of("rising", np.where(X == 3, np.inf, X))[1, 0])


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"column": "test_accuracy"}, "logit"),
        ({"column": "test_accuracy", "epochs": "all", "summary": "largest"}, "logit"),
        ({"column": "test_accuracy", "epochs": "all", "summary": "sd"}, "log"),
        ({"column": "test_accuracy", "summary": "gain"}, "linear"),
        ({"column": "g_rms", "layer": "rising"}, "linear"),
        ({"column": "w_mean", "layer": 1}, "linear"),
        ({"column": "g_rms", "layer": 1}, "log"),
        ({"column": "w_mean", "layer": 1, "over": {"column": "w_mean", "layer": 2}}, "log"),
    ],
)
def test_scale_on_which_seeds_spread(keys, expected):
    assert Measure.model_validate(keys).scale == expected
