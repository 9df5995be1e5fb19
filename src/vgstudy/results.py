"""A study's tables as tidy pandas frames, for questions of one's own."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from vgstudy.errors import UserError
from vgstudy.schema import COLUMNS, FACTORS
from vgstudy.store.folders import study_folder, table_files
from vgstudy.store.logs import read_footer, read_table
from vgstudy.store.places import JOB_TABLES, STUDY_TABLES

TABLES = (*STUDY_TABLES, *JOB_TABLES)


def load(results: str | Path = "results", study: str | None = None) -> "Results":
    """The results of a study; nothing is read before it is asked for.

    Parameters
    ----------
    results
        The folder of results, or that of one study in it.
    study
        The study's name; may be left out where there is only one.

    Raises
    ------
    UserError
        If there is no such study.
    """
    return Results(study_folder(Path(results), study))


@dataclass(frozen=True)
class Results:
    """The tables of a study, each an attribute: `runs`, `probes`, `decays`, `estimates` and all others in its folder.

    A table is read at its first use and then kept; runs that are no longer in the design are left out. Columns and units are told
    in `vgstudy.schema.COLUMNS`; every frame with a `cell` has the factors of that cell (`depth`, `width`, `activation`,
    `initializer`, `optimizer`) beside its own columns. Labels are categories.

    Attributes
    ----------
    folder
        The study's results.
    """

    folder: Path

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The design: a row for each run."""
        return _frame(read_table("runs", self.folder / "runs.parquet"))

    @cached_property
    def study(self) -> dict[str, Any]:
        """The study's file as it was read."""
        found: dict[str, Any] = read_footer(self.folder / "runs.parquet")["study"]
        return found

    def __getattr__(self, table: str) -> pd.DataFrame:
        """A whole table, read at its first use and then kept; see `read`."""
        if table not in TABLES:
            raise AttributeError(f"results have no table {table!r}; there are {', '.join(TABLES)}")
        found = self.read(table)
        self.__dict__[table] = found
        return found

    def read(self, table: str, columns: list[str] | None = None, **equal: Any) -> pd.DataFrame:
        """Some columns and rows of a table, without reading the rest into memory.

        Parameters
        ----------
        table
            Its name.
        columns
            Names of its own columns; by default all.
        equal
            Values that columns must have, one or a list, such as `epoch=0` or `seed=[0, 1]`.

        Raises
        ------
        UserError
            If there is no such table or column, or a file is missing or damaged.
        """
        if table not in TABLES:
            raise UserError(f"no table {table!r}; there are {', '.join(TABLES)}")
        if unknown := [name for name in (*(columns or ()), *equal) if name not in COLUMNS[table]]:
            raise UserError(f"table {table} has no column {unknown[0]!r}; it has {', '.join(COLUMNS[table])}")
        filters = [(name, "in", value if isinstance(value, list) else [value]) for name, value in equal.items()] or None
        keys = [name for name in ("cell", "seed") if name in COLUMNS[table]]
        wanted = columns and list(dict.fromkeys([*keys, *columns]))
        parts = [read_table(table, path, wanted, filters) for path in table_files(self.folder, table)]
        frame = _frame(pa.concat_tables(parts).unify_dictionaries())
        return frame if table == "runs" or not keys else frame.merge(self.runs[[*keys, *FACTORS]].drop_duplicates(), on=keys)


def _frame(table: pa.Table) -> pd.DataFrame:
    """The table as a frame; cells and jobs are text, so that frames can be joined, other labels categories."""
    frame: pd.DataFrame = table.to_pandas()
    return frame.astype({name: "str" for name in ("cell", "job", "reference") if name in frame})
