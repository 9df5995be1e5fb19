"""Parquet in and out: whole files or none, columns as in `schema`, provenance in every footer.

A file is verified before anything of it is used: its checksum, its table, its schema, its rows, and
whose it is.
"""

import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vgstudy.errors import Damaged, UserError
from vgstudy.schema import JOB_TABLES, SHARED_TABLES, TABLES, arrow_schema
from vgstudy.stages import STAGES
from vgstudy.store import seal
from vgstudy.store.columns import Columns, conform, schema_version
from vgstudy.store.files import whole
from vgstudy.store.provenance import provenance

FOOTER_KEY = b"vgstudy"


@dataclass
class Writer:
    """Writes a table's rows one row group at a time; made by `open_writer`.

    Attributes
    ----------
    rows
        How many have been written.
    """

    name: str
    parquet: pq.ParquetWriter
    footer: dict[str, Any]
    rows: int = 0

    def write(self, columns: Columns) -> None:
        """Append the rows as one row group; raises what `conform` raises."""
        table = conform(self.name, columns)
        self.parquet.write_table(table, row_group_size=max(table.num_rows, 1))
        self.rows += table.num_rows


@contextmanager
def open_writer(name: str, path: Path, footer: Mapping[str, Any]) -> Iterator[Writer]:
    """A `Writer` whose file appears under `path` when the block ends, or not at all if it raises.

    Parameters
    ----------
    footer
        JSON values kept in the file's footer beside the table's name, schema version, rows and
        provenance.
    """
    with (
        whole(path) as file,
        pq.ParquetWriter(
            file, arrow_schema(name), compression="zstd", write_page_checksum=True
        ) as parquet,
    ):
        writer = Writer(name, parquet, dict(footer))
        yield writer
        parquet.add_key_value_metadata(
            {FOOTER_KEY: json.dumps(_footer(writer)), seal.KEY: seal.BLANK}
        )
        parquet.close()
        seal.seal(file)


def _footer(writer: Writer) -> dict[str, Any]:
    own = {
        "table": writer.name,
        "schema": schema_version(writer.name),
        "rows": writer.rows,
        "provenance": provenance(),
    }
    return {**writer.footer, "stage": STAGES.get(TABLES[writer.name].stage), **own}


def write_table(name: str, columns: Columns, path: Path, footer: Mapping[str, Any]) -> None:
    """Write a whole table at once; see `conform` and `open_writer`."""
    with open_writer(name, path, footer) as writer:
        writer.write(columns)


def read_footer(path: str | Path) -> dict[str, Any]:
    """The JSON footer of a file written by this module, after every byte of the file was verified.

    Raises
    ------
    UserError
        If the file is missing or cannot be read.
    Damaged
        If it is empty, truncated, damaged or foreign, or another job's.
    """
    path = Path(path)
    with _told(path):
        state = os.stat(path)
        text = _verified(path, state.st_ino, state.st_size, state.st_mtime_ns)
    if text is None:
        raise Damaged(
            f"{path} was not written by vgstudy; name one of its tables, such as results/STUDY/runs.parquet, or, if another "
            "program wrote it anew, start the workflow again: it is made again"
        )
    footer: dict[str, Any] = json.loads(text)
    if path.parent.name in JOB_TABLES and footer.get("job", path.stem) != path.stem:
        raise _broken(path, f"is a copy of the file of job {footer['job']}")
    return footer


@cache  # an analysis reads columns of the same file again and again
def _verified(path: Path, *_state: int) -> str | None:
    """The footer of a file whose checksum and number of rows are right; None if it is whole, but
    not ours."""
    with path.open("rb") as file:
        try:
            whole = seal.is_whole(file)
        except ValueError:
            whole = None
    if whole is False:
        raise OSError("its checksum is not that of its content")
    metadata = pq.read_metadata(path)
    text = (metadata.metadata or {}).get(FOOTER_KEY)
    if whole is None and text is not None:
        raise OSError("it has no checksum: damaged, or written by an earlier version")
    if text is not None and json.loads(text)["rows"] != metadata.num_rows:
        raise OSError("its rows are not as many as its footer says")
    return None if text is None else text.decode()


def verify(name: str, path: Path, digest: str | None = None) -> dict[str, Any]:
    """The footer of a file that holds the named table as this version of vgstudy writes it.

    Parameters
    ----------
    digest
        That of the design the table must have been made for; None: of any.

    Raises
    ------
    UserError
        If the file is missing or cannot be read.
    Damaged
        If it is empty, truncated, damaged, foreign, another job's, another table, of another schema
        or of another design.
    """
    footer = read_footer(path)
    if footer["table"] != name:
        raise Damaged(
            f"{path} holds the table {footer['table']}, where {name} belong; name the right file"
        )
    if footer.get("schema") != schema_version(name):
        raise _broken(path, "was written by another version of vgstudy, with other columns")
    if digest not in (None, footer.get("digest")):
        raise _broken(
            path, f"was made for another design than that of {path.parent / 'runs.parquet'}"
        )
    return footer


def read_table(
    name: str,
    path: Path,
    columns: Sequence[str] | None = None,
    filters: Any = None,
    digest: str | None = None,
) -> pa.Table:
    """A table, or some of its columns and rows (`filters` as in `pyarrow.parquet.read_table`);
    verified, see `verify`.

    Raises
    ------
    UserError
        See `verify`.
    """
    verify(name, path, digest)
    with _told(path):
        wanted = None if columns is None else list(columns)
        return pq.read_table(path, columns=wanted, filters=filters, partitioning=None)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise _missing(path) from None
    except MemoryError:  # Arrow's is one of its own kind too
        raise
    except (pa.ArrowException, OSError) as error:
        if (
            getattr(error, "errno", None) is not None
        ):  # the disk, the network or the rights, not the content
            reason = (error.strerror or str(error)).lower()
            raise UserError(
                f"{path} cannot be read: {reason}; mend that and start again: nothing of it is lost"
            ) from None
        raise _broken(
            path, f"is truncated or damaged ({str(error).splitlines()[0].rstrip('.')})"
        ) from None


def _missing(path: Path) -> UserError:
    folder = path.parent.parent if path.parent.name in JOB_TABLES else path.parent
    if path.stem == "runs" and (
        within := sorted(str(found.parent) for found in folder.glob("*/runs.parquet"))
    ):
        return UserError(
            f"{folder} is no study's folder of results; name one of {', '.join(within)}"
        )
    if folder.is_dir() or not folder.parent.is_dir() or path.stem in SHARED_TABLES:
        return UserError(f"{path} is missing{_remedy(path, '; make it: ')}")
    beside = sorted(found.parent.name for found in folder.parent.glob("*/runs.parquet"))
    known = (
        f"name one of {', '.join(beside)}"
        if beside
        else f"{folder.parent} holds no study: check the path"
    )
    return UserError(
        f"{folder}: no such folder; {known}, or run the study with `snakemake --cores 2`"
    )


def _broken(path: Path, wrong: str) -> Damaged:
    return Damaged(
        f"{path} {wrong}{_remedy(path, f'; rebuild it: `rm {shlex.quote(str(path))}`, then ')}"
    )


def _remedy(path: Path, first: str) -> str:
    """How to make a table of a study; nothing to suggest for a path that is none."""
    of_job = path.parent.name in JOB_TABLES
    table, study = (
        (path.parent.name, path.parent.parent.name) if of_job else (path.stem, path.parent.name)
    )
    if table in SHARED_TABLES:
        return f"{first}`snakemake --cores 2 -- {shlex.quote(str(path))}`"
    if path.suffix != ".parquet" or table not in TABLES:
        return "; it has no name of a study's table, such as results/STUDY/runs.parquet: check the path, or make it anew"
    return f"{first}`snakemake --cores 2 --config studies={shlex.quote(study)} -- {shlex.quote(str(path))}`"
