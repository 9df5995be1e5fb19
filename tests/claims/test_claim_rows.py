"""The table of claims from made-up studies: every claim has its rows, what was not run says so,
values are those of the logs."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysed import trained
from synthetic import write_synthetic_study
from vgstudy.claims.claim_rows import write_claims
from vgstudy.claims.register import all_claims, read_register
from vgstudy.errors import UserError
from vgstudy.store.parquet import read_table

REGISTER = Path(__file__).parents[2] / "config/claims"
ENDS = ("value", "low", "high")
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
    """A folder with a register of one claim; JSON is YAML."""
    texts = {"id": "A1", "claim": "c", "setup": "s", "reported": "r", "studies": "small"}
    claim = {**texts, "statements": statements, **more}
    folder.mkdir(exist_ok=True)
    (folder / "A.yaml").write_text(json.dumps({"title": "t", "claims": [claim]}), encoding="utf-8")
    return folder


def open_statement(arms):
    return {"says": "s", "arms": arms, "measure": {"column": "learned"}, "open": True}


def logged(results, table, cell, column, **where):
    """The column's values of a cell, by seed, read the plain way."""
    rows = trained(results / "small", table)
    for name, value in {"cell": cell, **where}.items():
        rows = rows[rows[name] == value]
    return rows.set_index("seed")[column].to_dict()


def cell_of(results, **levels):
    runs = read_table("runs", results / "small/runs.parquet").to_pandas()
    for name, level in levels.items():
        runs = runs[runs[name] == level]
    return runs["cell"].iloc[0]


def test_every_claim_has_rows_and_those_not_run_say_so(results):
    judged = rows(results, REGISTER, studies=())
    ids = [claim.id for claim in all_claims(read_register(REGISTER))]
    assert list(dict.fromkeys(row["id"] for row in judged)) == ids
    assert {row["verdict"] for row in judged} == {"not run"}
    assert all(
        row["reasoning"].startswith(f"not run: add {row['study']} to studies") for row in judged
    )
    assert {row["study"] for row in judged} == {
        "circles",
        "visualising",
        "digits",
        "mnist",
        "course",
        "course-layer-by-layer",
        "extensions",
    }


def test_values_are_those_of_the_logs_by_hand(results, tmp_path):
    accuracy = {"column": "train_accuracy"}
    first = {"column": "g_rms", "layer": 1, "epochs": "first"}
    ratio = first | {"layer": "output", "over": first}
    statements = [
        {"says": "s", "arms": TANH, "measure": accuracy, "equals": 0.7, "within": 0.05},
        {"says": "t", "arms": TANH, "measure": ratio, "above": 1},
    ]
    of_accuracy, of_ratio = rows(results, register(tmp_path / "r", statements))
    cell = cell_of(results, **TANH)
    at_end = logged(results, "curves", cell, "train_accuracy", epoch=20).values()
    finite = [value for value in at_end if np.isfinite(value)]
    assert of_accuracy["sample"] == pytest.approx(sorted(finite))
    assert of_accuracy["n_failed"] == 8 - len(finite) > 0  # diverged runs have no accuracy
    assert (of_accuracy["arm"], of_accuracy["n"]) == ("depth 5, 5 wide, tanh, Xavier, SGD", 8)
    one, last = (logged(results, "probes", cell, "g_rms", epoch=0, layer=layer) for layer in (1, 6))
    ratios = [last[seed] / one[seed] for seed in one]
    assert of_ratio["sample"] == pytest.approx(sorted(ratios))
    assert of_ratio["value"] == np.mean(np.array(ratios) > 1)


def test_every_row_has_the_verdict_on_the_claim_by_hand(results, tmp_path):
    accuracy = {"column": "train_accuracy"}
    statements = [
        {"says": "s", "arms": TANH, "measure": accuracy, "above": 0},
        {"says": "t", "arms": TANH, "measure": accuracy, "above": 0.7, "version": 2},
        open_statement(TANH),
    ]
    judged = rows(results, register(tmp_path / "r", statements))
    above_zero, above, _ = judged
    assert (above_zero["share"], above["share"]) == (1, above["claim_share"])
    assert [row["verdict"] for row in judged] == ["undecided", "undecided", "answered"]
    assert {row["claim_verdict"] for row in judged} == {"undecided"}
    assert {row["claim_share"] for row in judged} == {above["share"]}
    assert [row["version"] for row in judged] == [1, 2, 1]


def test_a_statement_not_run_has_a_row_for_every_network_it_names(results, tmp_path):
    statement = open_statement([TANH, {"activation": "ReLU"}])
    not_run = rows(results, register(tmp_path / "r", [statement]), studies=())
    assert [(row["arm"], row["verdict"]) for row in not_run] == [
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
    judged = rows(results, register(tmp_path / "r", [statement]))[0]
    values, against = (
        logged(results, "curves", cell_of(results, **arm), "test_loss", epoch=20)
        for arm in (TANH, other)
    )
    gaps = np.array([values[seed] - against[seed] for seed in values])
    finite = gaps[np.isfinite(gaps)]
    assert judged["share"] == pytest.approx(np.mean(finite < 0))
    assert judged["n_failed"] == 8 - len(finite)
    assert judged["comparator"] == "below depth 5, 5 wide, ReLU, Xavier, SGD"


def test_an_arm_with_several_cells_has_a_row_for_each(results, tmp_path):
    arm = {name: level for name, level in TANH.items() if name != "activation"}
    judged = rows(results, register(tmp_path / "r", [open_statement(arm)]))
    assert [row["arm"].split(", ")[2] for row in judged] == ["tanh", "ReLU", "sigmoid"]
    assert {row["verdict"] for row in judged} == {"answered"}


@pytest.fixture(scope="module")
def results_of_arms(tmp_path_factory):
    """A study of four arms: one tanh layer, and five layers of each activation."""
    folder = tmp_path_factory.mktemp("arms")
    deep = {"depth": [5]}
    arms = {name: {**deep, "activation": [name]} for name in ("tanh", "ReLU", "sigmoid")}
    arms["shallow"] = {"depth": [1], "activation": ["tanh"]}
    levels = {"widths": [5], "initializers": ["Xavier"], "optimizers": ["SGD"]}
    write_synthetic_study(folder / "small", depths=[1, 5], **levels, arms=arms, seeds=range(8))
    return folder


def test_the_other_networks_are_asked_the_same_by_hand(results_of_arms, tmp_path):
    accuracy = {"column": "train_accuracy"}
    fifth = {"column": "g_rms", "layer": 5, "epochs": "first"}
    statements = [
        {"says": "s", "arms": "tanh", "measure": accuracy, "above": 0.7},
        {"says": "t", "arms": "tanh", "measure": accuracy, "above": {"arm": "ReLU"}},
        {"says": "u", "arms": "tanh", "measure": fifth, "above": 0},
        {"says": "v", "arms": "tanh", "measure": accuracy, "open": True},
    ]
    judged = rows(results_of_arms, register(tmp_path / "r", statements))
    assert [row["others"] for row in judged] == [
        ["ReLU", "sigmoid", "shallow"],
        ["sigmoid", "shallow"],  # ReLU is what is compared with
        ["ReLU", "sigmoid"],  # no layer 5
        [],  # nothing claimed
    ]
    cell = cell_of(results_of_arms, depth=5, activation="sigmoid")
    ends = logged(results_of_arms, "curves", cell, "train_accuracy", epoch=20).values()
    fails = np.mean([end <= 0.7 for end in ends if np.isfinite(end)])
    assert judged[0]["others_fail"][1] == pytest.approx(fails)


def test_a_claim_about_what_a_study_lacks_writes_nothing(results, tmp_path):
    (results / "claims.parquet").unlink(missing_ok=True)
    folder = register(tmp_path / "r", [open_statement(TANH | {"depth": 6})])
    with pytest.raises(UserError, match="no depth 6"):
        rows(results, folder)
    assert not (results / "claims.parquet").exists()
