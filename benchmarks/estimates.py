"""What `vgstudy plan` estimates beside what training took: `python benchmarks/estimates.py
[RESULTS]`, of every study there.

Core-seconds, start-up included, and peak memory come from the footers of probes; disk space is that
of the jobs' tables.
"""

import sys
from math import sqrt
from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.table import Table

from vgstudy.config.log import Log
from vgstudy.planning import cost, manifests
from vgstudy.planning.stacks import groups, stack
from vgstudy.schema import JOB_TABLES
from vgstudy.store.parquet import read_footer

UNITS = {"core-minutes": 1 / 60, "memory of the largest job, MB": 1.0, "disk, MB": 1e-6}


def job(probes: Path) -> list[tuple[float, float]]:
    """Estimated and measured core-seconds, memory in MB and disk space in bytes of a trained
    job."""
    footer = read_footer(probes)
    log, runs, cost_ = (
        Log.model_validate(footer["manifest"]["log"]),
        manifests.runs_of(footer["manifest"]),
        footer["cost"],
    )
    stacks = [groups(stacked) for stacked in stack(runs)]
    sizes = [(probes.parent.parent / table / probes.name).stat().st_size for table in JOB_TABLES]
    return [
        (
            cost.START_UP + sum(cost.stack_seconds(stacked, log) for stacked in stacks),
            cost_["cpu_seconds"],
        ),
        (
            max(cost.stack_bytes(stacked, log) for stacked in stacks) / 1e6,
            cost_["peak_mb"] * 2**20 / 1e6,
        ),
        (sum(cost.run_bytes(run.cell, log) for run in runs), sum(sizes)),
    ]


def rows(folder: Path) -> list[tuple[str, ...]]:
    """A study's lines: what, estimated, measured, the ratio of the two, and the root mean square of
    the jobs' log ratios."""
    jobs = [job(path) for path in sorted((folder / "probes").glob("*.parquet"))]
    found = []
    for index, (name, unit) in enumerate(UNITS.items()):
        whole = max if "largest" in name else sum
        estimated, measured = (unit * whole(one[index][side] for one in jobs) for side in (0, 1))
        spread = sqrt(mean((one[index][0] / one[index][1] - 1) ** 2 for one in jobs))
        found.append(
            (
                folder.name,
                str(len(jobs)),
                name,
                f"{estimated:,.2f}",
                f"{measured:,.2f}",
                f"{estimated / measured:.2f}",
                f"{spread:.0%}",
            )
        )
    return found


if __name__ == "__main__":
    results = Path(sys.argv[1] if len(sys.argv) > 1 else "results")
    table = Table(
        "study",
        "jobs",
        "what",
        "estimated",
        "measured",
        "ratio",
        "single jobs off by (root mean square)",
    )
    for folder in sorted(path.parent for path in results.glob("*/probes")):
        for row in rows(folder):
            table.add_row(*row)
    Console(width=140).print(table)
