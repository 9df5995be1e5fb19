"""A plan as a table for the terminal, before anything is spent."""

from collections.abc import Iterator
from math import isfinite
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from vgstudy.errors import UserError
from vgstudy.formatting import number, plural, reach
from vgstudy.planning import cost
from vgstudy.planning.plan import Plan
from vgstudy.schema import FACTORS, ON_PROBE_SET

CORES = (1, 2, 8)


def table(plan: Plan) -> Table:
    """What a study holds and what is left to spend on it."""
    shown = Table(
        title=Text(f"{plan.study.name}: {plan.study.title}"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_header=False,
    )
    shown.add_column(style="bold")
    shown.add_column()
    for name, text in _rows(plan):
        shown.add_row(name, text)
    return shown


def _rows(plan: Plan) -> Iterator[tuple[str, str]]:
    study, todo = plan.study, plan.untrained
    seconds = [job.seconds for job in todo]
    starts = cost.START_UP * len(todo)
    yield (
        "factors",
        ", ".join(
            f"{name} {len(study.factors.names(name))}" for name in type(study.factors).model_fields
        ),
    )
    yield "cells", f"{study.n_cells:,}"
    yield (
        "runs",
        f"{len(plan.job_of):,} = {plural(study.n_cells, 'cell')} x {plural(len(study.seeds), 'seed')}",
    )
    yield (
        "jobs",
        f"{len(todo)} to train with {plural(sum(job.n_runs for job in todo), 'run')}, {len(plan.jobs) - len(todo)} trained",
    )
    if todo:
        yield (
            "core-minutes",
            f"{_minutes(sum(seconds) + starts)} of training, {_minutes(starts)} of them start-up",
        )
        yield (
            "wall minutes",
            ", ".join(
                f"{_minutes(cost.wall_seconds(seconds, n))} on {plural(n, 'core')}" for n in CORES
            ),
        )
        yield "memory", f"{max(job.mem_mb for job in todo) / 1000:.1f} GB for the largest job"
    if (needed := seeds_needed(plan.folder)) is not None:
        yield (
            "seeds",
            f"for ±5 % in the decay factor of δ at epoch 0, by the results so far: {needed}",
        )
    disk = sum(cost.run_bytes(labelled.cell, study.log) for labelled in plan.cells) * len(
        study.seeds
    )
    yield "disk", f"{disk / 1e6:,.1f} MB of tables"


def seeds_needed(folder: Path) -> str | None:
    """Seeds that half of the cells and the hardest cell of a study take; None without results that
    can be read."""
    path = folder / "estimates.parquet"
    if not path.exists():
        return None
    from vgstudy.analysis.equivalence import FEASIBLE_SEEDS, MAX_SEEDS, half_width
    from vgstudy.figures.frames import untrained
    from vgstudy.report.estimate_text import records, setting
    from vgstudy.store.parquet import read_table  # Arrow is not needed for planning

    chosen = [("quantity", "==", "d_delta"), ("epoch", "==", 0), ON_PROBE_SET]
    try:
        found = (
            read_table("estimates", path, ["cell", "seeds_needed", "spread"], chosen)
            .to_pandas()
            .astype({"cell": "str"})
        )
        levels = (
            read_table("runs", folder / "runs.parquet", ["cell", *FACTORS])
            .to_pandas()
            .astype({"cell": "str"})
        )
    except UserError:  # of another version: the next run makes it anew
        return None
    rows = untrained(
        found.dropna(subset="seeds_needed").merge(levels.drop_duplicates("cell"), on="cell")
    )
    known = records(rows.sort_values("spread", kind="stable"))
    if not known:
        return None
    usual, most = (
        number(row["seeds_needed"], 0) if isfinite(row["seeds_needed"]) else f"more than {MAX_SEEDS:,}"
        for row in (known[len(known) // 2], known[-1])
    )
    text = f"{usual} in half of the cells, {most} with {setting(known[-1])}"
    if isfinite(known[-1]["seeds_needed"]):
        return text
    return (
        f"{text}, where {FEASIBLE_SEEDS} reach {reach(float(half_width(known[-1]['spread'], FEASIBLE_SEEDS)))}"
    )


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}" if seconds >= 60 else f"{seconds / 60:.2f}"
