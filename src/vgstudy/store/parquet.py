"""Parquet in and out: whole files or none, columns as in `schema`, provenance in every footer.

Before anything of a file is used, its name, schema, stage, number of rows, job and design are
checked; while it is read, the checksum of every page. The JSON in the footer has its own checksum,
and so has the file.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vgstudy.errors import UserError
from vgstudy.schema import JOB_TABLES, TABLES, TRAINED, arrow_schema
from vgstudy.stages import STAGES
from vgstudy.store.checksums import checksum, is_whole, set_file_checksum, states_file, unset_entry
from vgstudy.store.columns import Columns, conform, schema_version
from vgstudy.store.files import whole
from vgstudy.store.provenance import provenance
from vgstudy.store.table_errors import broken, clear_errors

FOOTER_KEY, CHECKSUM_KEY = b"vgstudy", b"vgstudy.crc32"


@dataclass
class Writer:
    """Writes a table one row group at a time; made by `open_writer`.

    Attributes
    ----------
    rows
        Number of rows written so far.
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
    """Yield a `Writer`; its file appears under `path` when the block ends without an exception.

    Parameters
    ----------
    footer
        JSON values kept in the file's footer next to the table's name, schema version, stage, rows
        and provenance.
    """
    schema = arrow_schema(name)
    options: dict[str, Any] = {"compression": "zstd", "write_page_checksum": True}
    with whole(path) as file:
        with pq.ParquetWriter(file, schema, **options) as parquet:
            writer = Writer(name, parquet, dict(footer))
            yield writer
            text = json.dumps(_footer(writer)).encode()
            checksums = unset_entry(text)
            parquet.add_key_value_metadata({FOOTER_KEY: text, CHECKSUM_KEY: checksums})
        set_file_checksum(file, checksums)


def _footer(writer: Writer) -> dict[str, Any]:
    return {
        **writer.footer,
        "stage": STAGES.get(TABLES[writer.name].stage),
        "table": writer.name,
        "schema": schema_version(writer.name),
        "rows": writer.rows,
        "provenance": provenance(),
    }


def write_table(name: str, columns: Columns, path: Path, footer: Mapping[str, Any]) -> None:
    """Write a whole table at once; see `conform` and `open_writer`."""
    with open_writer(name, path, footer) as writer:
        writer.write(columns)


def read_footer(path: str | Path) -> dict[str, Any]:
    """Return the JSON footer of a file written by this module; its pages are not read.

    Raises
    ------
    UserError
        If the file is missing, cannot be read, is empty, truncated or foreign, or is a copy of
        another job's file.
    """
    path = Path(path)
    with clear_errors(path):
        metadata = pq.read_metadata(path)
        entries = metadata.metadata or {}
        text = entries.get(FOOTER_KEY)
        if text is not None and entries.get(CHECKSUM_KEY, b"")[:8] != checksum(text):
            raise ValueError("the checksum of its footer is wrong")
        footer: dict[str, Any] | None = None if text is None else json.loads(text)
    if footer is None:
        raise broken(path, "was not written by vgstudy")
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    if not footer.get("rows") == metadata.num_rows == sum(group.num_rows for group in groups):
        raise broken(path, "is truncated or damaged (its footer states another number of rows)")
    if path.parent.name in JOB_TABLES and footer.get("job", path.stem) != path.stem:
        raise broken(path, f"is a copy of the file of job {footer['job']}")
    return footer


def check_footer(name: str, path: Path, digest: str | None = None) -> dict[str, Any]:
    """Return the footer of a file that holds the named table as this version of vgstudy writes it.

    Parameters
    ----------
    digest
        Digest of the design that the table must have been made for; None accepts any.

    Raises
    ------
    UserError
        As in `read_footer`, and if the file holds another table, or one of another schema, stage or
        design.
    """
    footer = read_footer(path)
    if footer.get("table") != name:
        holds = f"holds the table {footer.get('table')}, where {name} belong"
        if name in (path.stem, path.parent.name):
            raise broken(path, holds)
        raise UserError(f"{path} {holds}; name the right file")
    if footer.get("schema") != schema_version(name):
        raise broken(path, "was written by another version of vgstudy, with other columns")
    stage = TABLES[name].stage
    # a job's manifest, and so its id, names the version that trains it
    if name not in TRAINED and footer.get("stage") != STAGES.get(stage):
        raise broken(path, f"was written by another version of `vgstudy {stage}`")
    if digest not in (None, footer.get("digest")):
        runs = path.parent / "runs.parquet"
        raise broken(path, f"was made for another design than that of {runs}")
    return footer


def read_table(
    name: str,
    path: Path,
    columns: Sequence[str] | None = None,
    filters: Any = None,
    digest: str | None = None,
) -> pa.Table:
    """Return a table, or some of its columns and rows, after the checks of `check_footer`.

    Parameters
    ----------
    columns
        Names of the columns to read; None reads all.
    filters
        As in `pyarrow.parquet.read_table`.
    digest
        As in `check_footer`.

    Raises
    ------
    UserError
        As in `check_footer`, and if a page's checksum is wrong.
    """
    check_footer(name, path, digest)
    schema = arrow_schema(name)
    names = schema.names if columns is None else list(columns)
    with clear_errors(path):
        table = pq.read_table(
            path,
            columns=names,
            filters=filters,
            partitioning=None,
            page_checksum_verification=True,
        )
        # the checksums of pages cover neither their headers nor the names and types in the footer
        table.validate(full=True)
        if table.schema != pa.schema([schema.field(column) for column in names]):
            raise ValueError("its columns are not those of its footer")
    return table


def check_bytes(path: Path) -> None:
    """Raise a `UserError` if any byte of a readable file differs from what was written."""
    with clear_errors(path):
        if not is_whole(path.read_bytes(), _checksums(path)):
            raise ValueError("the checksum of the file is wrong")


def has_file_checksum(path: Path) -> bool:
    """Return whether a readable file states its checksum; older ones state that of pages alone."""
    return states_file(_checksums(path))


def _checksums(path: Path) -> bytes:
    return bytes(pq.read_metadata(path).metadata[CHECKSUM_KEY])
