"""Diagnosis: rules by hand, evidence against a naive count, intervals against SciPy, the command's
exit codes."""

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from rich.console import Console
from scipy import stats
from typer.testing import CliRunner

from synthetic import write_synthetic_study
from vgstudy.cli import app
from vgstudy.probe.diagnosis import diagnose_files
from vgstudy.probe.display import render
from vgstudy.probe.evidence import rates, read_error_rates
from vgstudy.probe.rules import HEALTHY, RULES, features, verdicts
from vgstudy.store.parquet import read_table, write_table
from vgstudy.study_results import load


def rows(**columns) -> pd.DataFrame:
    """Three layers of one run at one epoch."""
    usual = {
        "kind": ["input", "square", "output"],
        "delta_rms": [0.5, 0.5, 0.5],
        "g_rms": [1.0, 1.0, 1.0],
        "g_zero": [0.0, 0.0, 0.0],
        "h_rms": [1.0, 1.0, np.nan],
        "h_dead": [0.0, 0.0, np.nan],
        "h_saturated": [0.2, 0.3, np.nan],
        "zero_cause": ["none"] * 3,
        "zero_cause_float32": ["none"] * 3,
        "w_mean": [0.0, 0.0, 0.0],
        "w_sd": [1.0, 1.0, 1.0],
    }
    merged = {"cell": "a", "seed": 0, "epoch": 5, "layer": [1, 2, 3]} | usual | columns
    return pd.DataFrame(merged | {"g_l2": columns.get("g_l2", merged["g_rms"])})


UNKNOWN = [np.nan] * 3
ZERO = {"delta_rms": [0.0] * 3, "g_rms": [0.0] * 3, "g_zero": [1.0] * 3}
CASES = {
    "equal signals": ({}, 1.0, HEALTHY),
    "below the threshold": ({"delta_rms": [0.0004, 0.1, 0.5]}, 0.0008, "vanishing"),
    "above the threshold": ({"delta_rms": [0.0006, 0.1, 0.5]}, 0.0012, HEALTHY),
    "120 times larger": ({"delta_rms": [60.0, 1.0, 0.5]}, 120.0, "exploding"),
    "not finite": ({"delta_rms": [np.inf, 1.0, 0.5]}, np.inf, "exploding"),
    "delta of one layer only": (
        {"delta_rms": [np.nan, np.nan, 0.5], "g_rms": [1e-5, 0.1, 1.0]},
        1e-5,
        "vanishing",
    ),
    "vanishing below layers that have a delta": (
        {"delta_rms": [np.nan, 0.25, 0.5], "g_rms": [1e-5, 0.1, 1.0]},
        1e-5,
        "vanishing",
    ),
    "fitted": (ZERO | {"zero_cause": ["fitted"] * 3}, 1.0, HEALTHY),
    "fitted, and the loss says so": (
        ZERO | {"zero_cause": ["fitted"] * 3, "loss": 0.0, "top": 0.0},
        1.0,
        HEALTHY,
    ),
    "a loss without slope that is not small": (
        ZERO | {"zero_cause": ["fitted"] * 3, "loss": 8.0, "top": 0.0},
        1.0,
        "no gradient",
    ),
    "a flat output": (ZERO | {"zero_cause": ["saturation"] * 3, "top": 0.5}, 1.0, "no gradient"),
    "a nearly flat output": (
        {"delta_rms": [1e-9] * 3, "g_rms": [1e-9] * 3, "loss": 0.3, "top": 0.5},
        1.0,
        "no gradient",
    ),
    "a small loss scale keeps its slope": (
        {"delta_rms": [1e-6] * 3, "g_rms": [1e-6] * 3, "loss": 1e-5, "top": 1e-6},
        1.0,
        HEALTHY,
    ),
    "gradients too small for float32 weights": (
        {"g_rms": [1e-9] * 3, "loss": 0.3, "top": 0.5},
        1.0,
        "no gradient",
    ),
    "zero weights": (
        ZERO | {"delta_rms": [0, 0, 0.5], "zero_cause": ["zero kernel"] * 3, "w_sd": [0.0] * 3},
        0.0,
        "no gradient",
    ),
    "diverged": ({"delta_rms": UNKNOWN, "g_rms": UNKNOWN}, np.inf, "exploding"),
    "diverged, so without slope": (
        {"delta_rms": UNKNOWN, "g_rms": UNKNOWN, "h_saturated": [1.0, 1.0, np.nan]},
        np.inf,
        "exploding",
    ),
    "flat units": ({"h_saturated": [0.2, 0.95, np.nan]}, 1.0, "saturated"),
    "no shares": ({"h_saturated": UNKNOWN, "h_dead": UNKNOWN}, 1.0, HEALTHY),
    "flat in float32": ({"zero_cause_float32": ["saturation", "none", "none"]}, 1.0, "saturated"),
    "units off": (
        {"h_dead": [0, 1.0, np.nan], "h_saturated": [0.2, 1, np.nan], "delta_rms": [0, 0, 0.5]},
        0.0,
        "dying ReLU",
    ),
    "zero because of dead units": (
        {"zero_cause": ["dead", "none", "none"], "delta_rms": [0, 0, 0.5]},
        0.0,
        "dying ReLU",
    ),
    "the largest of parallel branches": (
        {"delta_rms": [1e-5, 0.4, 0.5], "stage": [1, 1, 2]},
        0.8,
        HEALTHY,
    ),
    "parallel branches that all vanish": (
        {"delta_rms": [1e-5, 1e-6, 0.5], "stage": [1, 1, 2]},
        2e-5,
        "vanishing",
    ),
    "a signal that shrinks in both directions": (
        {"delta_rms": UNKNOWN, "g_rms": [1e-6, 1e-6, 1e-6], "h_rms": [1e-3, 1e-6, np.nan]},
        1e-6,
        "vanishing",
    ),
    "an embedding is left out": (
        {
            "delta_rms": [np.nan, 0.4, 0.5],
            "g_rms": [1e-5, 1.0, 1.0],
            "class": ["Embedding", "Dense", "Dense"],
        },
        0.8,
        HEALTHY,
    ),
    "a head without a loss is left out": (
        {"delta_rms": [0.4, 0.5, np.nan], "g_rms": [1, 1, np.nan], "g_zero": [0, 0, np.nan]},
        0.8,
        HEALTHY,
    ),
    "averaging over 10,000 positions is not vanishing": (
        {"delta_rms": [0.0001, 0.1, 0.5], "positions": [10_000, 1, 1]},
        0.02,
        HEALTHY,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_verdicts_by_hand(case: str) -> None:
    columns, ratio, verdict = CASES[case]
    run_features = features(rows(**columns))
    assert run_features["ratio"].item() == pytest.approx(ratio)
    assert verdicts(run_features).item() == verdict


@pytest.mark.parametrize(("loss", "verdict"), [(0.1, HEALTHY), (0.9, "no gradient")])
def test_a_gradient_that_is_lost_is_healthy_only_after_the_loss_fell(
    loss: float, verdict: str
) -> None:
    first = rows(epoch=0, loss=1.0, top=0.5)
    last = rows(**ZERO, zero_cause=["fitted"] * 3, loss=loss, top=0.0)
    both = verdicts(features(pd.concat([first, last])))
    assert both.tolist() == [HEALTHY, verdict]


def test_a_small_gradient_is_convergence_where_it_was_larger_before() -> None:
    first = rows(epoch=0, loss=1.0, top=0.5)
    last = rows(g_rms=[1e-9] * 3, loss=0.9, top=0.5)
    assert verdicts(features(pd.concat([first, last]))).tolist() == [HEALTHY, HEALTHY]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "made"
    write_synthetic_study(
        path, depths=(2, 5, 10), widths=(5,), initializers=("Xavier", "He"), optimizers=("SGD",)
    )
    return path


def test_rates_by_hand() -> None:
    def rows(epoch: int, **counts: tuple[int, int]) -> list[dict]:
        names = {name.replace(" ", "_"): name for name in (*RULES, HEALTHY)}
        return [
            {"epoch": epoch, "verdict": names[key], "learned": learned, "failed": failed}
            for key, (learned, failed) in counts.items()
        ]

    others = {name.replace(" ", "_"): (1, 2) for name in RULES}
    table = rows(0, **others, healthy=(90, 10)) + rows(
        10, **others | {"vanishing": (0, 7)}, healthy=(90, 10)
    )
    assert rates(table, "vanishing", 9) == {"epoch": 0, "right": 2, "given": 3}
    assert rates(table, "vanishing", 700) == {"epoch": 10, "right": 7, "given": 7}
    assert rates(table, HEALTHY, 0) == {"epoch": 0, "right": 90, "given": 100}


def test_the_table_of_error_rates_has_every_verdict_and_its_origin() -> None:
    record = read_error_rates()
    by_epoch: dict = {}
    for row in record.rows:
        if row["epoch"] is not None:
            by_epoch.setdefault(row["epoch"], []).append(row)
    assert {row["verdict"] for row in by_epoch[0]} <= {*RULES, HEALTHY}
    for rows in by_epoch.values():
        runs = sum(row["learned"] + row["failed"] for row in rows)
        assert runs == record.provenance["runs"]
    assert record.provenance["packages"]["tensorflow"]


def run_file(folder: Path, path: Path, **columns) -> Path:
    """The probes of one cell of ten sigmoid layers, as a file of their own."""
    results = load(folder)
    cell = results.runs.query("activation == 'sigmoid' and depth == 10 and initializer == 'He'")[
        "cell"
    ].iloc[0]
    job = results.runs.set_index("cell")["job"][cell].iloc[0]
    write_table(
        "probes",
        read_table("probes", folder / f"probes/{job}.parquet", filters=[("cell", "==", cell)]),
        path,
        columns,
    )
    return path


def test_decay_factors_and_levels_against_scipy(folder: Path, tmp_path: Path) -> None:
    path = run_file(folder, tmp_path / "run.parquet", layers=[f"l{n}/kernel" for n in range(1, 12)])
    (found,) = diagnose_files([path], epoch=0)
    probes = read_table("probes", path).to_pandas()
    now = probes[probes["epoch"] == 0]
    slopes = [
        stats.linregress(own["layer"], np.log(own["g_rms"])).slope
        for _, own in now[now["kind"] == "square"].groupby("seed")
    ]
    low, high = stats.t.interval(0.95, len(slopes) - 1, -np.mean(slopes), stats.sem(slopes))
    decay = found["decays"]["d_g"]
    assert (decay["value"], decay["low"], decay["high"]) == pytest.approx(
        np.exp([-np.mean(slopes), low, high])
    )
    assert decay["n"] == decay["n_alive"] == len(slopes) > 2
    assert found["layers"][3]["g_rms"] == pytest.approx(
        stats.gmean(now.loc[now["layer"] == 4, "g_rms"])
    )
    assert found["layers"][3]["name"] == "l4/kernel"
    assert found["layers"][-1]["h_rms"] is None


def invoke(*arguments: str):
    return CliRunner().invoke(app, ["diagnose", *arguments])


def test_the_exit_code_is_0_only_for_healthy_models(folder: Path, tmp_path: Path) -> None:
    path = run_file(folder, tmp_path / "run.parquet")
    table = read_table("probes", path)
    assert invoke(str(path)).exit_code == 0
    shrunk = table.to_pandas()
    shrunk["delta_rms"] = 10.0 ** (shrunk["layer"] - 11)
    columns = {
        name: shrunk[name] if name == "delta_rms" else table[name] for name in table.column_names
    }
    write_table("probes", columns, tmp_path / "vanishing.parquet", {})
    result = invoke(str(tmp_path / "vanishing.parquet"), "--json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)
    assert found["verdict"] == "vanishing"
    assert found["verdicts"] == {"vanishing": len(found["seeds"])}
    shown = invoke(str(tmp_path / "vanishing.parquet"))
    assert shown.exit_code == 1
    assert "vanishing (4 of 4 seeds, epoch 20)" in shown.stdout
    assert "did not learn" in " ".join(shown.stdout.split())


def test_mistakes_are_one_clear_line(folder: Path, tmp_path: Path) -> None:
    path = run_file(folder, tmp_path / "run.parquet")
    (tmp_path / "other.json").write_text("[]")
    for arguments, message in [
        ([str(path), str(path)], "is in two files; set a different seed= or name= for each run"),
        (
            [str(path), "--epoch", "3"],
            "epoch 3 was not measured in every run; epochs measured in all: 0, 5, 20",
        ),
        ([str(folder / "runs.parquet")], "holds the table runs, where probes belong"),
        (
            [str(path), str(tmp_path / "none.parquet")],
            "none.parquet is missing; name a file of probes, such as GradientProbe(",
        ),
        ([str(tmp_path)], "is not a Parquet file; name a file of probes"),
        ([str(tmp_path / "other.json")], "other.json is not a Parquet file; name a file of probes"),
    ]:
        result = invoke(*arguments)
        assert result.exit_code == 2
        assert message in result.stderr
        assert result.stderr.count("\n") == 1


def test_units_of_which_no_layer_tells_are_not_measured(folder: Path, tmp_path: Path) -> None:
    path = run_file(folder, tmp_path / "run.parquet")
    assert "not measured" not in invoke(str(path)).stdout
    probes = (
        read_table("probes", path)
        .to_pandas()
        .assign(h_saturated=np.nan, h_dead=np.nan, zero_cause_float32="none")
    )
    write_table("probes", pa.Table.from_pandas(probes, preserve_index=False), path, {})
    assert ", off not measured, flat not measured" in invoke(str(path)).stdout


def test_off_a_terminal_nothing_is_cut(folder: Path, tmp_path: Path) -> None:
    names = [f"a_layer_with_a_rather_long_name_{n}/kernel" for n in range(1, 12)]
    result = invoke(str(run_file(folder, tmp_path / "run.parquet", layers=names)))
    assert all(name in result.stdout for name in names)
    assert "…" not in result.stdout


def test_a_narrow_terminal_shows_whole_names_by_hand(folder: Path, tmp_path: Path) -> None:
    names = [f"dense_{number}/kernel" for number in range(1, 12)]
    (found,) = diagnose_files([run_file(folder, tmp_path / "run.parquet", layers=names)])
    console = Console(width=80, record=True, file=StringIO())
    console.print(render(found))
    lines = console.export_text().splitlines()
    assert all(any(name in line for line in lines) for name in names)
    assert max(map(len, lines)) <= 80
