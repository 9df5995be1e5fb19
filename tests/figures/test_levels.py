"""What the titles of figures over layers say, by hand."""

import pytest

from synthetic import made_frames
from vgstudy.figures.registry import figures


def steps(bands, **setting):
    """Rows of decays: the factor of each pair of layers of a network, with its band."""
    return [
        {"quantity": "d_delta", "depth": 3, "layer": layer, "value": low, **setting}
        | {"low": low, "high": high}
        for layer, (low, high) in enumerate(bands, 1)
    ]


def test_networks_whose_signal_shrinks_or_grows_at_every_layer_are_counted_by_hand():
    down, up, either, output = (0.5, 0.9), (1.1, 2.0), (0.9, 1.1), (3.0, 4.0)
    networks = {
        ("tanh", "Xavier"): [down, down, output],
        ("tanh", "He"): [up, up, output],
        ("ReLU", "Xavier"): [down, up, output],
        ("ReLU", "He"): [down, either, output],
    }
    rows = [
        row
        for (activation, initializer), bands in networks.items()
        for row in steps(bands, activation=activation, initializer=initializer)
    ]
    assert figures()["decay-layers"].view(made_frames(layer_decays=rows)).takeaway == (
        "Toward the input the signal δ shrinks at every hidden layer in 1 of 4 networks with 3 "
        "layers and grows at every one in 1; in 1 it does both; for 1 the bands do not tell"
    )


def test_gradients_before_and_after_training_are_compared_by_hand():
    ends = {"tanh": (0.1, 0.2), "ReLU": (3.0, 4.0), "sigmoid": (1.5, 2.5)}
    first = {"quantity": "g_rms", "layer": 1, "value": 1.0}
    rows = [
        {**first, "activation": name, **band, "epoch": epoch}
        for name, (low, high) in ends.items()
        for epoch, band in ((0, {"low": 1.0, "high": 2.0}), (20, {"low": low, "high": high}))
    ]
    assert figures()["profiles"].view(made_frames(profiles=rows)).takeaway == (
        "After training the gradient g of layer 1 is smaller than before in 1 of 3 networks and "
        "larger in 1; bands of the other 1 overlap"
    )


@pytest.mark.parametrize(("low", "rest"), [(2.0, ""), (0.005, "; intervals overlap")])
def test_factors_between_seeds_are_of_one_standard_deviation_by_hand(low, rest):
    same = {"quantity": "var_interior_delta", "activation": "ReLU"}
    rows = [
        {**same, "depth": 3, "initializer": "He", "value": 0.01, "low": 0.005, "high": 0.02},
        {**same, "depth": 10, "initializer": "He", "value": 4.0, "low": low, "high": 8.0},
        {**same, "depth": 10, "initializer": "Xavier", "value": 3.0, "low": 2.0, "high": 8.0},
    ]
    assert figures()["fluctuations"].view(made_frames(overlays=rows)).takeaway == (
        "Between seeds the loss of signal typically differs by a factor of 1.1 with 3 layers of "
        f"5 units and 5.7 to 7.4 with 10 layers of 5 units{rest}"
    )
