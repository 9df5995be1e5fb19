"""Finished tables as CSV files, for spreadsheets: full precision, levels of the factors beside
every row."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from vgstudy.results import Results
from vgstudy.schema import EXPORTED, TABLES
from vgstudy.store.files import write_whole
from vgstudy.store.parquet import read_table
from vgstudy.store.paths import shared


def write_sheets(folder: Path) -> list[Path]:
    """Write `tables/TABLE.csv` in a study's folder; the paths.

    Raises
    ------
    UserError
        If a table is missing or damaged, or a file cannot be written.
    """
    results = Results(folder)
    paths = {table: folder / "tables" / f"{table}.csv" for table in EXPORTED}
    for table, path in paths.items():
        write_whole(path, sheet(table, results.read(table)))
    return [*paths.values()]


def write_shared_sheets(results: Path) -> list[Path]:
    """Write `TABLE.csv` beside every table that belongs to no study; see `write_sheets`."""
    found = {path: table for path, table in shared(results).items() if path.exists()}
    for path, table in found.items():
        write_whole(path.with_suffix(".csv"), sheet(table, read_table(table, path).to_pandas()))
    return [path.with_suffix(".csv") for path in found]


def sheet(table: str, frame: pd.DataFrame) -> bytes:
    """The table's frame as CSV in UTF-8; a missing value is an empty field. Lists, which no sheet
    can hold, are left out."""
    lists = [name for name, (kind, _) in TABLES[table].columns.items() if pa.types.is_list(kind)]
    content: str = frame.drop(columns=lists).to_csv(index=False)
    return content.encode()
