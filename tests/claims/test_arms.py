"""How the arms of a study run over the epochs: medians and bands of the logs, and which arms and
examples a picture shows."""

from pathlib import Path

import pandas as pd
import pytest

from analysed import load, trained
from synthetic import study
from vgstudy.claims.arms import reported
from vgstudy.claims.register import read_register
from vgstudy.schema import DEFAULT_LEVELS

REGISTER = Path(__file__).parents[2] / "config/claims"


@pytest.fixture
def arms(synthetic_study) -> Path:
    levels = {"depths": [4], "widths": [5], "optimizers": ["SGD"], "seeds": range(7)}
    return synthetic_study(**levels, arms={"all": {}})


@pytest.mark.parametrize(
    ("table", "quantity", "layer"), [("curves", "train_accuracy", 0), ("probes", "g_sd", 3)]
)
def test_median_and_band_are_the_quantiles_of_the_seeds(arms, table, quantity, layer):
    found = load(arms, "arms", quantity).query(f"layer == {layer} and epoch == 20")
    found, logs = found.set_index("cell"), trained(arms, table).query("epoch == 20")
    logs = logs if table == "curves" else logs.query(f"layer == {layer}")
    assert logs["cell"].nunique() > 1
    for cell, values in logs.astype({quantity: float}).groupby("cell")[quantity]:
        expected = values.quantile([0.05, 0.5, 0.95]).tolist()
        assert found.loc[cell, ["q05", "median", "q95"]].tolist() == pytest.approx(expected)
        assert found.loc[cell, "n_failed"] == 7 - values.count()


def test_absolute_change_is_per_weight_by_hand(arms):
    """Two for each layer of 2 x 5, 5 x 5 and 5 x 1 weights."""
    found = load(arms, "arms", "w_moved").query("epoch == 20").groupby("layer")["median"].first()
    assert found.tolist() == pytest.approx([2 / 10, 2 / 25, 2 / 25, 2 / 25, 2 / 5])


def test_rows_are_where_something_was_logged(arms):
    assert set(load(arms, "arms", "test_accuracy")["epoch"]) == {0, 10, 20}
    assert load(arms, "arms", "g_quantiles").empty
    assert load(arms, "arms")["reported"].isna().all()  # no claim is about this arm


@pytest.mark.parametrize("kept", [500, 0])
def test_reported_numbers_are_the_registers_and_none_of_test_rows_without_any(kept):
    resolved = study(depths=[1, 5], widths=[5]) | {
        "arms": {"A1": {"depth": [1], "activation": ["tanh"]}},
        "task": {"name": "circles", "samples": 1000, "train": 1000 - kept, "fresh": 1000},
    }
    design = pd.DataFrame(
        [
            {"cell": "c", "depth": 1, "activation": "tanh"},
            {"cell": "d", "depth": 5, "activation": "tanh"},
        ]
    )
    design = design.assign(width=5, initializer="Xavier", optimizer="SGD", **DEFAULT_LEVELS)
    found = reported(read_register(REGISTER), resolved, design)
    expected = {("c", "probe_accuracy"): 0.816, ("c", "test_accuracy"): 0.816}
    assert found == (expected if kept else {("c", "probe_accuracy"): 0.816})
