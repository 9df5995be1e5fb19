"""Whether every table and manifest in a folder of results is whole, for `vgstudy verify`."""

from collections.abc import Mapping
from pathlib import Path

from vgstudy.errors import UserError
from vgstudy.planning import manifests
from vgstudy.schema import JOB_TABLES, SHARED_TABLES, STUDY_TABLES
from vgstudy.store.parquet import check_bytes, has_file_checksum, read_footer, read_table


def file_problems(results: Path) -> dict[Path, str]:
    """Return what is wrong with every table and manifest; an empty text if nothing is.

    A table must be readable in full, with the right checksums of every page and of the file, be
    written by this version of vgstudy, and belong to the design of its study. A manifest must have
    its own hash as its name.

    Parameters
    ----------
    results
        The folder of results, or that of one study.

    Raises
    ------
    UserError
        If there is no table.
    """
    tables = {path: path.stem for path in results.glob("*.parquet") if path.stem in SHARED_TABLES}
    for folder in (results, *filter(Path.is_dir, results.iterdir() if results.is_dir() else ())):
        tables |= _of_a_study(folder)
    if not tables:
        raise UserError(f"{results} holds no table; name a folder of results")
    problems = {path: _table_problem(name, path) for path, name in sorted(tables.items())}
    for path in sorted((*results.glob("jobs/*.json"), *results.glob("*/jobs/*.json"))):
        problems[path] = _manifest_problem(path)
    return problems


def without_checksum(problems: Mapping[Path, str]) -> list[Path]:
    """Return the tables without a problem, of an older version, that state no checksum of the file.

    Parameters
    ----------
    problems
        As `file_problems` returns them.
    """
    tables = [path for path in problems if path.suffix == ".parquet"]
    return [path for path in tables if not problems[path] and not has_file_checksum(path)]


def _of_a_study(folder: Path) -> dict[Path, str]:
    """Return the paths of all tables of a study, and the tables' names."""
    whole = {path: path.stem for path in folder.glob("*.parquet") if path.stem in STUDY_TABLES}
    of_jobs = {path: name for name in JOB_TABLES for path in (folder / name).glob("*.parquet")}
    return whole | of_jobs


def _manifest_problem(path: Path) -> str:
    try:
        manifests.read(path)
    except UserError as error:
        return str(error)
    return ""


def _table_problem(name: str, path: Path) -> str:
    runs = path.with_name("runs.parquet")
    try:
        read_table(name, path, digest=_digest(runs) if name in STUDY_TABLES else None)
        check_bytes(path)
    except UserError as error:
        return str(error)
    return ""


def _digest(runs: Path) -> str | None:
    """Return the digest of a study's design; None if its table cannot be read."""
    try:
        return str(read_footer(runs)["digest"])
    except (UserError, KeyError):
        return None
