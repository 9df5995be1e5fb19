"""What the page shows of finished rows: tables of texts, and findings with bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vgstudy.formatting import ABSENT, ANSWERS, interval, levels_text, number, share
from vgstudy.quantities import QUANTITIES
from vgstudy.schema import DEFAULT_LEVELS, FACTORS

Row = Mapping[str, Any]
# columns that join value, low and high: as a number, and as a share or difference in percent
ESTIMATE, SHARE, DIFFERENCE = (f"{name} [interval]" for name in ("estimate", "share", "difference"))
SETTING_ORDER = (
    "activation",
    "initializer",
    "optimizer",
    "rate_factor",
    "remedy",
    "depth",
    "width",
)


@dataclass(frozen=True)
class Bar:
    """A bar: what it is of, its length as a share of the line, the number in words, and the class
    of its colour."""

    label: str
    share: float
    text: str
    kind: str = "plain"


@dataclass(frozen=True)
class Finding:
    """A finding: its question, at most two short sentences, how sure it is, the anchor of the place
    that shows it, what the bars are of, and the bars."""

    topic: str
    text: str
    certainty: str
    link: str
    what: str
    bars: tuple[Bar, ...]


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
    """Return a table of some columns of a finished table.

    Names of quantities become their labels. A factor that has only its default level is left out.
    """
    columns = [name for name in columns if not _only_default(frame, name)]
    rows = (tuple(_entry(row, name) for name in columns) for row in records(frame))
    return Table(caption, tuple(name.replace("_", " ") for name in columns), tuple(rows))


def _only_default(frame: pd.DataFrame, name: str) -> bool:
    return name in DEFAULT_LEVELS and bool((frame[name] == DEFAULT_LEVELS[name]).all())


def _entry(row: Row, name: str) -> str:
    if name == ESTIMATE:
        return estimate(row)
    if name in (SHARE, DIFFERENCE):
        return share(row["value"], row["low"], row["high"], signed=name == DIFFERENCE)
    value = row[name]
    if isinstance(value, str) and value in QUANTITIES:
        return QUANTITIES[value].label
    if isinstance(value, bool):
        return ANSWERS[value].lower()
    if isinstance(value, float):
        return number(value, 0 if value.is_integer() else None)
    return ABSENT if value is None or value is pd.NA else str(value)


def records(rows: pd.DataFrame) -> list[Row]:
    """Return the rows as mappings from column to value."""
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def estimate(row: Row) -> str:
    """Return the value of a row with its interval."""
    return interval(row["value"], row["low"], row["high"])


def setting(row: Row, factors: Sequence[str] = FACTORS) -> str:
    """Return the levels of a row: ``tanh, He, SGD, depth 10, 5 wide``."""
    named = [name for name in SETTING_ORDER if name in factors]
    special = [name for name in named if row[name] != DEFAULT_LEVELS.get(name)]
    return levels_text(row, special)
