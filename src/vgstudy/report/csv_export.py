"""Finished tables as CSV files: full precision, with the levels of the factors in every row."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from vgstudy.results import Results
from vgstudy.schema import EXPORTED, TABLES
from vgstudy.store.files import write_whole
from vgstudy.store.parquet import read_table
from vgstudy.store.tables import shared


def write_study_csv(folder: Path) -> None:
    """Write `tables/TABLE.csv` in a study's folder.

    Raises
    ------
    UserError
        If a table is missing or damaged, or a file cannot be written.
    """
    results = Results(folder)
    for table in EXPORTED:
        content = csv_bytes(table, results.read(table))
        write_whole(folder / "tables" / f"{table}.csv", content)


def write_shared_csv(results: Path) -> None:
    """Write `TABLE.csv` next to every table that belongs to no study; see `write_study_csv`."""
    for path, table in shared(results).items():
        if path.exists():
            content = csv_bytes(table, read_table(table, path).to_pandas())
            write_whole(path.with_suffix(".csv"), content)


def csv_bytes(table: str, frame: pd.DataFrame) -> bytes:
    """Return the frame of a table as CSV in UTF-8, without columns of lists; a missing value is an
    empty field."""
    columns = TABLES[table].columns.items()
    lists = [name for name, column in columns if pa.types.is_list(column.type)]
    content: str = frame.drop(columns=lists).to_csv(index=False)
    return content.encode()
