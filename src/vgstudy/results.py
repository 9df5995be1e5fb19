"""A study's tables as tidy pandas frames, for questions that the report does not answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from vgstudy.errors import UserError
from vgstudy.schema import (
    EXAMPLES,
    FACTORS,
    JOB_TABLES,
    RUN_STATUSES,
    STUDY_TABLES,
    TABLES,
    ZERO_CAUSES,
)
from vgstudy.store.parquet import read_footer
from vgstudy.store.tables import read_rows

OF_A_STUDY = (*STUDY_TABLES, *JOB_TABLES)
LABELS = {
    "examples": EXAMPLES,
    "status": RUN_STATUSES,
    "zero_cause": ZERO_CAUSES,
    "zero_cause_float32": ZERO_CAUSES,
}


@dataclass(frozen=True)
class Results:
    """The tables in a study's folder, each an attribute, as `study_results.StudyResults` explains.

    Runs that are no longer in the design are left out; labels are categories.
    """

    folder: Path

    @cached_property
    def runs(self) -> pd.DataFrame:
        """Return the design: a row for each run."""
        return tidy(read_rows(self.folder, "runs"))

    @cached_property
    def study(self) -> dict[str, Any]:
        """Return the study's file as it was read."""
        study: dict[str, Any] = read_footer(self.folder / "runs.parquet")["study"]
        return study

    def __getattr__(self, table: str) -> pd.DataFrame:
        """Return a whole table, read at its first use and then kept; see `read`."""
        if table not in OF_A_STUDY:
            raise AttributeError(f"no table {table!r}; there are {', '.join(OF_A_STUDY)}")
        frame = self.__dict__[table] = self.read(table)
        return frame

    def read(
        self, table: str, columns: str | Sequence[str] | None = None, **equal: Any
    ) -> pd.DataFrame:
        """Return some columns and rows of a table, without reading the rest into memory.

        Parameters
        ----------
        table
            Its name.
        columns
            Names of its own columns, or one; by default all.
        equal
            Values that columns and factors must have, one or several, such as `epoch=0`, `seed=[0,
            1]` or `activation="ReLU"`.

        Raises
        ------
        UserError
            If there is no such table, column or value, or a file is missing or damaged.
        """
        if table not in OF_A_STUDY:
            raise UserError(f"no table {table!r}; there are {', '.join(OF_A_STUDY)}")
        has, names = TABLES[table].columns, [columns] if isinstance(columns, str) else columns
        allowed = dict.fromkeys([*has, *(FACTORS if "cell" in has else ())])
        if unknown := [name for name in (*(names or ()), *equal) if name not in allowed]:
            raise UserError(
                f"table {table} has no column {unknown[0]!r}; it has {', '.join(allowed)}"
            )
        keys = [name for name in ("cell", "seed") if name in has]
        to_read = names and [name for name in dict.fromkeys([*keys, *names]) if name in has]
        filters = self._filters(table, equal) or None
        if table in JOB_TABLES:
            return self._of_jobs(table, to_read, filters)
        frame = tidy(read_rows(self.folder, table, to_read, filters))
        factors = [name for name in FACTORS if name not in has]
        if not keys or not factors:
            return frame
        return frame.merge(self.runs[[*keys, *factors]].drop_duplicates(), on=keys)

    def _of_jobs(self, table: str, columns: Sequence[str] | None, filters: Any) -> pd.DataFrame:
        """Return rows of all jobs, each run's from its job in the design."""
        parts = []
        for job in self.runs["job"].unique():
            rows = read_rows(self.folder, table, columns, filters, job)
            parts.append(rows.append_column("job", pa.repeat(job, rows.num_rows)))
        runs = self.runs[["cell", "seed", "job", *FACTORS]]
        return (
            tidy(pa.concat_tables(parts).unify_dictionaries())
            .merge(runs, on=["cell", "seed", "job"])
            .drop(columns="job")
        )

    def _filters(self, table: str, equal: Mapping[str, Any]) -> list[tuple[str, str, pa.Array]]:
        """Return the filters of rows for Arrow; factors choose cells."""
        values = {name: self._values(table, name, value) for name, value in equal.items()}
        filters: list[tuple[str, str, pa.Array]] = []
        factors = {}
        for name, allowed in values.items():
            if name in TABLES[table].columns:
                filters.append((name, "in", allowed))
            else:
                factors[name] = allowed.to_pylist()
        if factors:
            chosen = self.runs[self.runs[list(factors)].isin(factors).all(axis=1)]
            filters.append(("cell", "in", pa.array(chosen["cell"].unique(), pa.string())))
        return filters

    def _values(self, table: str, name: str, value: Any) -> pa.Array:
        """Return the values that a column must have, in its type, after checking each."""
        listed = list(value) if pd.api.types.is_list_like(value) else [value]
        type_ = {**TABLES["runs"].columns, **TABLES[table].columns}[name].type
        type_ = type_.value_type if pa.types.is_dictionary(type_) else type_
        values = _typed(listed, type_)
        if values is None:
            word = _type_in_words(type_)
            raise UserError(f"table {table}: {name} must be {word}, one or a list, not {value!r}")
        known: Sequence[Any] = LABELS.get(name, listed)
        if name in TABLES["runs"].columns:
            known = list(self.runs[name].unique())
        if unknown := [each for each in listed if each not in known]:
            some = ", ".join(map(str, known[:8])) + (", ..." if len(known) > 8 else "")
            raise UserError(
                f"table {table}: no row can have {name}={unknown[0]!r}; there are {some}"
            )
        return values


def _typed(listed: list[Any], type_: pa.DataType) -> pa.Array | None:
    """Return the values in a type, None if one of them does not fit or is missing."""
    try:
        values = pa.array(listed, type_)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None
    return values if values.to_pylist() == listed and not values.null_count else None


def _type_in_words(type_: pa.DataType) -> str:
    if type_ == pa.string():
        return "text"
    return "whole numbers" if pa.types.is_integer(type_) else f"of type {type_}"


def tidy(table: pa.Table) -> pd.DataFrame:
    """Return the table as a frame.

    Cells and jobs are text, so that frames can be joined; other labels are categories.
    """
    frame: pd.DataFrame = table.to_pandas()
    return frame.astype({name: "str" for name in ("cell", "job", "reference") if name in frame})
