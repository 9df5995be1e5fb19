"""Where tables are in the folder of results."""

from pathlib import Path

from vgstudy.errors import UserError
from vgstudy.schema import SHARED_TABLES


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
        f"{results / names[0]}, or as study={names[0]!r}"
    )
