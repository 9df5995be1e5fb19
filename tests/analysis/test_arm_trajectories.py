"""How the arms of a study run over the epochs: medians and bands of the logs, and which arms and
examples a picture shows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from made_frames import made_frames
from synthetic import study, write_synthetic_study
from vgstudy.analysis.arm_trajectories import has_test_rows, reported
from vgstudy.claims.register import read_register
from vgstudy.figures.arms import (
    ACCURACY_AXES,
    accuracy,
    beyond,
    entries,
    first_last,
    gradients,
    network,
    of_arms,
    shown_arms,
    weights,
)
from vgstudy.figures.captions import ARM_FIGURES, figure_names
from vgstudy.figures.write import picture
from vgstudy.schema import FACTORS, QUANTILES, arrow_schema
from vgstudy.store.parquet import read_table

REGISTER = Path(__file__).parents[2] / "config/claims"
LEVELS = {"depth": 4, "width": 5, "initializer": "Xavier", "optimizer": "SGD"}
ARMS = {"A1": {"activation": ["tanh"]}, "A2": {"activation": ["ReLU"]}, "both": {"width": [5]}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "small"
    write_synthetic_study(
        folder, depths=[4], widths=[5], optimizers=["SGD"], seeds=range(7), arms={"all": {}}
    )
    return folder


def logged(folder, table):
    rows = pd.concat(
        [read_table(table, path).to_pandas() for path in sorted((folder / table).glob("*.parquet"))]
    )
    return rows[rows["seed"] != 999].astype({"cell": "str"})


@pytest.mark.parametrize(
    ("table", "quantity", "layer"), [("curves", "train_accuracy", 0), ("probes", "g_sd", 3)]
)
def test_median_and_band_are_the_quantiles_of_the_seeds(folder, table, quantity, layer):
    rows = (
        read_table("arms", folder / "arms.parquet")
        .to_pandas()
        .astype({"cell": "str", "quantity": "str"})
    )
    found = rows[
        (rows["quantity"] == quantity) & (rows["layer"] == layer) & (rows["epoch"] == 20)
    ].set_index("cell")
    logs = logged(folder, table)
    logs = logs[(logs["epoch"] == 20) & (logs.get("layer", layer) == layer)]
    assert logs["cell"].nunique() > 1
    for cell, own in logs.groupby("cell"):
        values = own[quantity].astype(float).dropna()
        assert found.loc[cell, ["q05", "median", "q95"]].tolist() == pytest.approx(
            list(values.quantile([0.05, 0.5, 0.95]))
        )
        assert found.loc[cell, "n_failed"] == 7 - len(values)


def test_rows_are_where_something_was_logged(folder):
    rows = read_table("arms", folder / "arms.parquet").to_pandas()
    assert set(rows[rows["quantity"] == "test_accuracy"]["epoch"]) == {0, 10, 20}
    assert rows[rows["quantity"] == "g_quantiles"].empty
    assert rows["reported"].isna().all()  # no claim is about this arm


def test_reported_numbers_are_the_registers():
    resolved = study(depths=[1, 5], widths=[5]) | {
        "arms": {"A1": {"depth": [1], "activation": ["tanh"]}}
    }
    design = pd.DataFrame(
        [
            {"cell": "c", "depth": 1, "activation": "tanh"},
            {"cell": "d", "depth": 5, "activation": "tanh"},
        ]
    )
    design = design.assign(width=5, initializer="Xavier", optimizer="SGD")
    found = reported(read_register(REGISTER), resolved, design)
    assert found == {("c", "probe_accuracy"): 0.816, ("c", "test_accuracy"): 0.816}


def frames(examples=("probe set", "next mini-batch")):
    """Frames of a study with two arms of one cell and one of two."""
    resolved = study(
        depths=[4],
        widths=[5],
        initializers=["Xavier"],
        optimizers=["SGD"],
        activations=["tanh", "ReLU"],
    )
    resolved = resolved | {"arms": ARMS}
    made = made_frames(
        outcomes=[{**LEVELS, "activation": name} for name in ("tanh", "ReLU")], resolved=resolved
    )
    rng, rows = np.random.default_rng(0), []
    about = {
        "q05": 0.1,
        "q95": 0.9,
        "n": 7,
        "n_failed": 0,
        "step": 16,
        "reported": np.nan,
        "entries": None,
    }
    for cell in made.runs[["cell", *FACTORS]].to_dict("records"):
        for epoch in (0, 10, 20):
            key = {**cell, **about, "epoch": epoch}
            told = 0.8 if epoch == 20 else np.nan
            for quantity in (*ACCURACY_AXES, "probe_accuracy"):
                rows.append(
                    {
                        **key,
                        "quantity": quantity,
                        "examples": "probe set",
                        "layer": 0,
                        "median": 0.5,
                        "reported": told,
                    }
                )
            for kind in examples:
                for layer in range(1, 6):
                    for quantity in ("w_mean", "w_sd", "g_mean", "g_sd", "g_mean_abs"):
                        rows.append(
                            {
                                **key,
                                "quantity": quantity,
                                "examples": kind,
                                "layer": layer,
                                "median": 0.1 * layer,
                            }
                        )
                    for quantity in ("g_quantiles", "w_quantiles"):
                        spread = np.sort(rng.normal(size=len(QUANTILES)))
                        rows.append(
                            {
                                **key,
                                "quantity": quantity,
                                "examples": kind,
                                "layer": layer,
                                "entries": spread,
                            }
                        )
    table = pd.DataFrame(rows, columns=list(dict.fromkeys([*arrow_schema("arms").names, *FACTORS])))
    levels = {factor: made.runs[factor].dtype for factor in FACTORS}
    return replace(made, arms=table.astype({**levels, "median": float}))


def test_arms_of_one_cell_are_shown_and_the_others_told():
    assert list(shown_arms(frames())) == ["A1", "A2"]
    assert "Not shown: both." in accuracy(frames()).note


def test_a_single_run_is_marked_at_the_end_on_training_and_test_rows():
    shown = accuracy(frames()).frame
    assert set(shown[shown["reported"].notna()]["epoch"]) == {20}
    assert set(shown[shown["reported"].notna()]["quantity"]) == set(ACCURACY_AXES)


def test_gradients_are_of_the_mini_batch_if_one_is_logged():
    assert set(gradients(frames()).frame["examples"]) == {"next mini-batch"}
    assert set(gradients(frames(["probe set"])).frame["examples"]) == {"probe set"}


def test_first_and_last_layer_only():
    for view in (first_last(frames()), entries(frames())):
        assert set(view.frame["layer"]) == {1, 5}


def test_zero_has_no_place_on_a_logarithmic_axis():
    made = frames()
    zero = made.arms.assign(median=made.arms["median"].where(made.arms["quantity"] != "g_sd", 0.0))
    shown = gradients(replace(made, arms=zero)).frame
    assert shown[shown["quantity"] == "g_sd"][["value", "low", "high"]].isna().all(axis=None)
    assert shown[shown["quantity"] == "g_mean"]["value"].notna().all()


@pytest.mark.parametrize("name", ARM_FIGURES)
def test_every_figure_of_arms_is_drawn(name):
    made = {
        "arms-accuracy": accuracy,
        "arms-weights": weights,
        "arms-gradients": gradients,
        "arms-first-last": first_last,
    }
    view = made.get(name, entries)(frames())
    figure = picture(name, view)
    assert [axes.get_title() for axes in figure.axes[:2]] == [
        "A1\n4 hidden, tanh",
        "A2\n4 hidden, ReLU",
    ]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"tanh", "ReLU"} <= set(labels)
    assert ("the tutorial's single run" in labels) == (name == "arms-accuracy")
    assert not of_arms(frames()).empty


def test_dead_seeds_are_counted_above_the_panel_by_hand():
    made = frames()
    outcomes = made.outcomes.assign(status=["dead", "learned"])
    assert [network(replace(made, outcomes=outcomes), cell) for cell in made.runs["cell"]] == [
        "4 hidden, tanh\n1 of 1 seed dead",
        "4 hidden, ReLU",
    ]


def test_no_star_where_no_single_run_is_known():
    made = frames()
    figure = picture(
        "arms-accuracy", accuracy(replace(made, arms=made.arms.assign(reported=np.nan)))
    )
    assert "the tutorial's single run" not in [
        text.get_text() for text in figure.legends[0].get_texts()
    ]


def test_weights_are_of_no_examples_and_gradients_are():
    assert "Gradients are of" not in weights(frames()).note
    assert "Gradients are of the next mini-batch." in gradients(frames()).note


def test_what_is_cut_at_the_edge_is_told_by_hand():
    rows = pd.DataFrame({"quantity": "g, output layer", "value": [0.4, 0.01, 0.02]})
    told = beyond(rows, {"g, output layer": (-0.02, 0.08)}, {"g": "gradient (loss per weight)"})
    assert (
        told
        == "Cut at the edge of the panel, in a few epochs: the gradient of output layer (to 0.40)."
    )
    assert beyond(rows, {"g, output layer": (-1.0, 1.0)}, {"g": "gradient"}) == ""


def test_a_tutorial_without_test_rows_reports_nothing_of_them():
    assert has_test_rows({"name": "circles", "samples": 1000, "train": 500})
    assert not has_test_rows({"name": "circles", "samples": 1000, "train": 1000, "fresh": 1000})
    assert has_test_rows({"name": "mnist", "train": 55_000})


def test_only_a_study_with_arms_has_figures_of_arms():
    assert set(ARM_FIGURES) <= set(figure_names(frames().study))
    assert not set(ARM_FIGURES) & set(figure_names(study()))
