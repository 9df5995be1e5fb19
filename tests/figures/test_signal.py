"""The heat map of the signal: ratios against the profiles, and what its title says."""

import numpy as np
import pandas as pd
import pytest

from synthetic import made_frames
from vgstudy.figures.registry import figures
from vgstudy.figures.signal import shade
from vgstudy.figures.write import picture, rendered

SPEC = figures()["signal-start"]


def levels(depth, values, **setting):
    """Rows of profiles: δ of each layer of a network, the output layer last."""
    return [
        {"quantity": "delta_rms", "depth": depth, "layer": layer, "value": value, **setting}
        for layer, value in enumerate(values, 1)
    ]


def test_ratios_are_of_the_last_hidden_layer_against_the_table(frames):
    rows = SPEC.view(frames).frame
    table = frames.profiles.query("epoch == 0 and quantity == 'delta_rms'")
    level = table.set_index(["cell", "layer"])["value"]
    pairs = zip(rows["cell"], rows["layer"], rows["depth"].astype(int), strict=True)
    expected = [level[cell, layer] / level[cell, depth] for cell, layer, depth in pairs]
    assert np.array_equal(rows["value"], expected, equal_nan=True)
    assert (rows["layer"] <= rows["depth"].astype(int)).all()
    assert set(rows["optimizer"]) == {"SGD"}


def test_the_title_counts_settings_by_hand():
    lost = levels(3, [0.01, 0.1, 1.0, 5.0], activation="tanh")
    kept = levels(3, [0.5, 0.8, 1.0, 5.0], activation="ReLU")
    grown = levels(3, [30.0, 5.0, 1.0, 5.0], activation="ReLU", initializer="He")
    view = SPEC.view(made_frames(profiles=[*lost, *kept, *grown]))
    assert view.takeaway == (
        "From the last hidden layer to layer 1 the signal shrinks more than tenfold in 1 of 3 "
        "settings with 3 layers and grows more than tenfold in 1"
    )
    text = "Of 3 settings with 3 layers the signal vanishes: tanh in 1 of 1 and ReLU in 0 of 2."
    assert text in view.note
    content = rendered(picture(SPEC, view, "slides"), "svg").decode()
    assert "From the last hidden layer to layer 1" in content


def test_networks_whose_signal_is_stronger_near_the_input_are_counted_by_hand():
    first = levels(2, [0.5, 1.0, 3.0])
    last = levels(2, [2.0, 1.0, 3.0], epoch=20)
    view = figures()["signal-epochs"].view(made_frames(profiles=[*first, *last]))
    assert view.takeaway.endswith(
        "in 0 of 1 network before training, in 1 of the 1 that have a signal after it"
    )
    assert view.frame.query("layer == 1").sort_values("epoch")["value"].tolist() == [0.5, 2.0]


def test_a_network_of_one_layer_has_no_ratio():
    assert SPEC.view(made_frames(profiles=levels(1, [1.0, 2.0]))).empty


def test_squares_are_the_ratios_by_hand():
    view = SPEC.view(made_frames(profiles=levels(2, [0.1, 1.0, 3.0])))
    (image,) = picture(SPEC, view).axes[0].images
    assert np.array_equal(image.get_array(), [[shade(0.1), 0.5]])


@pytest.mark.parametrize("ratio", [1e-9, 1e-3, 0.5, 2.0])
def test_the_palette_is_symmetric_around_1_by_hand(ratio):
    assert shade(ratio) + shade(1 / ratio) == pytest.approx(1)
    assert shade(pd.Series([ratio]).to_numpy())[0] == shade(ratio)
