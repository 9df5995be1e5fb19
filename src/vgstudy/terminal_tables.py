"""Tables on any terminal: a plan, and what theory predicts."""

import re
import sys
from collections.abc import Iterator, Sequence
from math import isfinite, isinf
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from vgstudy.config.study import Study
from vgstudy.errors import UserError
from vgstudy.formatting import levels_text, number, plural, reach
from vgstudy.planning import cost
from vgstudy.planning.plan import Plan
from vgstudy.planning.speed import Speed
from vgstudy.planning.study_cells import LabelledCell, cells_of
from vgstudy.schema import FACTORS, ON_PROBE_SET

if TYPE_CHECKING:
    from vgstudy.theory.predictions import Prediction

CORES = (1, 2, 8)

_WORD = re.compile(r"[^\W\d_]{2}")

HEADS = {
    "q": "q*",
    "chi": "χ",
    "depth_scale": "ξ",
    "d_delta": "d δ",
    "d_g": "d g",
    "d_h": "d h",
    "d_delta_one_input": "1 input",
    "p_dead_one_input": "dead",
}

MARKS = {"exact": "=", "asymptotic": "", "approximation": "≈"}

LEGEND = (
    "= exact, ≈ approximation, unmarked: the limit of infinite width, – theory does not say: "
    "limits of depth and the single input need kernels of mean 0, decay factors 4 hidden layers "
    "or more, the single input ReLU or alike. The limits of depth: q* variance of a pre- "
    "activation, χ change of the mean square of δ per layer toward the input, ξ = −1 / log χ, the "
    "layers in which it falls by a factor of e; ξ < 0: in which it grows by it; ∞: neither. At "
    "this depth: d, decay factors per layer toward the input. For a single input at this width: "
    "typical d of δ, and the probability that a ReLU network is dead."
)


def plan_table(plan: Plan, speed: Speed) -> Table:
    """Return what a study holds and what is left to spend on it, on a machine of this speed."""
    return text_table(f"{plan.study.name}: {plan.study.title}", ("", ""), list(_rows(plan, speed)))


def _rows(plan: Plan, speed: Speed) -> Iterator[tuple[str, str]]:
    study, todo = plan.study, plan.untrained
    factors = type(study.factors).model_fields
    yield "factors", ", ".join(f"{name} {len(study.factors.names(name))}" for name in factors)
    yield "cells", f"{study.n_cells:,}"
    cells, seeds = plural(study.n_cells, "cell"), plural(len(study.seeds), "seed")
    yield "runs", f"{len(plan.job_of):,} = {cells} x {seeds}"
    left = plural(sum(job.n_runs for job in todo), "run")
    trained = len(plan.jobs) - len(todo)
    yield "jobs", f"{len(todo)} to train with {left}, {trained} trained"
    if todo:
        seconds, starts = [job.seconds for job in todo], cost.START_UP * len(todo)
        slow = speed.slowness
        total = _minutes(slow * (sum(seconds) + starts))
        yield "core-minutes", f"{total} of training, {_minutes(slow * starts)} of them start-up"
        walls = (
            f"{_minutes(speed.wall * cost.wall_seconds(seconds, count))} on {plural(count, 'core')}"
            for count in CORES
        )
        yield "wall minutes", ", ".join(walls)
        yield "memory", f"{max(job.mem_mb for job in todo) / 1000:.1f} GB for the largest job"
        yield "time limit", f"on a cluster, up to {max(job.minutes for job in todo)} minutes a job"
    if needed := seeds_needed(plan.folder):
        about = "for ±5 % in the decay factor of δ at epoch 0, by the results so far"
        yield "seeds", f"{about}: {needed}"
    if found := "; ".join(_power(plan)):
        yield "power", found
    size = sum(cost.run_bytes(labelled.cell, study.log) for labelled in plan.cells)
    yield "disk", f"{size * len(study.seeds) / 1e6:,.1f} MB of tables"


def _power(plan: Plan) -> Iterator[str]:
    """Yield which odds ratio the tests over all depths find, or that seeds are too few."""
    # it imports SciPy, which planning does without
    from vgstudy.analysis.power import families, too_small

    study = plan.study
    declared = [contrast.model_dump() for contrast in study.contrasts]
    found = list(families(study.combinations(), len(study.seeds), declared))
    ratios = [f"{each.odds_ratio:.1f} ({each.factor})" for each in found if not each.too_small]
    if ratios:
        falls = "if the share that learns falls evenly with depth"
        yield f"80 % for an odds ratio of {', '.join(ratios)}, {falls}"
    yield from (too_small(each) for each in found if each.too_small)


def seeds_needed(folder: Path) -> str | None:
    """Return the seeds that half of a study's cells and its hardest cell take; None without results
    that can be read."""
    path = folder / "estimates.parquet"
    if not path.exists():
        return None
    # these import Arrow and pandas, which planning does without
    from vgstudy.analysis.intervals import FEASIBLE_SEEDS, half_width
    from vgstudy.store.parquet import read_table

    filters = [("quantity", "==", "d_delta"), ("epoch", "==", 0), ON_PROBE_SET]
    columns = ["cell", "seeds_needed", "spread"]
    try:
        decays = read_table("estimates", path, columns, filters).to_pandas()
        runs = read_table("runs", folder / "runs.parquet", ["cell", *FACTORS]).to_pandas()
    except UserError:  # of another version: the next run makes it again
        return None
    known = decays.dropna(subset="seeds_needed").astype({"cell": "str"})
    levels = runs.astype({"cell": "str"}).drop_duplicates("cell")
    cells = known.merge(levels, on="cell").sort_values("spread", kind="stable")
    if cells.empty:
        return None
    half_of_them, hardest = cells.iloc[len(cells) // 2], cells.iloc[-1]
    text = (
        f"{_seeds(half_of_them['seeds_needed'])} in half of the cells, "
        f"{_seeds(hardest['seeds_needed'])} with "
        f"{levels_text(hardest, FACTORS)}"
    )
    if isfinite(hardest["seeds_needed"]):
        return text
    half = float(half_width(hardest["spread"], FEASIBLE_SEEDS))
    return f"{text}, where {FEASIBLE_SEEDS} reach {reach(half)}"


def _seeds(needed: float) -> str:
    from vgstudy.analysis.intervals import MAX_SEEDS

    return number(needed, 0) if isfinite(needed) else f"more than {MAX_SEEDS:,}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}" if seconds >= 60 else f"{seconds / 60:.2f}"


def theory_table(study: Study, depth: int) -> Group:
    """Return a row for each activation, initializer and width of the study, at its depth nearest to
    `depth`, and a legend with the sources."""
    # it imports SciPy, which planning does without
    from vgstudy.theory.predictions import predict

    cells = _cells(study, depth)
    predictions = predict(labelled.cell for labelled in cells)
    by_key = {(each.cell, each.quantity): each for each in predictions}
    rows = tuple(
        (
            "{activation}, {initializer}, {width}".format(**labelled.levels),
            *(_text(by_key.get((labelled.cell.id, quantity))) for quantity in HEADS),
        )
        for labelled in cells
    )
    title = f"{study.name}: theory at depth {cells[0].cell.depth}, before any update"
    sources = "; ".join(dict.fromkeys(each.source for each in predictions))
    head = ("activation, initializer, width", *HEADS.values())
    note = Text(f"{LEGEND} Sources: {sources or 'none'}.")
    return Group(text_table(title, head, rows), note)


def _cells(study: Study, depth: int) -> Sequence[LabelledCell]:
    """Return the study's cells of the nearest depth; of their optimizers the first, which changes
    nothing before an update."""
    cells = cells_of(study)
    depths = {labelled.cell.depth for labelled in cells}
    nearest = min(depths, key=lambda each: (abs(each - depth), each))
    first: dict[tuple[int | float | str, ...], LabelledCell] = {}
    for labelled in cells:
        if labelled.cell.depth == nearest:
            key = tuple(labelled.levels[name] for name in ("activation", "initializer", "width"))
            first.setdefault(key, labelled)
    return [first[key] for key in sorted(first)]


def _text(prediction: "Prediction | None") -> str:
    if prediction is None:
        return number(None)
    value = "∞" if isinf(prediction.value) else _short(prediction.value)
    return MARKS[prediction.basis] + value


def _short(value: float) -> str:
    return f"{value:.0e}" if 0 < abs(value) < 1e-3 or abs(value) >= 1e4 else number(value)


def show(renderable: RenderableType) -> None:
    """Print what rich can render; off a terminal in lines so long that nothing is cut or broken."""
    Console(width=None if sys.stdout.isatty() else 1000).print(renderable)


def text_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table of texts, without markup; columns of numbers are on the right."""
    table = Table(
        title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, show_header=any(head)
    )
    for place, name in enumerate(head):
        has_words = any(_WORD.search(row[place]) for row in rows)
        table.add_column(Text(name), justify="left" if has_words else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
