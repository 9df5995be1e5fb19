"""How often the intervals are right: the simulated table, if there is one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vgstudy.formatting import ABSENT, interval, percent
from vgstudy.report.findings import Table
from vgstudy.store.tables import shared_rows

KEYS = ("procedure", "role", "truth", "nominal")
ROLES = ("primary", "labelled", "second", "withdrawn")
FOUND = "found, all together"


def coverage_table(results: Path) -> Table | None:
    """A row for each procedure and truth of `results/coverage.parquet`; see `shared_rows`."""
    if (rows := shared_rows(results, "coverage")) is None:
        return None
    names = list(dict.fromkeys(row["procedure"] for row in rows))
    rows.sort(key=lambda row: (ROLES.index(row["role"]), names.index(row["procedure"])))
    seeds = sorted({row["n"] for row in rows})
    at = {(*(row[key] for key in KEYS), row["n"]): row for row in rows}
    listed: list[tuple[str, ...]] = []
    told: set[tuple[str, str]] = set()
    for keys in dict.fromkeys(key[:-1] for key in at):
        own = [at.get((*keys, n)) for n in seeds]
        listed.append(_texts(own, told))
    repetitions = max(row["repetitions"] for row in rows)
    caption = (
        "Coverage of every interval and false findings of every test, with the simulation's own interval; "
        f"{repetitions:,} samples each. Primary procedures are within .02 of their nominal coverage in every row"
    )
    head = ("procedure", "role", FOUND, "truth", "nominal", *(f"{n} seeds" for n in seeds))
    return Table(caption, head, tuple(listed))


def _texts(own: Sequence[Mapping[str, Any] | None], told: set[tuple[str, str]]) -> tuple[str, ...]:
    """A row: coverage by seeds; what was found of a procedure stands in its first row alone."""
    first = next(row for row in own if row is not None)
    key = (first["procedure"], first["role"])
    label = "" if key in told else str(first["label"])
    told.add(key)
    shares = (
        ABSENT if row is None else interval(row["coverage"], row["low"], row["high"]) for row in own
    )
    return (*key, label, first["truth"], percent(first["nominal"]), *shares)
