"""Where a study's tables are in its folder."""

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
)
JOB_TABLES = ("probes", "curves", "decays")  # results/STUDY/TABLE/JOB.parquet


def tables(folder: Path, jobs: Iterable[str]) -> dict[Path, str]:
    """The path of every table of a finished study with these jobs, and the table's name."""
    paths = {folder / f"{table}.parquet": table for table in STUDY_TABLES}
    return paths | {folder / table / f"{job}.parquet": table for job in jobs for table in JOB_TABLES}
