"""The validation tables of the package, as `make validate` last computed them."""

from collections.abc import Mapping
from typing import Any

from vgstudy.formatting import ABSENT, ANSWERS, interval, number, percent, plural
from vgstudy.report.table import Table
from vgstudy.validation.records import read_record

COVERAGE_KEY = ("procedure", "role", "label", "truth", "nominal")
ROLES = ("primary", "labelled", "withdrawn")
PUBLISHED_HEAD = (
    *("source", "quantity", "setup", "published", "ours", "agree", "by the rule", "note"),
)


def validation_tables() -> tuple[Table, ...]:
    """Return published numbers next to ours, and the coverage of every interval."""
    return published_table(), coverage_table()


def published_table() -> Table:
    """Return a row for each published number, those that disagree first."""
    record = read_record("published")
    order = [False, True, None]
    rows = sorted(record.rows, key=lambda row: order.index(row["agrees"]))
    texts = tuple(
        (
            *(row[name] for name in ("source", "quantity", "setup")),
            *(number(row[name]) for name in ("published", "ours")),
            ANSWERS[row["agrees"]],
            row["rule"],
            row["note"] or "",
        )
        for row in rows
    )
    agree, disagree, absent = (
        sum(row["agrees"] is answer for row in rows) for answer in (True, False, None)
    )
    caption = (
        f"Published numbers recomputed by this package: of {plural(len(rows), 'number')} {agree} "
        f"agree, {disagree} disagree, {absent} not run; {_made(record.provenance)}"
    )
    return Table(caption, PUBLISHED_HEAD, texts)


def coverage_table() -> Table:
    """Return a row for each procedure and truth, a column for each number of seeds."""
    record = read_record("coverage")
    rows = sorted(record.rows, key=lambda row: ROLES.index(row["role"]))
    seeds = sorted({row["n"] for row in rows})
    by_key: dict[tuple[Any, ...], dict[int, str]] = {}
    for row in rows:
        key = tuple(row[name] for name in COVERAGE_KEY)
        text = interval(row["coverage"], row["low"], row["high"])
        by_key.setdefault(key, {})[row["n"]] = text
    texts = tuple(
        (*key[:-1], percent(key[-1]), *(shares.get(n, ABSENT) for n in seeds))
        for key, shares in by_key.items()
    )
    caption = (
        "Coverage of every interval and false findings of every test, with the simulation's own "
        f"interval; {max(row['repetitions'] for row in rows):,} samples each; "
        f"{_made(record.provenance)}. Primary procedures are within .02 of their nominal coverage "
        "in every row"
    )
    return Table(caption, (*COVERAGE_KEY, *(f"{n} seeds" for n in seeds)), texts)


def _made(provenance: Mapping[str, Any]) -> str:
    packages = provenance["packages"]
    return (
        f"computed once for the package on {provenance['date']} with vgstudy "
        f"{packages['vgstudy']}, TensorFlow {packages['tensorflow']} on {provenance['platform']}"
    )
