"""The report of a workflow that still runs: of the jobs that are trained, and nothing else."""

from pathlib import Path

import pandas as pd
import pytest

from synthetic import write_synthetic_study
from vgstudy.errors import UserError
from vgstudy.report.partial import copy_trained, write_partial_report
from vgstudy.store.tables import design_jobs, job_path

REGISTER = Path(__file__).parents[2] / "config/claims"


@pytest.fixture
def folder(tmp_path):
    """A study of which some jobs are not trained yet."""
    folder = tmp_path / "results/made"
    levels = {"depths": (2, 5), "widths": (5,), "optimizers": ("SGD",), "seeds": range(4)}
    write_synthetic_study(folder, per_job=2, estimate=False, **levels)
    for job in design_jobs(folder)[1::2]:
        job_path(folder, "curves", job).unlink()
    return folder


def test_the_runs_of_trained_jobs_are_kept_by_hand(folder, tmp_path):
    assert copy_trained(folder, tmp_path / "copy")
    kept = pd.read_parquet(tmp_path / "copy/runs.parquet")
    assert sorted(kept["job"].unique()) == design_jobs(folder)[::2]
    assert 0 < len(kept) < len(pd.read_parquet(folder / "runs.parquet"))


def test_the_page_says_how_far_the_study_is(folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    page = write_partial_report(folder.parent, ["made"], REGISTER)
    assert page == folder.parent / "partial/report.html"
    runs = len(pd.read_parquet(folder.parent / "partial/made/runs.parquet"))
    html = page.read_text(encoding="utf-8")
    assert "<strong>Partial results:</strong> made: " in html
    assert f"{runs} runs counted" in html
    # what the workflow writes stays as it is
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_before_the_first_job_is_trained_it_says_so(folder):
    for job in design_jobs(folder):
        job_path(folder, "probes", job).unlink()
    with pytest.raises(UserError, match="no job of made is trained yet; try again later"):
        write_partial_report(folder.parent, ["made"], REGISTER)
