"""Where tables are in the folder of results."""

from collections.abc import Iterable
from pathlib import Path

STUDY_TABLES = (  # results/STUDY/TABLE.parquet
    "runs",
    "outcomes",
    "estimates",
    "trajectories",
    "profiles",
    "contrasts",
    "linearity",
    "limits",
    "variances",
    "prediction",
    "arms",
    "overlays",
)
SHEETS = tuple(
    name for name in STUDY_TABLES if name not in ("runs", "trajectories", "profiles")
)  # results/STUDY/tables/SHEET.csv
SHARED_TABLES = ("coverage", "conformance", "claims")  # results/TABLE.parquet
JOB_TABLES = ("probes", "curves", "decays")  # results/STUDY/TABLE/JOB.parquet


def shared(results: Path) -> dict[Path, str]:
    """The path of every table that belongs to no study, and the table's name."""
    return {results / f"{table}.parquet": table for table in SHARED_TABLES}


def study_tables(folder: Path) -> dict[Path, str]:
    """The path of every table of a finished study that is not a job's, and the table's name."""
    return {folder / f"{table}.parquet": table for table in STUDY_TABLES}


def job_tables(folder: Path, jobs: Iterable[str]) -> dict[Path, str]:
    """The path of every table of these jobs of a study, and the table's name."""
    return {folder / table / f"{job}.parquet": table for job in jobs for table in JOB_TABLES}


def tables(folder: Path, jobs: Iterable[str]) -> dict[Path, str]:
    """The path of every table of a finished study with these jobs, and the table's name."""
    return study_tables(folder) | job_tables(folder, jobs)
