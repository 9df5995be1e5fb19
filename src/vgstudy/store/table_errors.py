"""What is wrong with a table's file, in one line with the command that makes the table again."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from vgstudy.errors import UserError
from vgstudy.schema import JOB_TABLES, SHARED_TABLES, TABLES


@contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Turn every failure of reading a file into a `UserError` of one line."""
    try:
        yield
    except FileNotFoundError:
        raise _missing(path) from None
    # Arrow's memory error is an Arrow exception too
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        # an error number means the disk, the network or the permissions, not the content
        if getattr(error, "errno", None) is not None:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            raise UserError(
                f"{path} cannot be read: {reason}; fix that and start again: no results are lost"
            ) from None
        cause = (str(error).splitlines() or [""])[0].rstrip(".")
        raise broken(path, f"is truncated or damaged ({cause})") from None


def _missing(path: Path) -> UserError:
    folder = path.parent
    around = folder if folder.is_dir() else folder.parent
    studies = sorted(str(runs.parent) for runs in around.glob("*/runs.parquet"))
    if path.stem == "runs" and studies:
        names = ", ".join(studies)
        return UserError(f"{folder} does not hold a study's results; name one of {names}")
    return UserError(f"{path} is missing{_remedy(path, '; make it: ')}")


def broken(path: Path, problem: str) -> UserError:
    """Return the error for a table that has to be made again."""
    first = f"; rebuild it: `rm {shlex.quote(str(path))}`, then "
    return UserError(f"{path} {problem}{_remedy(path, first)}")


def _remedy(path: Path, first: str) -> str:
    """Return how to make a table again; never suggests to remove what is not named like one."""
    is_of_job = path.parent.name in JOB_TABLES
    table = path.parent.name if is_of_job else path.stem
    folder = path.parent.parent if is_of_job else path.parent
    target = shlex.quote(str(path))
    if table in SHARED_TABLES:
        return f"{first}`snakemake --cores 2 -- {target}`"
    if path.suffix != ".parquet" or table not in TABLES:
        return "; it is not named like a table, such as results/STUDY/runs.parquet: check the path"
    return f"{first}`snakemake --cores 2 --config studies={shlex.quote(folder.name)} -- {target}`"
