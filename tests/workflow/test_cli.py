"""The command line: a mistake is one line on stderr and exit code 2, with nothing written."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from study_files import STUDY
from synthetic import write_synthetic_study
from vgstudy.cli import app
from vgstudy.config.load import load_study
from vgstudy.schema import arrow_schema
from vgstudy.store.parquet import write_table

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a configuration of one small study."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config/studies").mkdir(parents=True)
    (tmp_path / "config/config.yaml").write_text("studies: [small]\nseeds: null\n")
    (tmp_path / "config/studies/small.yaml").write_text(STUDY)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, prog_name="vgstudy")


def one_line(result: Result) -> str:
    """The message of a refused command."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def contents(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("command", [["plan"], ["design", "config/studies/small.yaml"]])
def test_a_mistake_in_a_study_stops_everything(command: list[str], folder: Path) -> None:
    """The mistakes themselves are in tests/config."""
    file = folder / "config/studies/small.yaml"
    file.write_text(STUDY.replace("seeds: 3", "sedes: 3"))
    before = contents(folder)
    assert one_line(run(*command)).startswith("error: config/studies/small.yaml: sedes: unknown")
    assert contents(folder) == before


REFUSED = {
    "unknown study": (
        ["plan", "smal"],
        "STUDY: no study 'smal' in config/studies; did you mean 'small'?",
    ),
    "no config": (
        ["plan", "--config", "nowhere.yaml"],
        "nowhere.yaml: cannot be read: no such file or directory",
    ),
    "no study": (
        ["design", "config/studies/nowhere.yaml"],
        "config/studies/nowhere.yaml: cannot be read: no such file",
    ),
    "a folder": (["design", "config/studies"], "config/studies: cannot be read: is a directory"),
    "seeds of no kind": (["plan", "--seeds", "many"], "--seeds: must be a whole number, a range"),
    "seeds that are not YAML": (
        ["plan", "--seeds", "[1,"],
        "--seeds: must be a whole number, a range",
    ),
    "no seeds": (
        ["design", "config/studies/small.yaml", "--seeds", "0"],
        "--seeds: the number of seeds must be between 1",
    ),
    "seed twice": (["plan", "--seeds", "[1, 1]"], "--seeds: 1 is listed twice"),
    "same study twice": (
        ["plan", "small", "config/studies/small.yaml"],
        "STUDY: study 'small' is named twice; name it once",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_in_the_arguments_is_one_line(case: str, folder: Path) -> None:
    arguments, message = REFUSED[case]
    before = contents(folder)
    assert message in one_line(run(*arguments))
    assert contents(folder) == before


USAGE = {
    "unknown option": (
        ["plan", "--sed", "3"],
        "No such option: --sed (Possible options: --seeds); see: vgstudy plan --help",
    ),
    "option before the command": (["--sed", "plan"], "No such option: --sed; see: vgstudy --help"),
    "a value that is not offered": (
        ["figure", "accounting", "--format", "gif"],
        "Invalid value for '--format': 'gif' is not one of 'svg', 'pdf', 'png'; see: vgstudy",
    ),
    "option without its value": (
        ["plan", "--seeds"],
        "Option '--seeds' requires an argument; see: vgstudy --help",
    ),
    "unknown command": (
        ["plann"],
        "No such command 'plann'. Did you mean 'plan'?; see: vgstudy --help",
    ),
    "no manifest": (["train"], "Missing argument 'MANIFEST'; see: vgstudy train --help"),
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_usage_is_one_line(case: str, folder: Path) -> None:
    arguments, message = USAGE[case]
    assert message in one_line(run(*arguments))


def test_no_argument_at_all_asks_for_help(folder: Path) -> None:
    assert "Commands:" in run().output


def test_a_damaged_manifest_is_one_line_with_the_remedy(folder: Path) -> None:
    assert run("design", "config/studies/small.yaml").exit_code == 0
    path = next((folder / "results/small/jobs").iterdir())
    path.write_text("{")
    assert f"`rm {path.relative_to(folder)}`" in one_line(
        run("train", str(path.relative_to(folder)))
    )


def test_plan_prints_and_writes_nothing(folder: Path) -> None:
    before = contents(folder)
    result = run("plan")
    assert result.exit_code == 0
    assert contents(folder) == before
    shown = " ".join(result.stdout.split())
    for text in (
        "small: A small study",
        "depth 3, width 2, activation 2, initializer 2, optimizer 1",
        "cells 24",
        "runs 72 = 24 cells x 3 seeds",
        "jobs 1 to train with 72 runs, 0 trained",
        "core-minutes",
        "on 1 core,",
        "GB",
        "MB",
    ):
        assert text in shown


def test_plan_says_what_is_left(folder: Path) -> None:
    assert run("design", "config/studies/small.yaml").exit_code == 0
    job = next((folder / "results/small/jobs").iterdir()).stem
    for table in ("probes", "curves"):
        path = folder / "results/small" / table / f"{job}.parquet"
        write_table(table, arrow_schema(table).empty_table(), path, {"job": job})
    assert "0 to train with 0 runs, 1 trained" in " ".join(run("plan").stdout.split())
    assert "1 to train with 48 runs, 1 trained" in " ".join(
        run("plan", "--seeds", "5").stdout.split()
    )


def test_verify_names_every_damaged_file(folder: Path) -> None:
    assert run("design", "config/studies/small.yaml").exit_code == 0
    whole = run("verify")
    assert (whole.exit_code, whole.stdout) == (0, "results: 2 files read, 0 with a problem\n")
    path = folder / "results/small/runs.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    problem, summary = run("verify").stdout.splitlines()
    assert problem.startswith("results/small/runs.parquet is truncated or damaged (")
    assert summary == "results: 2 files read, 1 with a problem"
    assert run("verify").exit_code == 1


def test_plan_counts_the_cores_that_snakemake_takes_on_any_system(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """macOS knows no affinity."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr("snakemake.utils.available_cpu_count", lambda: 3)
    assert "minutes on 3 cores" in " ".join(run("plan").stdout.split())


def test_markup_in_a_title_is_shown_as_it_is(folder: Path) -> None:
    (folder / "config/studies/small.yaml").write_text(
        STUDY.replace("A small study", "'[bold]A[/bold] [/x] study'")
    )
    assert "[bold]A[/bold] [/x] study" in run("plan").stdout


def test_seeds_of_the_command_line_come_before_those_of_the_config(folder: Path) -> None:
    (folder / "config/config.yaml").write_text("studies: [small]\nseeds: 5\n")
    assert "24 cells x 5 seeds" in run("plan").stdout
    assert "24 cells x 2 seeds" in run("plan", "--seeds", "3-4").stdout


def test_design_writes_manifests_and_runs(folder: Path) -> None:
    assert (
        run("design", "config/studies/small.yaml", "--results", "elsewhere", "--seeds", "2").stdout
        == ""
    )
    written = contents(folder / "elsewhere")
    assert {"small", "small/jobs", "small/runs.parquet"} < written
    assert any(name.endswith(".json") for name in written)


@pytest.mark.parametrize("arguments", [["plan", "nothing"], ["plan", "--bad"]])
def test_a_mistake_in_a_real_process(arguments: list[str], folder: Path) -> None:
    script = Path(sys.executable).with_name("vgstudy")
    done = subprocess.run([script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_a_terminal_sees_nothing_of_tensorflow(folder: Path) -> None:
    run("design", "config/studies/small.yaml", "--seeds", "1")
    (manifest,) = (folder / "results/small/jobs").iterdir()
    ours, theirs = pty.openpty()
    command = [Path(sys.executable).with_name("vgstudy"), "train", manifest]
    # other tests may set it
    environment = {key: text for key, text in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    output = all_output(ours)
    assert process.wait() == 0, output
    assert "small: 1 of 1 job trained" in output
    assert not any(word in output for word in ("oneDNN", "cuda", "I0000", "WARNING", "tensorflow"))


def all_output(terminal: int) -> str:
    """Read a terminal until nobody writes to it; Linux then raises an error."""
    output = b""
    try:
        while part := os.read(terminal, 100_000):
            output += part
    except OSError:
        pass
    return output.decode(errors="replace")


@pytest.mark.parametrize("text", [None, "{}"])
def test_a_bad_manifest_is_refused_before_tensorflow_is_imported(
    text: str | None, folder: Path
) -> None:
    if text is not None:
        (folder / "runs.json").write_text(text)
    before = set(sys.modules)
    done = run("train", "runs.json")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: runs.json: ")
    assert done.stderr.count("\n") == 1
    assert "vgstudy.engine.job" not in set(sys.modules) - before


def test_version_is_the_packages() -> None:
    from importlib.metadata import version

    assert run("--version").stdout == f"vgstudy {version('vgstudy')}\n"


def test_shipped_studies_are_planned_as_shipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    result = run("plan", "extensions", "smoke", "--results", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert "7,200 = 720 cells x 10 seeds" in result.stdout
    smoke = load_study(ROOT / "config/studies/smoke.yaml")
    assert f"216 = {smoke.n_cells} cells x 4 seeds" in result.stdout


def test_plan_states_the_seeds_for_a_precision_once_there_are_results(folder: Path) -> None:
    write_synthetic_study(
        folder / "results/small",
        depths=(3, 8),
        activations=("tanh",),
        optimizers=("SGD",),
        seeds=range(5),
    )
    shown = " ".join(run("plan").stdout.split())
    assert re.search(
        r"seeds for ±5 % in the decay factor of δ .* so far: \d+ in half of the cells, "
        r"\d+ with depth 8, .* tanh, ",
        shown,
    )


def test_memory_that_ran_out_is_one_line(monkeypatch):
    def write_overlays(folder):
        raise MemoryError

    monkeypatch.setattr("vgstudy.theory.overlays.write_overlays", write_overlays)
    done = CliRunner().invoke(app, ["overlay", "results/x"])
    assert done.exit_code == 1
    assert done.stderr == (
        "error: memory ran out; run fewer jobs at a time, such as with --cores 1, or on a machine "
        "with more\n"
    )


def test_a_terminal_without_greek_letters_gets_replacements(folder: Path) -> None:
    file = folder / "config/studies/small.yaml"
    file.write_text(STUDY.replace("A small study", "A study of α"), encoding="utf-8")
    script = Path(sys.executable).with_name("vgstudy")
    latin = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([script, "plan"], capture_output=True, env=latin, check=False)
    assert done.returncode == 0
    assert b"A study of ?" in done.stdout
    assert done.stderr == b""
