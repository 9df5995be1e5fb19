"""The workflow plans, refuses, runs, grows and reports, through Snakemake itself."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from sites import copy_of_the_workflow
from vgstudy.config import yamlfile

ROOT = Path(__file__).parents[2]


@pytest.fixture
def snakemake(tmp_path):
    return copy_of_the_workflow(tmp_path)


def test_dry_run_plans_every_rule_and_writes_no_result(snakemake, tmp_path):
    studies = ("smoke", "extensions", "circles", "mnist")
    done = snakemake("--dry-run", "--config", f"studies=[{','.join(studies)}]")
    assert done.returncode == 0, done.stderr
    designs = [f"design {study}" for study in studies]
    for rule in (*designs, "train", "estimate", "figures", "report", "all"):
        assert f"\n {rule} " in done.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_where_home_cannot_be_made_the_cache_needs_the_folder_that_the_docs_name(
    snakemake, tmp_path, monkeypatch
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file/home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert snakemake("--dry-run", "--config", "studies=smoke").returncode != 0
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = snakemake("--dry-run", "--config", "studies=smoke")
    assert done.returncode == 0, done.stderr
    assert "XDG_CACHE_HOME=" in (ROOT / "docs/commands.md").read_text(encoding="utf-8")


def test_the_profile_for_slurm_is_understood_where_there_is_none(snakemake):
    done = snakemake("--dry-run", "--profile", "profiles/slurm", "--config", "studies=smoke")
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("sbatch") is not None, reason="SLURM is here")
def test_without_slurm_its_profile_is_refused_before_the_first_job(snakemake, tmp_path):
    done = snakemake("--profile", "profiles/slurm", "--config", "studies=smoke")
    assert done.returncode == 2
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("error:"))
    assert "no command `sbatch` on this machine; start the workflow on a login node" in line
    assert not (tmp_path / "results/smoke").exists()


def test_only_studies_with_arms_depend_on_the_register(snakemake):
    plain = ("--profile", "none", "--workflow-profile", "none")  # lists the inputs of every job
    output = snakemake("--dry-run", *plain, "--config", "studies=[circles,smoke]").stdout
    inputs = [part.partition("output:")[0] for part in output.split("\nrule arms:\n")[1:]]
    assert len(inputs) == 2
    for study, needs_claims in (("circles", True), ("smoke", False)):
        (own,) = [each for each in inputs if f"results/{study}/runs.parquet" in each]
        assert ("config/claims/A.yaml" in own) == needs_claims


def test_lint_finds_nothing(snakemake):
    done = snakemake("--lint")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("file", "text", "output"),
    [
        pytest.param(
            "config/config.yaml", "studies: [smoke", "config/config.yaml", marks=pytest.mark.slow
        ),
        pytest.param("config/config.yaml", None, "config/config.yaml", marks=pytest.mark.slow),
        ("config/studies/smoke.yaml", "titel: t", "config/studies/smoke.yaml"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(snakemake, tmp_path, file, text, output):
    (tmp_path / "config/config.yaml").write_text("studies: smoke\n")
    (tmp_path / file).unlink()
    if text is not None:
        (tmp_path / file).write_text(text + "\n")
    done = snakemake("--cores", "1")
    lines = [
        line
        for line in done.stderr.splitlines()
        if not line.startswith("Using workflow specific profile")
    ]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1
    assert output in lines[0]
    assert not (tmp_path / "results").exists()


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The smoke study, run once: its folder and Snakemake in it."""
    folder = tmp_path_factory.mktemp("smoke")
    snakemake = copy_of_the_workflow(folder)
    (folder / "config/config.yaml").write_text("studies: smoke\n")
    done = snakemake("--cores", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, snakemake


def ages(folder: Path, table: str) -> dict[str, int]:
    return {
        path.name: path.stat().st_mtime_ns for path in (folder / "results/smoke" / table).iterdir()
    }


@pytest.mark.slow
def test_smoke_study_ends_with_a_report_and_then_has_nothing_to_do(smoke):
    folder, snakemake = smoke
    assert "<html" in (folder / "results/report.html").read_text(encoding="utf-8")
    assert "Nothing to be done" in snakemake("--dry-run").stderr


@pytest.mark.slow
def test_snakemake_report_holds_every_figure_with_its_caption(smoke):
    folder, snakemake = smoke
    done = snakemake("--report", "report.zip")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(folder / "report.zip") as archive:
        names = {Path(name).name for name in archive.namelist()}
        page = archive.read("report/report.html").decode()
    figures = json.loads(
        (folder / "results/smoke/figures/captions.json").read_text(encoding="utf-8")
    )
    assert figures
    for name, figure in figures.items():
        assert f"{name}.svg" in names
        assert json.dumps(figure["title"]) in page
    assert page.count("are under the same figure") == len(figures)


@pytest.mark.slow
def test_a_grown_study_trains_only_what_is_new(smoke):
    folder, snakemake = smoke
    study = folder / "config/studies/smoke.yaml"
    content = yamlfile.parse(study.read_text(encoding="utf-8"))
    before = ages(folder, "probes"), ages(folder, "jobs")
    study.write_text(json.dumps(content | {"seeds": content["seeds"] + 1}), encoding="utf-8")
    done = snakemake("--cores", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    after = ages(folder, "probes"), ages(folder, "jobs")
    assert all(old.items() < new.items() for old, new in zip(before, after, strict=True))
