"""Where tables are in the folder of results."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

# of a study: results/STUDY/TABLE.parquet; of each job of a study: results/STUDY/TABLE/JOB.parquet;
# shared: results/TABLE.parquet
SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "runs": "study",
        "probes": "job",
        "curves": "job",
        "decays": "job",
        "outcomes": "study",
        "estimates": "study",
        "trajectories": "study",
        "profiles": "study",
        "contrasts": "study",
        "linearity": "study",
        "limits": "study",
        "variances": "study",
        "prediction": "study",
        "arms": "study",
        "overlays": "study",
        "coverage": "shared",
        "conformance": "shared",
        "claims": "shared",
    }
)
STUDY_TABLES, JOB_TABLES, SHARED_TABLES = (
    tuple(table for table, scope in SCOPES.items() if scope == wanted)
    for wanted in ("study", "job", "shared")
)
_ESTIMATED = (
    "outcomes",
    "estimates",
    "trajectories",
    "profiles",
    "contrasts",
    "linearity",
    "limits",
    "variances",
)
MADE_BY: Mapping[str, str] = MappingProxyType(  # the stage of the workflow that makes each table
    {
        **{"runs": "design", "probes": "train", "curves": "train", "decays": "decay"},
        **dict.fromkeys(_ESTIMATED, "estimate"),
        **{"prediction": "predict", "arms": "follow", "overlays": "overlay"},
        **{"coverage": "coverage", "conformance": "conformance", "claims": "claims"},
    }
)
SHEETS = tuple(
    name for name in STUDY_TABLES if name not in ("runs", "trajectories", "profiles")
)  # results/STUDY/tables/SHEET.csv
TRAINED = ("probes", "curves")  # the tables of a job that training writes


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
