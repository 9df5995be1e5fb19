"""Rows of finished estimates as text, and on which side of a value their intervals lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vgstudy.analysis.intervals import ALPHA
from vgstudy.formatting import interval, level_text, number
from vgstudy.schema import FACTORS

Row = Mapping[str, Any]
SETTING_ORDER = ("activation", "initializer", "optimizer", "depth", "width")


@dataclass(frozen=True)
class Sides:
    """Rows that lie above a value, below it, are undecided, or have no interval (no test)."""

    above: pd.DataFrame
    below: pd.DataFrame
    undecided: pd.DataFrame
    unknown: pd.DataFrame

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.above) + len(self.below) + len(self.undecided) + len(self.unknown)

    @property
    def no_interval(self) -> str:
        """How many rows have no interval, as the end of a sentence; empty if all have one."""
        have = "has" if len(self.unknown) == 1 else "have"
        return f"; {len(self.unknown)} {have} no interval" if len(self.unknown) else ""


def sides_by_test(rows: pd.DataFrame, null: float) -> Sides:
    """Sort rows of `contrasts` by corrected p value and by the side of `null` of their value."""
    decided, unknown = rows["p_adjusted"] < ALPHA, rows["p_adjusted"].isna()
    above, below = decided & (rows["value"] > null), decided & (rows["value"] < null)
    return Sides(rows[above], rows[below], rows[~above & ~below & ~unknown], rows[unknown])


def sides_by_interval(rows: pd.DataFrame, null: float) -> Sides:
    """Sort rows by whether their interval lies above `null`, below it, or contains it."""
    above, below = rows["low"] > null, rows["high"] < null
    unknown = rows["low"].isna() | rows["high"].isna()
    return Sides(rows[above], rows[below], rows[~above & ~below & ~unknown], rows[unknown])


def records(rows: pd.DataFrame) -> list[Row]:
    """Return the rows as mappings from column to value."""
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def setting(row: Row, factors: Sequence[str] = FACTORS) -> str:
    """Return the levels of a row: ``tanh, He, SGD, depth 10, 5 wide``."""
    return ", ".join(level_text(name, row[name]) for name in SETTING_ORDER if name in factors)


def estimate(row: Row, signed: bool = False) -> str:
    """Return the value of a row with its interval."""
    return interval(row["value"], row["low"], row["high"], signed)


def plain_number(value: float) -> str:
    """Return a number of layers, to a tenth."""
    return number(value, 1)


def extreme(rows: pd.DataFrame, largest: bool = True, by: str = "value") -> Row:
    """Return the row with the largest or smallest number in a column; the first of equal ones."""
    numbers = rows[by].to_numpy()
    return records(rows)[int(numbers.argmax() if largest else numbers.argmin())]


def furthest(rows: pd.DataFrame) -> tuple[Row, str]:
    """Return the row whose value is furthest from zero (the first of equal ones), and how many more
    are as far, as the end of a sentence."""
    size = rows["value"].astype(float).abs()
    more = int(np.isclose(size, size.max()).sum()) - 1
    row = extreme(rows.assign(size=size), by="size")
    return row, f", and {more:,} more as large" if more else ""
