"""How often the intervals are right: the simulated table, if there is one."""

from pathlib import Path

from vgstudy.findings import Table
from vgstudy.store.logs import read_table
from vgstudy.wording import interval, number, percent

HEAD = ("procedure", "role", "truth", "seeds", "nominal", "coverage, with the simulation's interval", "verdict")


def coverage_table(results: Path) -> Table | None:
    """A row for each procedure, truth and number of seeds of `results/coverage.parquet`; None without that file.

    Raises
    ------
    UserError
        If the file is damaged or of another version.
    """
    path = results / "coverage.parquet"
    if not path.exists():
        return None
    rows = read_table("coverage", path).to_pylist()
    texts = (
        (
            row["procedure"],
            row["role"],
            row["truth"],
            number(row["n"], 0),
            percent(row["nominal"]),
            interval(row["coverage"], row["low"], row["high"]),
            row["verdict"],
        )
        for row in rows
    )
    repetitions = max(row["repetitions"] for row in rows)
    caption = f"Coverage of every interval and false findings of every test, simulated with {repetitions:,} samples each"
    return Table(caption, HEAD, tuple(texts))
