"""The parts that findings are made of: sentences, tables, and what an interval decides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vgstudy.analysis.intervals import ALPHA
from vgstudy.figures.frames import chosen
from vgstudy.formatting import ABSENT, interval, level_text, number
from vgstudy.schema import FACTORS

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A table of texts: what it shows, its head, its rows."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Finding:
    """A finding.

    Attributes
    ----------
    topic
        What it is about, as a heading.
    headline
        One or two sentences with numbers and intervals.
    more
        Further sentences.
    figure
        Name of the figure that shows it.
    tables
        The numbers behind it.
    """

    topic: str
    headline: str
    more: tuple[str, ...]
    figure: str
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Sides:
    """Which rows have intervals above a value, below it, around it, and which have no interval, or
    no test."""

    above: pd.DataFrame
    below: pd.DataFrame
    undecided: pd.DataFrame
    unknown: pd.DataFrame

    @property
    def n(self) -> int:
        """How many rows there are."""
        return len(self.above) + len(self.below) + len(self.undecided) + len(self.unknown)

    @property
    def no_interval(self) -> str:
        """How many rows have no interval, as the end of a sentence; empty if all have one."""
        return (
            f"; {len(self.unknown)} {'has' if len(self.unknown) == 1 else 'have'} no interval"
            if len(self.unknown)
            else ""
        )


def sides_by_test(rows: pd.DataFrame, null: float) -> Sides:
    """Sort rows of `contrasts` by their corrected p value and by the side of `null` on which they
    lie."""
    found, unknown = rows["p_adjusted"] < ALPHA, rows["p_adjusted"].isna()
    above, below = found & (rows["value"] > null), found & (rows["value"] < null)
    return Sides(rows[above], rows[below], rows[~above & ~below & ~unknown], rows[unknown])


def sides_by_interval(rows: pd.DataFrame, null: float) -> Sides:
    """Sort rows by whether their interval lies above `null`, below it, or contains it, or they have
    none."""
    above, below, unknown = (
        rows["low"] > null,
        rows["high"] < null,
        rows["low"].isna() | rows["high"].isna(),
    )
    return Sides(rows[above], rows[below], rows[~above & ~below & ~unknown], rows[unknown])


def both_levels(
    rows: pd.DataFrame, factor: str, level: Any, reference: Any, others: Sequence[str]
) -> pd.DataFrame:
    """Rows of two levels of a factor side by side, where both have a value; the reference's columns
    end in `_reference`."""
    valued = rows[rows["value"].notna()]
    sides = [chosen(valued, **{factor: side}) for side in (level, reference)]
    return sides[0].merge(sides[1], on=list(others), suffixes=("", "_reference"))


def setting(row: Row, factors: Sequence[str] = FACTORS) -> str:
    """The levels of a row in words: ``tanh, He, SGD, depth 10, 5 wide``."""
    order = ("activation", "initializer", "optimizer", "depth", "width")
    return ", ".join(level_text(factor, row[factor]) for factor in order if factor in factors)


def estimate(row: Row, signed: bool = False) -> str:
    """The value of a row with its interval."""
    return interval(row["value"], row["low"], row["high"], signed)


def plain_number(value: float) -> str:
    """A number of layers, to a tenth."""
    return number(value, 1)


def reference_estimate(row: Row) -> str:
    """The value of the reference in a row of `both_levels`, with its interval."""
    return interval(row["value_reference"], row["low_reference"], row["high_reference"])


def extreme(rows: pd.DataFrame, largest: bool = True, by: str = "value") -> Row:
    """The row with the largest or the smallest number in a column; the first of equal ones."""
    numbers = rows[by].to_numpy()
    return records(rows)[int(numbers.argmax() if largest else numbers.argmin())]


def furthest(rows: pd.DataFrame) -> tuple[Row, str]:
    """The row whose value is furthest from zero, the first of equal ones; how many more are as far,
    as the end of a sentence."""
    size = rows["value"].astype(float).abs()
    more = int(np.isclose(size, size.max()).sum()) - 1
    return extreme(rows.assign(size=size), by="size"), f", and {more:,} more as large" * (more > 0)


def records(rows: pd.DataFrame) -> list[Row]:
    """The rows as mappings from column to value."""
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def cross_table(
    caption: str,
    frame: pd.DataFrame,
    down: Sequence[str],
    across: str,
    cell: Callable[[Row], str] = estimate,
) -> Table:
    """A table with a row for each combination of the columns `down` and a column for each level of
    `across`."""
    texts = pd.Series([cell(row) for row in records(frame)], frame.index, dtype="str")
    wide = (
        frame.assign(text=texts)
        .pivot(index=list(down), columns=across, values="text")
        .fillna(ABSENT)
    )
    rows = wide.reset_index().astype("str").itertuples(index=False, name=None)
    return Table(caption, (*down, *map(str, wide.columns)), tuple(rows))
