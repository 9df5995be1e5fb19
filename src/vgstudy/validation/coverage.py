"""The table of coverage in a folder of results, until the workflow's rule goes."""

from pathlib import Path
from typing import Any

from vgstudy.store.parquet import write_table
from vgstudy.validation.simulation import simulate


def write_coverage(results: Path, repetitions: int) -> list[dict[str, Any]]:
    """Write `results/coverage.parquet`; return its rows."""
    rows = simulate(repetitions)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    write_table("coverage", columns, results / "coverage.parquet", {"repetitions": repetitions})
    return rows
