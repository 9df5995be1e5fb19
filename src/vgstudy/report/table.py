"""Tables of texts. The page's template shows them as HTML, `vgstudy.terminal` with rich."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from vgstudy.formatting import ABSENT, number
from vgstudy.report.estimate_text import Row, estimate, records

ESTIMATE = "estimate [interval]"


@dataclass(frozen=True)
class Table:
    """A caption, the heads of the columns, and rows of texts, one text for each column."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def frame_table(caption: str, frame: pd.DataFrame) -> Table:
    """Return a table of a frame whose values are texts already."""
    rows = frame.astype("str").itertuples(index=False, name=None)
    return Table(caption, tuple(map(str, frame.columns)), tuple(rows))


def column_table(caption: str, frame: pd.DataFrame, columns: Sequence[str]) -> Table:
    """Return a table of some columns; the column `ESTIMATE` joins value, low and high."""
    rows = (tuple(_entry(row, name) for name in columns) for row in records(frame))
    return Table(caption, tuple(name.replace("_", " ") for name in columns), tuple(rows))


def _entry(row: Row, name: str) -> str:
    if name == ESTIMATE:
        return estimate(row)
    value = row[name]
    if isinstance(value, float):
        return number(value, 0 if value.is_integer() else None)
    return ABSENT if value is None or value is pd.NA else str(value)


def cross_table(
    caption: str,
    frame: pd.DataFrame,
    down: Sequence[str],
    across: str,
    cell: Callable[[Row], str] = estimate,
) -> Table:
    """Return a table with a row for each combination of the columns `down` and a column for each
    level of `across`; `cell` makes the text of an entry."""
    texts = pd.Series([cell(row) for row in records(frame)], frame.index, dtype="str")
    wide = frame.assign(text=texts).pivot(index=list(down), columns=across, values="text")
    return frame_table(caption, wide.fillna(ABSENT).reset_index())
