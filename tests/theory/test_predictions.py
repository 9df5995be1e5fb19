"""Predictions for cells: which rows there are, how they are labelled, and the terminal's table."""

from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import nets
from nets import named
from study_files import STUDY
from vgstudy import cli
from vgstudy.cells import KerasObject
from vgstudy.theory import mean_field
from vgstudy.theory.activations import activation
from vgstudy.theory.finite_width import log_factor
from vgstudy.theory.predictions import DEEPEST, decays, predict

UNIFORM = KerasObject(class_name="RandomUniform", config={"minval": 0.0, "maxval": 1.0})
GAUSSIAN = KerasObject(
    class_name="VarianceScaling", config={"scale": 2.0, "distribution": "untruncated_normal"}
)
DECAYS = {"d_delta", "d_g", "d_h"}
LIMITS = {"q", "chi", "depth_scale", "d_delta_limit"}


def cell(depth=5, width=5, phi="relu", initializer="HeUniform", optimizer="SGD"):
    """Return a cell whose sample is small, so that predictions are quick."""
    if isinstance(initializer, str):
        initializer = named(initializer)
    levels = {"activation": phi, "initializer": initializer, "optimizer": named(optimizer)}
    return nets.cell(depth=depth, width=width, samples=60, train=40, **levels)


def rows(spec):
    return {row.quantity: row for row in predict([spec])}


def test_every_kind_of_row_by_hand():
    result = rows(cell(initializer=GAUSSIAN))
    assert result.keys() == DECAYS | LIMITS | {"d_delta_one_input", "p_dead_one_input"}
    assert {name for name, row in result.items() if row.basis == "asymptotic"} == DECAYS | LIMITS
    assert {name for name, row in result.items() if row.basis == "exact"} == {
        "d_delta_one_input",
        "p_dead_one_input",
    }
    assert result["chi"].value == pytest.approx(1)
    assert result["d_delta"].value == pytest.approx(1)
    assert result["d_h"].value == pytest.approx(1)
    assert result["d_delta_one_input"].value == log_factor(5, 2.0).typical
    assert result["p_dead_one_input"].value == pytest.approx(1 - (31 / 32) ** 5)
    assert all(row.source for row in result.values())


def test_kernels_that_are_not_normal_make_the_law_of_one_input_an_approximation():
    assert rows(cell())["d_delta_one_input"].basis == "approximation"
    assert rows(cell(initializer="Orthogonal")).keys() == DECAYS | LIMITS | {"p_dead_one_input"}


def test_kernels_with_a_mean_have_approximate_decays_and_no_limits():
    result = rows(cell(initializer=UNIFORM))
    assert result.keys() == DECAYS
    assert {row.basis for row in result.values()} == {"approximation"}
    assert result["d_delta"].value == pytest.approx(2.5, rel=0.1)  # N mu: every unit is on


def test_smooth_activations_have_no_law_of_one_input():
    assert (
        rows(cell(phi="tanh")).keys()
        == rows(cell(phi="leaky_relu")).keys() - {"d_delta_one_input"}
        == DECAYS | LIMITS
    )


@pytest.mark.parametrize("initializer", ["Identity", "Zeros"])
def test_kernels_without_randomness_have_no_row(initializer):
    assert rows(cell(initializer=initializer)) == {}


@pytest.mark.parametrize("depth", [1, 3, DEEPEST + 1])
def test_no_decay_where_there_is_none_or_it_is_too_deep(depth):
    assert rows(cell(depth=depth)).keys() & DECAYS == set()
    assert rows(cell(depth=depth)).keys() >= LIMITS


def test_numbers_that_overflow_give_no_decay():
    assert (
        rows(
            cell(
                phi="exponential",
                initializer=KerasObject(class_name="RandomNormal", config={"stddev": 3.0}),
            )
        ).keys()
        == LIMITS
    )


def test_deep_tanh_nets_reach_the_limit_against_theory():
    result = rows(cell(depth=40, phi="tanh"))
    chi = mean_field.chi(activation(KerasObject(class_name="tanh")), 0.6180, 2.0)
    assert result["d_delta_limit"].value == pytest.approx(sqrt(chi), rel=1e-3)
    assert result["d_delta"].value == pytest.approx(sqrt(chi), rel=2e-3)
    assert result["d_h"].value == pytest.approx(1, abs=2e-3)


def test_a_cell_alone_and_among_others_against_itself():
    many = [
        cell(depth=4),
        cell(depth=7),
        cell(depth=7, phi="tanh"),
        cell(depth=7, optimizer="Adam"),
        cell(depth=7, width=9),
    ]
    together = {(result.cell, result.quantity): result.value for result in predict(many)}
    alone = {
        (result.cell, result.quantity): result.value for each in many for result in predict([each])
    }
    assert together.keys() == alone.keys()
    np.testing.assert_allclose(
        list(together.values()), [alone[key] for key in together], rtol=1e-12
    )


def test_how_a_net_trains_changes_nothing_before_it_does():
    first, second = (rows(cell(optimizer=name)) for name in ("SGD", "Adam"))
    assert {name: row.value for name, row in first.items()} == {
        name: row.value for name, row in second.items()
    }


def test_decays_are_the_same_at_every_call():
    assert decays(cell(), [5]) == decays(cell(), [5])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config/studies").mkdir(parents=True)
    (tmp_path / "config/config.yaml").write_text("studies: small\n")
    text = STUDY.replace("samples: 1000, train: 500", "samples: 60, train: 40").replace(
        "1-3", "[2, 4, 6]"
    )
    (tmp_path / "config/studies/small.yaml").write_text(
        text.replace("{He:", "{'[U]': {class_name: RandomUniform}, He:")
    )
    return Path(tmp_path)


def test_the_command_prints_a_row_for_each_setting(folder):
    result = CliRunner().invoke(cli.app, ["theory", "--depth", "5"], env={"COLUMNS": "110"})
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "small: theory at depth 4, before any update"
    assert sum(line.startswith(("tanh, ", "ReLU, ")) for line in lines) == 2 * 3 * 2
    he = next(line for line in lines if line.startswith("ReLU, He, 5 "))
    assert he.split()[4:6] == ["1.00", "∞"]
    assert he.endswith("≈0.732 =0.119")
    assert any(line.startswith("ReLU, [U], 25 ") for line in lines)
    assert "Schoenholz et al. 2017" in " ".join(lines)
    assert {path.name for path in folder.rglob("*")} == {
        "config",
        "config.yaml",
        "studies",
        "small.yaml",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["smal"], "did you mean 'small'?"),
        (
            ["--depth", "0"],
            "error: Invalid value for '--depth': Input should be greater than or equal to 1; see:",
        ),
        (["--depth", "many"], "error: Invalid value for '--depth'"),
    ],
)
def test_a_mistake_is_one_line(folder, arguments, message):
    result = CliRunner().invoke(cli.app, ["theory", *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_every_default_study_has_a_table_at_any_depth(monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[2])
    result = CliRunner().invoke(cli.app, ["theory", "--depth", "2"], env={"COLUMNS": "110"})
    assert result.exit_code == 0, result.output
    assert "visualising: theory at depth " in result.stdout
