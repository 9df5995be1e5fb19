"""What fixes a network that fails, from studies that were run once and whose tables the package
keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vgstudy.formatting import interval, number
from vgstudy.report.table import ESTIMATE, Table, column_table, setting
from vgstudy.schema import FACTORS
from vgstudy.store.records import Record, read_record

Rows = Sequence[Mapping[str, Any]]
NETWORK = ("depth", "width", "activation", "initializer")
DATED = "run once on {date}, seeds of its own"


@dataclass(frozen=True)
class Fixes:
    """The section: sentences and tables."""

    sentences: tuple[str, ...]
    tables: tuple[Table, ...]


def fixes() -> Fixes:
    """Return the section from the package's own tables."""
    rates = read_record("rates")
    return Fixes((rate_sentence(rates.rows),), (_rate_table(rates),))


def rate_sentence(rows: Rows) -> str:
    """Say how many networks learn more often at another rate, and which gains most."""
    better = [row for row in rows if row["low"] > row["at_one"]]
    start = (
        f"{len(better)} of {len(rows)} networks of tutorial A learn more often at another learning "
        "rate than the given one"
    )
    if not better:
        return f"{start}."
    most = max(better, key=lambda row: row["value"] - row["at_one"])
    return (
        f"{start}. {setting(most, NETWORK)}: {_share(most)} of the seeds learn at "
        f"{most['rate_factor']:g} times the rate, {number(most['at_one'], 2)} at the given one."
    )


def _share(row: Mapping[str, Any]) -> str:
    return interval(row["value"], row["low"], row["high"])


def _rate_table(record: Record) -> Table:
    rows = pd.DataFrame(record.rows)
    return column_table(
        f"Tutorial A's networks at their best learning rates; {DATED.format(**record.provenance)}",
        rows,
        (*FACTORS, ESTIMATE, "n", "at_one"),
    )
