"""Find and read the tables of a study, and those that belong to no study, by their names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from vgstudy.errors import UserError
from vgstudy.schema import JOB_TABLES, SHARED_TABLES
from vgstudy.store.parquet import read_footer, read_table


def shared(results: Path) -> dict[Path, str]:
    """Return the path of every table that belongs to no study, and the table's name."""
    return {results / f"{table}.parquet": table for table in SHARED_TABLES}


def job_path(folder: Path, table: str, job: str) -> Path:
    """Return the path of a job's table in its study's folder."""
    return folder / table / f"{job}.parquet"


def study_folder(results: Path, study: str | None = None) -> Path:
    """Return the folder of one study.

    Parameters
    ----------
    results
        A study's own folder, which holds a runs.parquet, or the folder above it.
    study
        Name of the study; may be left out if there is only one.

    Raises
    ------
    UserError
        If there is no such study, or several and no name.
    """
    if (results / "runs.parquet").is_file():
        if study in (None, results.name, results.resolve().name):
            return results
        raise UserError(
            f"{results} is the folder of one study, not of {study!r}; name the folder of results, "
            "or leave the study out"
        )
    if results.is_file():
        raise UserError(f"{results} is a file; name the folder of a study, such as results/STUDY")
    names = sorted(path.parent.name for path in results.glob("*/runs.parquet"))
    if study in names or (study is None and len(names) == 1):
        return results / (study or names[0])
    if not names:
        raise UserError(
            f"{results} holds no study; run one with `snakemake --cores 2`, or name the folder "
            "that has it"
        )
    problem = f"has no study {study!r}" if study else "holds several studies"
    raise UserError(
        f"{results} {problem}; name one of {', '.join(names)}: by its folder, "
        f"{results / names[0]}, with --study {names[0]}, or in Python as study={names[0]!r}"
    )


def design_jobs(folder: Path) -> list[str]:
    """Return the ids of the jobs that a study's runs belong to, sorted; raises as `read_rows`."""
    return sorted(read_table("runs", folder / "runs.parquet", ["job"])["job"].unique().to_pylist())


def read_rows(
    folder: Path,
    table: str,
    columns: Sequence[str] | None = None,
    filters: Any = None,
    job: str | None = None,
) -> pa.Table:
    """Return a table of a study, or some of its columns and rows; see `read_table`.

    Parameters
    ----------
    job
        Id of the job, for a table that each job has; ignored for others. The table may hold runs
        that the design takes from another job, or does not have.

    Raises
    ------
    UserError
        If the file is missing, damaged, or of another version or design.
    """
    if job is not None and table in JOB_TABLES:
        return read_table(table, job_path(folder, table, job), columns, filters)
    return read_table(
        table,
        folder / f"{table}.parquet",
        columns,
        filters,
        read_footer(folder / "runs.parquet")["digest"],
    )


def shared_rows(results: Path, table: str) -> list[dict[str, Any]] | None:
    """Return the rows of a table that belongs to no study; None if it has not been made.

    Raises
    ------
    UserError
        If the file is damaged or of another version.
    """
    path = results / f"{table}.parquet"
    return read_table(table, path).to_pylist() if path.exists() else None
