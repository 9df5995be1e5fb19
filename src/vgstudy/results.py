"""A study's tables as tidy pandas frames, for questions of one's own."""

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
from vgstudy.store.paths import study_folder
from vgstudy.store.tables import read_rows

OF_A_STUDY = (*STUDY_TABLES, *JOB_TABLES)
LABELS = {
    "examples": EXAMPLES,
    "status": RUN_STATUSES,
    "zero_cause": ZERO_CAUSES,
    "zero_cause_float32": ZERO_CAUSES,
}


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
        If there is no such study, or several and no name.
    """
    if not isinstance(results, str | Path):
        raise UserError(
            f"load: results must be the path of a folder, such as 'results', not {results!r}"
        )
    return Results(study_folder(Path(results), study))


@dataclass(frozen=True)
class Results:
    """The tables of a study, each an attribute: `runs`, `probes`, `decays`, `estimates` and all
    others in its folder.

    A table is read at its first use and then kept; runs that are no longer in the design are left
    out. Columns and units are told in `vgstudy.schema.TABLES`; every frame with a `cell` has the
    factors of that cell (`depth`, `width`, `activation`, `initializer`, `optimizer`) beside its own
    columns. Labels are categories.

    Attributes
    ----------
    folder
        The study's results.
    """

    folder: Path

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The design: a row for each run."""
        return _frame(read_rows(self.folder, "runs"))

    @cached_property
    def study(self) -> dict[str, Any]:
        """The study's file as it was read."""
        found: dict[str, Any] = read_footer(self.folder / "runs.parquet")["study"]
        return found

    def __getattr__(self, table: str) -> pd.DataFrame:
        """A whole table, read at its first use and then kept; see `read`."""
        if table not in OF_A_STUDY:
            raise AttributeError(
                f"results have no table {table!r}; there are {', '.join(OF_A_STUDY)}"
            )
        found = self.read(table)
        self.__dict__[table] = found
        return found

    def read(
        self, table: str, columns: str | Sequence[str] | None = None, **equal: Any
    ) -> pd.DataFrame:
        """Some columns and rows of a table, without reading the rest into memory.

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
        own, names = TABLES[table].columns, [columns] if isinstance(columns, str) else columns
        allowed = dict.fromkeys([*own, *(FACTORS if "cell" in own else ())])
        if unknown := [name for name in (*(names or ()), *equal) if name not in allowed]:
            raise UserError(
                f"table {table} has no column {unknown[0]!r}; it has {', '.join(allowed)}"
            )
        keys = [name for name in ("cell", "seed") if name in own]
        wanted = names and [name for name in dict.fromkeys([*keys, *names]) if name in own]
        filters = self._filters(table, equal) or None
        if table in JOB_TABLES:
            return self._of_jobs(table, wanted, filters)
        frame = _frame(read_rows(self.folder, table, wanted, filters))
        return (
            frame
            if table == "runs" or not keys
            else frame.merge(self.runs[[*keys, *FACTORS]].drop_duplicates(), on=keys)
        )

    def _of_jobs(self, table: str, wanted: Sequence[str] | None, filters: Any) -> pd.DataFrame:
        """Rows of all jobs, each run's from the job that the design takes it from, as another may
        hold it too."""
        parts = []
        for job in self.runs["job"].unique():
            rows = read_rows(self.folder, table, wanted, filters, job)
            parts.append(rows.append_column("job", pa.repeat(job, rows.num_rows)))
        runs = self.runs[["cell", "seed", "job", *FACTORS]]
        return (
            _frame(pa.concat_tables(parts).unify_dictionaries())
            .merge(runs, on=["cell", "seed", "job"])
            .drop(columns="job")
        )

    def _filters(self, table: str, equal: Mapping[str, Any]) -> list[tuple[str, str, pa.Array]]:
        """What Arrow must look for in the table's own columns; factors choose cells."""
        values = {name: self._values(table, name, given) for name, given in equal.items()}
        filters = [
            (name, "in", found) for name, found in values.items() if name in TABLES[table].columns
        ]
        if factors := {
            name: found.to_pylist()
            for name, found in values.items()
            if name not in TABLES[table].columns
        }:
            chosen = self.runs[self.runs[list(factors)].isin(factors).all(axis=1)]
            filters.append(("cell", "in", pa.array(chosen["cell"].unique(), pa.string())))
        return filters

    def _values(self, table: str, name: str, given: Any) -> pa.Array:
        """The values that a column must have, in its type; each one that it can have."""
        listed = list(given) if pd.api.types.is_list_like(given) else [given]
        kind = {**TABLES["runs"].columns, **TABLES[table].columns}[name][0]
        plain = kind.value_type if pa.types.is_dictionary(kind) else kind
        try:
            found = pa.array(listed, plain)
            right = found.to_pylist() == listed and not found.null_count
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            right = False
        if not right:
            word = (
                "text"
                if plain == pa.string()
                else "whole numbers"
                if pa.types.is_integer(plain)
                else f"of type {plain}"
            )
            raise UserError(f"table {table}: {name} must be {word}, one or a list, not {given!r}")
        known = LABELS.get(
            name, self.runs[name].unique() if name in TABLES["runs"].columns else listed
        )
        if unknown := [value for value in listed if value not in known]:
            some = ", ".join(map(str, known[:8])) + (", ..." if len(known) > 8 else "")
            raise UserError(
                f"table {table}: no row can have {name}={unknown[0]!r}; there are {some}"
            )
        return found


def _frame(table: pa.Table) -> pd.DataFrame:
    """The table as a frame; cells and jobs are text, so that frames can be joined, other labels
    categories."""
    frame: pd.DataFrame = table.to_pandas()
    return frame.astype({name: "str" for name in ("cell", "job", "reference") if name in frame})
