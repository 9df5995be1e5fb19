"""What predicts failure: on made-up runs whose truth is known, and against the plain reading of the
logs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from vgstudy.analysis.design import read_design
from vgstudy.analysis.failure_prediction import (
    RULES,
    early_runs,
    prediction_rows,
)
from vgstudy.errors import UserError
from vgstudy.store.parquet import read_footer, read_table, write_table

SMALL = {"depths": [5], "widths": [5], "optimizers": ["SGD"], "seeds": range(4)}


def made_runs(cells=30, seeds=10, signal=4.0):
    """Runs whose failure depends on the log of d_delta alone; in the ReLU half of the cells it
    points the other way."""
    rng = np.random.default_rng(0)
    cell = np.repeat(np.arange(cells), seeds)
    log_d = rng.normal(size=cells)[cell] + 0.3 * rng.normal(size=len(cell))
    tanh = cell < cells // 2
    failed = rng.random(len(cell)) < 1 / (1 + np.exp(np.where(tanh, signal, -signal) * log_d))
    level = np.exp(rng.normal(size=len(cell)))
    return pd.DataFrame(
        {
            "cell": cell.astype(str),
            "activation": np.where(tanh, "tanh", "ReLU"),
            "failed": failed,
            "d_delta": np.where(cell == 0, np.nan, np.exp(log_d)),
            "d_g": level,
            "distance": np.abs(log_d),
            **dict.fromkeys(("first layer", "smallest layer", "l2 first", "l2 output"), level),
            "zeros": np.where(cell % 7 == 0, 0.8, 0.0),
            "depth": 5 + cell % 3,
            "width": 5,
        }
    )


@pytest.fixture(scope="module")
def rows():
    return pd.DataFrame(prediction_rows(made_runs(), np.random.default_rng(1)))


def row(rows, group, predictor, quantity="AUC"):
    return rows[
        (rows["group"] == group) & (rows["predictor"] == predictor) & (rows["quantity"] == quantity)
    ].iloc[0]


def test_a_predictor_that_matters_is_found_and_its_sign_within_each_activation(rows):
    assert row(rows, "tanh", "d_delta")["low"] > 0.8
    assert row(rows, "ReLU", "d_delta")["high"] < 0.2
    for predictor in ("d_g", "first layer"):
        assert row(rows, "tanh", predictor)["low"] < 0.5 < row(rows, "tanh", predictor)["high"]


def test_runs_without_the_predictor_are_counted_and_left_out(rows):
    assert tuple(row(rows, "tanh", "d_delta")[["n", "n_failed"]]) == (150, 10)
    assert tuple(row(rows, "tanh", "d_g")[["n", "n_failed"]]) == (150, 0)


def test_what_is_the_same_for_all_runs_of_a_cell_has_no_area_within_cells(rows):
    within = rows[rows["quantity"] == "AUC within cells"]
    assert not set(within["predictor"]) & {"depth", "width"}
    assert row(rows, "tanh", "d_delta", "AUC within cells")["value"] > 0.5


def test_rules_by_hand():
    runs = pd.DataFrame(
        {"l2 first": [1e-5, 1e-5, 1e-3], "l2 output": [1.0, 1e-3, 10.0], "zeros": [0.7, 0.69, 1.0]}
    )
    assert RULES["autotrainer vanishing"](runs).tolist() == [True, False, False]
    assert RULES["autotrainer dying"](runs).tolist() == [True, False, True]


def test_sensitivity_and_specificity_by_hand(rows):
    runs = made_runs()
    fires, failed = runs["zeros"] >= 0.7, runs["failed"]
    assert row(rows, "all", "autotrainer dying", "sensitivity")["value"] == pytest.approx(
        fires[failed].mean()
    )
    assert row(rows, "all", "autotrainer dying", "specificity")["value"] == pytest.approx(
        (~fires[~failed]).mean()
    )


def test_equal_generators_give_equal_rows(rows):
    again = pd.DataFrame(prediction_rows(made_runs(), np.random.default_rng(1)))
    pd.testing.assert_frame_equal(rows, again)


def test_where_nothing_failed_nothing_is_predicted():
    runs = made_runs().assign(failed=False)
    found = pd.DataFrame(prediction_rows(runs, np.random.default_rng(1)))
    assert found[found["quantity"] == "AUC"]["value"].isna().all()


def test_early_runs_are_what_the_logs_say_at_epoch_0(copied_study):
    folder = copied_study(**SMALL)
    runs = read_table("runs", folder / "runs.parquet").to_pandas()
    early = early_runs(read_design(folder)).set_index(["cell", "seed"])
    cell, seed, job = runs.loc[0, ["cell", "seed", "job"]]
    probes = read_table("probes", folder / f"probes/{job}.parquet").to_pandas()
    own = probes[
        (probes["cell"] == cell) & (probes["seed"] == seed) & (probes["epoch"] == 0)
    ].sort_values("layer")
    assert len(early) == len(runs)
    assert early.loc[(cell, seed), "first layer"] == own["g_rms"].iloc[0]
    assert early.loc[(cell, seed), "smallest layer"] == own["g_rms"].min()


def test_zeros_are_a_share_of_all_gradient_entries_by_hand(copied_study):
    folder = copied_study(**SMALL)
    design = read_design(folder)
    for path in (folder / "probes").iterdir():
        probes = read_table("probes", path).to_pandas()
        zeros = pa.Table.from_pandas(
            probes.assign(g_zero_float32=1.0 * (probes["layer"] == 1)), preserve_index=False
        )
        write_table("probes", zeros, path, {})
    # 2 inputs, 5 hidden layers of 5, 1 output
    assert early_runs(design)["zeros"].to_numpy() == pytest.approx(
        2 * 5 / (2 * 5 + 4 * 5 * 5 + 5 * 1)
    )


def test_runs_that_two_jobs_hold_count_once(copied_study):
    folder = copied_study(**SMALL)
    design = read_design(folder)
    before = early_runs(design)
    first = design.runs["job"].iloc[0]
    path = folder / f"probes/{first}.parquet"
    write_table("probes", read_table("probes", path), path.with_stem("another"), {})
    moved = design.runs["job"].mask(
        (design.runs["job"] == first) & (design.runs["seed"] == 0), "another"
    )
    after = early_runs(replace(design, runs=design.runs.assign(job=moved)))
    assert set(moved) > set(design.runs["job"])
    pd.testing.assert_frame_equal(after.drop(columns="job"), before.drop(columns="job"))


def test_outcomes_of_another_design_are_refused(copied_study):
    folder = copied_study(**SMALL)
    runs = folder / "runs.parquet"
    write_table("runs", read_table("runs", runs), runs, read_footer(runs) | {"digest": "another"})
    with pytest.raises(UserError, match=r"outcomes\.parquet was made for another design"):
        early_runs(read_design(folder))


def test_failures_that_fill_whole_cells_have_no_interval():
    runs = made_runs().assign(failed=lambda runs: runs["activation"] == "tanh")
    found = pd.DataFrame(prediction_rows(runs, np.random.default_rng(1)))
    area = row(found, "all", "d_delta")
    assert (area["failures"], area["mixed"], area["n"]) == (140, 0, 300)
    assert not np.isnan(area["value"])
    assert pd.isna(area["low"])


def test_numbers_leave_no_rounding_of_weights_behind(rows):
    rates = rows[rows["quantity"].isin(["sensitivity", "specificity", "AUC"])]
    ends = rates[["value", "low", "high"]].to_numpy(dtype=float)
    ends = ends[~np.isnan(ends)]
    assert ((ends >= 0) & (ends <= 1)).all()
    assert (ends == np.round(ends, 12)).all()
