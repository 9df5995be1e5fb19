"""The table of claims from made-up studies: every claim has its rows, what was not run says so,
values are those of the logs."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from synthetic import write_synthetic_study
from vgstudy.claims.register import claims, read_register
from vgstudy.claims.tables import write_claims
from vgstudy.errors import UserError
from vgstudy.store.parquet import read_footer, read_table, write_table

REGISTER = Path(__file__).parents[2] / "config/claims"
TANH = {"depth": 5, "activation": "tanh", "initializer": "Xavier", "optimizer": "SGD", "width": 5}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_synthetic_study(
        folder / "small", depths=[5], widths=[5], optimizers=["SGD"], seeds=range(8)
    )
    return folder


def rows(results, register, studies=("small",)):
    write_claims(results, list(studies), register)
    return read_table("claims", results / "claims.parquet").to_pylist()


def register(folder, statements, **more):
    claim = {
        "id": "A1",
        "claim": "c",
        "setup": "s",
        "reported": "r",
        "studies": "small",
        "statements": statements,
        **more,
    }
    folder.mkdir(exist_ok=True)
    (folder / "A.yaml").write_text(
        json.dumps({"title": "t", "claims": [claim], "code": []}), encoding="utf-8"
    )
    return folder


def logged(results, table, cell, column, **where):
    """The column's values of a cell, by seed, read the plain way."""
    frames = [
        read_table(table, path).to_pandas()
        for path in sorted((results / "small" / table).glob("*.parquet"))
    ]
    found = []
    for frame in frames:
        kept = (frame["cell"] == cell) & (frame["seed"] != 999)
        for name, value in where.items():
            kept &= frame[name] == value
        found.append(frame[kept])
    return dict(kv for frame in found for kv in zip(frame["seed"], frame[column], strict=True))


def cell_of(results, **levels):
    runs = read_table("runs", results / "small/runs.parquet").to_pandas()
    for name, level in levels.items():
        runs = runs[runs[name] == level]
    return runs["cell"].iloc[0]


def test_every_claim_has_rows_and_no_study_run_is_told(results):
    found = rows(results, REGISTER, studies=())
    ids = [claim.id for claim in claims(read_register(REGISTER))]
    assert list(dict.fromkeys(row["id"] for row in found)) == ids
    assert {row["verdict"] for row in found} == {"not run"}
    assert all(
        row["reasoning"].startswith(f"not run: add {row['study']} to studies") for row in found
    )
    assert {row["study"] for row in found} == {
        "circles",
        "visualising",
        "digits",
        "mnist",
        "extensions",
    }


def test_values_are_those_of_the_logs_by_hand(results, tmp_path):
    statement = {
        "says": "s",
        "arms": TANH,
        "measure": {"column": "train_accuracy"},
        "equals": 0.7,
        "within": 0.05,
    }
    ratio = {
        "column": "g_rms",
        "layer": "output",
        "epochs": "first",
        "over": {"column": "g_rms", "layer": 1, "epochs": "first"},
    }
    found = rows(
        results,
        register(
            tmp_path / "r", [statement, {"says": "t", "arms": TANH, "measure": ratio, "above": 1}]
        ),
    )
    cell = cell_of(results, **TANH)
    accuracy = [
        one
        for one in logged(results, "curves", cell, "train_accuracy", epoch=20).values()
        if np.isfinite(one)
    ]
    assert found[0]["sample"] == pytest.approx(sorted(accuracy))
    assert found[0]["n_failed"] == 8 - len(accuracy) > 0  # diverged runs have no accuracy
    first, last = (
        logged(results, "probes", cell, "g_rms", epoch=0, layer=layer) for layer in (1, 6)
    )
    ratios = [last[seed] / first[seed] for seed in first]
    assert found[1]["sample"] == pytest.approx(sorted(ratios))
    assert found[1]["value"] == np.mean(np.array(ratios) > 1)
    assert (found[0]["arm"], found[0]["n"]) == ("depth 5, 5 wide, tanh, Xavier, SGD", 8)


def test_a_statement_not_run_has_a_row_for_every_network_it_names(results, tmp_path):
    statement = {
        "says": "s",
        "arms": [TANH, {"activation": "ReLU"}],
        "measure": {"column": "learned"},
        "open": True,
    }
    found = rows(results, register(tmp_path / "r", [statement]), studies=())
    assert [(row["arm"], row["verdict"]) for row in found] == [
        ("depth 5, 5 wide, tanh, Xavier, SGD", "not run"),
        ("ReLU", "not run"),
    ]


def test_two_arms_are_compared_seed_by_seed(results, tmp_path):
    other = TANH | {"activation": "ReLU"}
    statement = {
        "says": "s",
        "arms": TANH,
        "measure": {"column": "test_loss"},
        "below": {"arm": other},
    }
    found = rows(results, register(tmp_path / "r", [statement]))[0]
    own, against = (
        logged(results, "curves", cell_of(results, **arm), "test_loss", epoch=20)
        for arm in (TANH, other)
    )
    below = [own[seed] < against[seed] for seed in own if np.isfinite(own[seed] - against[seed])]
    assert found["share"] == pytest.approx(np.mean(below))
    assert found["n_failed"] == 8 - len(below)
    assert found["comparator"] == "below depth 5, 5 wide, ReLU, Xavier, SGD"


def test_an_arm_with_several_cells_has_a_row_for_each(results, tmp_path):
    arm = {name: level for name, level in TANH.items() if name != "activation"}
    found = rows(
        results,
        register(
            tmp_path / "r",
            [{"says": "s", "arms": arm, "measure": {"column": "learned"}, "open": True}],
        ),
    )
    assert [row["arm"].split(", ")[2] for row in found] == ["tanh", "ReLU", "sigmoid"]
    assert {row["verdict"] for row in found} == {"answered"}


def test_a_prediction_is_the_prediction_of_its_study(results, tmp_path):
    prediction = {"says": "f", "study": "small", "predictor": "d_delta", "group": "all"}
    statement = {"says": "s", "arms": TANH, "measure": {"column": "learned"}, "open": True}
    found = rows(results, register(tmp_path / "r", [statement], predictions=[prediction]))[-1]
    prediction = read_table("prediction", results / "small/prediction.parquet").to_pylist()
    row = next(
        r
        for r in prediction
        if (r["group"], r["predictor"], r["quantity"]) == ("all", "d_delta", "AUC")
    )
    assert (found["value"], found["low"], found["high"]) == (row["value"], row["low"], row["high"])


def test_a_prediction_from_what_no_run_has_is_inconclusive(results, tmp_path):
    study = shutil.copytree(results / "small", tmp_path / "results/small")
    rows_of = read_table("prediction", study / "prediction.parquet").filter(
        pc.field("predictor") != "d_delta"
    )
    write_table(
        "prediction",
        rows_of,
        study / "prediction.parquet",
        read_footer(study / "prediction.parquet"),
    )
    prediction = {
        "says": "f",
        "study": "small",
        "predictor": "d_delta",
        "group": "all",
        "within": True,
    }
    statement = {"says": "s", "arms": TANH, "measure": {"column": "learned"}, "open": True}
    found = rows(
        tmp_path / "results", register(tmp_path / "r", [statement], predictions=[prediction])
    )[-1]
    assert (found["verdict"], found["n"], found["value"]) == ("inconclusive", 0, None)
    assert found["reasoning"].startswith("No run of the group has it")


def test_a_claim_about_what_a_study_lacks_writes_nothing(results, tmp_path):
    (results / "claims.parquet").unlink(missing_ok=True)
    statement = {
        "says": "s",
        "arms": TANH | {"depth": 6},
        "measure": {"column": "learned"},
        "open": True,
    }
    with pytest.raises(UserError, match="no depth 6"):
        rows(results, register(tmp_path / "r", [statement]))
    assert not (results / "claims.parquet").exists()
