"""How the arms of a study run over the epochs: medians and bands of the logs, and which arms and
examples a picture shows."""

from pathlib import Path

import pandas as pd
import pytest

from synthetic import study, write_synthetic_study
from vgstudy.analysis.arm_trajectories import has_test_rows, reported
from vgstudy.claims.register import read_register
from vgstudy.schema import DEFAULT_LEVELS
from vgstudy.store.parquet import read_table

REGISTER = Path(__file__).parents[2] / "config/claims"


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
    design = design.assign(width=5, initializer="Xavier", optimizer="SGD", **DEFAULT_LEVELS)
    found = reported(read_register(REGISTER), resolved, design)
    assert found == {("c", "probe_accuracy"): 0.816, ("c", "test_accuracy"): 0.816}


def test_a_tutorial_without_test_rows_reports_nothing_of_them():
    assert has_test_rows({"name": "circles", "samples": 1000, "train": 500})
    assert not has_test_rows({"name": "circles", "samples": 1000, "train": 1000, "fresh": 1000})
    assert has_test_rows({"name": "mnist", "train": 55_000})
