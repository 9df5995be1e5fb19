"""Which arms, examples and layers the figures of arms show."""

from dataclasses import replace
from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from synthetic import made_frames, study
from vgstudy.figures.arms import accuracy, cells_of_arms, learned, network
from vgstudy.figures.layers import entries, first_last, gradients, moved, moved_most, weights
from vgstudy.figures.registry import figures
from vgstudy.figures.write import picture
from vgstudy.schema import DEFAULT_LEVELS, FACTORS, QUANTILES, arrow_schema

LEVELS = {"depth": 4, "width": 5, "initializer": "Xavier", "optimizer": "SGD"} | DEFAULT_LEVELS
ARMS = {"A1": {"activation": ["tanh"]}, "A2": {"activation": ["ReLU"]}, "both": {"width": [5]}}
ABOUT = {"q05": 0.1, "q95": 0.9, "n": 7, "n_failed": 0, "step": 16, "reported": np.nan}
CURVES = ("train_accuracy", "test_accuracy")
LAYERED = ("w_mean", "w_sd", "g_mean", "g_sd", "g_mean_abs", "w_l1", "w_moved", "w_change")
SPREAD = ("g_quantiles", "w_quantiles")


def frames_of_arms(examples=("probe set", "next mini-batch")):
    """Frames of a study with two arms of one cell and one of two."""
    levels = {"depths": [4], "widths": [5], "initializers": ["Xavier"], "optimizers": ["SGD"]}
    resolved = study(**levels, activations=["tanh", "ReLU"]) | {"arms": ARMS}
    outcomes = [{**LEVELS, "activation": name} for name in ("tanh", "ReLU")]
    made = made_frames(outcomes=outcomes, resolved=resolved)
    quantiles, rows = np.sort(np.random.default_rng(0).normal(size=len(QUANTILES))), []
    cells = made.runs[["cell", *FACTORS]].to_dict("records")
    for cell, epoch in product(cells, (0, 10, 20)):
        key = {**cell, **ABOUT, "epoch": epoch}
        curve = {"examples": "probe set", "layer": 0, "median": 0.5}
        reported = 0.8 if epoch == 20 else np.nan
        for quantity in (*CURVES, "probe_accuracy"):
            rows.append({**key, **curve, "quantity": quantity, "reported": reported})
        for kind, layer, quantity in product(examples, range(1, 6), LAYERED + SPREAD):
            place = {"examples": kind, "layer": layer, "quantity": quantity}
            is_list = quantity.endswith("quantiles")
            value = {"entries": quantiles} if is_list else {"median": 0.1 * layer}
            rows.append({**key, **place, **value})
    shares = [
        {**cell, "quantity": "p_learned_by", "epoch": epoch, "value": epoch / 40}
        for cell in cells
        for epoch in (10, 20)
    ]
    columns = list(dict.fromkeys([*arrow_schema("arms").names, *FACTORS]))
    levels = {factor: made.runs[factor].dtype for factor in FACTORS}
    table = pd.DataFrame(rows, columns=columns).astype({**levels, "median": float})
    trajectories = pd.DataFrame(shares).astype(levels).assign(low=0.0, high=1.0)
    at_end = pd.DataFrame(cells).assign(quantity="p_learned", value=0.4).astype(levels)
    return replace(made, arms=table, trajectories=trajectories, estimates=at_end)


def test_the_share_at_the_end_is_at_the_last_epoch_by_hand():
    rows = learned(frames_of_arms()).frame
    assert rows[["x", "value"]].drop_duplicates().values.tolist() == [[10, 0.25], [20, 0.5]]
    assert rows["at_end"].dropna().tolist() == [0.4, 0.4]
    assert set(rows[rows["at_end"].notna()]["x"]) == {20}


def test_the_layer_that_changes_most_is_named_by_hand():
    view = moved(frames_of_arms())
    most = "Largest relative weight change: the output layer in A1 and A2"
    assert view.takeaway == most
    dead = moved_most(view.frame, list(view.frame.loc[view.frame["arm"] == "A2", "cell"]))
    assert dead.endswith("the output layer in A1; most seeds of A2 are dead")
    assert set(view.frame["layer"]) == {1, 2, 3, 4, 5}


def test_the_arms_that_learn_most_and_least_often_are_named_by_hand():
    made = frames_of_arms()
    shares = made.estimates.assign(value=[0.4, 0.9])
    view = learned(replace(made, estimates=shares))
    assert view.takeaway == (
        "By the end, 90 % of the seeds of A2 have learned and 40 % of those of A1"
    )


def test_arms_of_one_cell_are_shown_and_the_others_named():
    assert list(cells_of_arms(frames_of_arms())) == ["A1", "A2"]
    assert "Not shown: both." in accuracy(frames_of_arms()).note


def test_a_single_run_is_marked_at_the_end_on_training_and_test_rows():
    rows = accuracy(frames_of_arms()).frame
    assert set(rows[rows["reported"].notna()]["epoch"]) == {20}
    assert set(rows[rows["reported"].notna()]["quantity"]) == set(CURVES)


def test_gradients_are_of_the_mini_batch_if_one_is_logged():
    assert set(gradients(frames_of_arms()).frame["examples"]) == {"next mini-batch"}
    assert set(gradients(frames_of_arms(["probe set"])).frame["examples"]) == {"probe set"}
    assert "Gradients are of the next mini-batch." in gradients(frames_of_arms()).note
    assert "Gradients are of" not in weights(frames_of_arms()).note


def test_first_and_last_layer_only():
    for view in (first_last(frames_of_arms()), entries(frames_of_arms())):
        assert set(view.frame["layer"]) == {1, 5}


def test_zero_has_no_place_on_a_logarithmic_axis():
    made = frames_of_arms()
    medians = made.arms["median"].where(made.arms["quantity"] != "g_sd", 0.0)
    rows = gradients(replace(made, arms=made.arms.assign(median=medians))).frame
    assert rows[rows["quantity"] == "g_sd"][["value", "low", "high"]].isna().all(axis=None)
    assert rows[rows["quantity"] == "g_mean"]["value"].notna().all()


@pytest.mark.parametrize("name", [name for name in figures() if name.startswith("arms-")])
def test_every_figure_of_arms_is_drawn(name):
    spec = figures()[name]
    figure = picture(spec, spec.view(frames_of_arms()))
    titles = [axes.get_title() for axes in figure.axes[:2]]
    assert titles == ["A1\n4 hidden, tanh", "A2\n4 hidden, ReLU"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    by_layer = {"layer 1", "layers between", "output layer"}
    assert {"tanh", "ReLU"} <= set(labels) or by_layer == set(labels)
    assert ("the tutorial's single run" in labels) == (name == "arms-accuracy")
    plt.close(figure)


def test_dead_seeds_are_counted_above_the_panel_by_hand():
    made = frames_of_arms()
    made = replace(made, outcomes=made.outcomes.assign(status=["dead", "learned"]))
    texts = [network(made, cell) for cell in made.runs["cell"]]
    assert texts == ["4 hidden, tanh\n1 of 1 seed dead", "4 hidden, ReLU"]


def test_no_star_where_no_single_run_is_known():
    made = frames_of_arms()
    view = accuracy(replace(made, arms=made.arms.assign(reported=np.nan)))
    figure = picture(figures()["arms-accuracy"], view)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "the tutorial's single run" not in labels
    plt.close(figure)
