"""What a running workflow has so far: the report of the jobs that are trained."""

import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from vgstudy.analysis.study_estimates import write_estimates
from vgstudy.claims.arms import write_arms
from vgstudy.claims.claim_rows import write_claims
from vgstudy.errors import UserError
from vgstudy.figures.write import write_figures
from vgstudy.formatting import listing
from vgstudy.planning.forecast import progress
from vgstudy.report.page import write_report
from vgstudy.schema import JOB_TABLES
from vgstudy.store.parquet import read_footer, read_table, write_table
from vgstudy.store.tables import design_jobs, job_path
from vgstudy.theory.overlays import write_overlays

FOLDER = "partial"


def write_partial_report(results: Path, names: Sequence[str], register: Path) -> Path:
    """Write the report of the trained jobs of some studies into `results/partial`; return the path
    of its main page. What the workflow writes is only read.

    Claims are judged by studies of which every network has a trained run.

    Raises
    ------
    UserError
        If no job is trained yet, or a table is damaged or of another version.
    """
    partial = results / FOLDER
    shutil.rmtree(partial, ignore_errors=True)
    started = [name for name in names if copy_trained(results / name, partial / name)]
    if not started:
        raise UserError(f"{results}: no job of {listing(names)} is trained yet; try again later")
    for name in started:
        write_estimates(partial / name)
        write_arms(partial / name, register)
        write_overlays(partial / name)
        write_figures(partial / name)
    whole = [name for name in started if _cells(results / name) == _cells(partial / name)]
    write_claims(partial, whole, register)
    so_far = [progress(results / name, datetime.now()) for name in names]
    return write_report(partial, started, so_far)


def copy_trained(folder: Path, into: Path) -> bool:
    """Write the design of a study's trained jobs to another folder, with links to their tables;
    return whether there are any.

    Raises
    ------
    UserError
        If the study has no design yet, or it is damaged.
    """
    trained = [
        job
        for job in design_jobs(folder)
        if all(job_path(folder, table, job).exists() for table in JOB_TABLES)
    ]
    runs = read_table("runs", folder / "runs.parquet")
    kept = runs.filter(pc.is_in(runs["job"].cast("string"), pa.array(trained, pa.string())))
    for table in JOB_TABLES:
        (into / table).mkdir(parents=True, exist_ok=True)
        for job in trained:
            job_path(into, table, job).symlink_to(job_path(folder, table, job).resolve())
    write_table("runs", kept, into / "runs.parquet", read_footer(folder / "runs.parquet"))
    return bool(trained)


def _cells(folder: Path) -> set[str]:
    return set(read_table("runs", folder / "runs.parquet", ["cell"])["cell"].to_pylist())
