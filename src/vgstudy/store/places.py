"""Where tables are in the folder of results."""

from collections.abc import Iterable
from pathlib import Path

from vgstudy.schema import JOB_TABLES, SHARED_TABLES, STUDY_TABLES


def shared(results: Path) -> dict[Path, str]:
    """The path of every table that belongs to no study, and the table's name."""
    return {results / f"{table}.parquet": table for table in SHARED_TABLES}


def study_tables(folder: Path) -> dict[Path, str]:
    """The path of every table of a finished study that is not a job's, and the table's name."""
    return {folder / f"{table}.parquet": table for table in STUDY_TABLES}


def job_path(folder: Path, table: str, job: str) -> Path:
    """The path of a job's table in its study's folder."""
    return folder / table / f"{job}.parquet"


def job_tables(folder: Path, jobs: Iterable[str]) -> dict[Path, str]:
    """The path of every table of these jobs of a study, and the table's name."""
    return {job_path(folder, table, job): table for job in jobs for table in JOB_TABLES}


def tables(folder: Path, jobs: Iterable[str]) -> dict[Path, str]:
    """The path of every table of a finished study with these jobs, and the table's name."""
    return study_tables(folder) | job_tables(folder, jobs)
