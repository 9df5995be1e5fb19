"""Published numbers beside ours: the table that `vgstudy conformance` computes, if there is one."""

from pathlib import Path

from vgstudy.formatting import ANSWERS, number, plural
from vgstudy.report.findings import Table
from vgstudy.store.tables import shared_rows

HEAD = ("source", "quantity", "setup", "published", "ours", "agree", "by the rule", "note")


def conformance_table(results: Path) -> Table | None:
    """A row for each published number of `results/conformance.parquet`, those that disagree first;
    see `shared_rows`."""
    if (found := shared_rows(results, "conformance")) is None:
        return None
    rows = sorted(found, key=lambda row: [False, True, None].index(row["agrees"]))
    texts = (
        (
            *(row[name] for name in ("source", "quantity", "setup")),
            *(number(row[name]) for name in ("published", "ours")),
            ANSWERS[row["agrees"]],
            row["rule"],
            row["note"] or "",
        )
        for row in rows
    )
    counts = {answer: sum(row["agrees"] is answer for row in rows) for answer in ANSWERS}
    told = f"of {plural(len(rows), 'number')} {counts[True]} agree, {counts[False]} disagree, {counts[None]} not run"
    return Table(f"Published numbers recomputed by this package: {told}", HEAD, tuple(texts))
