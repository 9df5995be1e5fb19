"""The tables of a study by their names, and those that belong to no study."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from vgstudy.errors import UserError
from vgstudy.store.logs import read_footer, read_table
from vgstudy.store.places import job_path


def study_folder(results: Path, study: str | None = None) -> Path:
    """The folder of one study: `results` itself if it holds a runs.parquet, else the one in it, by
    name if there are several.

    Raises
    ------
    UserError
        If there is none, or several and no name, or none of that name.
    """
    if (results / "runs.parquet").is_file():
        if study in (None, results.name, results.resolve().name):
            return results
        raise UserError(
            f"{results} is the folder of one study, not of {study!r}; name the folder of results, or leave the study out"
        )
    if results.is_file():
        raise UserError(f"{results} is a file; name the folder of a study, such as results/STUDY")
    found = sorted(path.parent.name for path in results.glob("*/runs.parquet"))
    if study in found or (study is None and len(found) == 1):
        return results / (study or found[0])
    if not found:
        raise UserError(
            f"{results} holds no study; run one with `snakemake --cores 2`, or name the folder that has it"
        )
    wrong = f"has no study {study!r}" if study else "holds several studies"
    raise UserError(
        f"{results} {wrong}; name one of {', '.join(found)}: by its folder, {results / found[0]}, or as study={found[0]!r}"
    )


def design_jobs(folder: Path) -> list[str]:
    """The ids of the jobs that a study's runs belong to, sorted; raises as `read_rows`."""
    return sorted(read_table("runs", folder / "runs.parquet", ["job"])["job"].unique().to_pylist())


def read_rows(
    folder: Path,
    table: str,
    columns: Sequence[str] | None = None,
    filters: Any = None,
    job: str | None = None,
) -> pa.Table:
    """A table of a study, or some of its columns and rows (`filters` as in
    `pyarrow.parquet.read_table`); see `verify`.

    Parameters
    ----------
    job
        Which one, for a table that each job has. It may hold runs that the design takes from
        another job, or does not have.

    Raises
    ------
    UserError
        If the file is missing, truncated, of another version or of another design.
    """
    if job is not None:
        return read_table(table, job_path(folder, table, job), columns, filters)
    return read_table(
        table,
        folder / f"{table}.parquet",
        columns,
        filters,
        read_footer(folder / "runs.parquet")["digest"],
    )


def shared_rows(results: Path, table: str) -> list[dict[str, Any]] | None:
    """The rows of a table that belongs to no study; None where nobody has made it.

    Raises
    ------
    UserError
        If the file is damaged or of another version.
    """
    path = results / f"{table}.parquet"
    return read_table(table, path).to_pylist() if path.exists() else None
