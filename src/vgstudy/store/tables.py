"""Read the tables of a study, and those that belong to no study, by their names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from vgstudy.schema import JOB_TABLES
from vgstudy.store.parquet import read_footer, read_table
from vgstudy.store.paths import job_path


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
