"""From a study to cells, runs, stacks and jobs: pure functions.

A stack is a set of runs of equal shape: task, depth, width, epochs, batch size and steps of an
epoch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from math import ceil

from vgstudy.cells import Cell, Run, canonical_json
from vgstudy.config.log import Log
from vgstudy.config.study import Study
from vgstudy.planning import cost

SHAPE = {"task", "depth", "width", "epochs", "batch_size", "steps_per_epoch"}  # equal in a stack
GROUP = {"activation", "optimizer"}  # equal in a block of a stack


@dataclass(frozen=True)
class LabelledCell:
    """A cell with the names of its levels."""

    cell: Cell
    activation: str
    initializer: str
    optimizer: str


def cells(study: Study) -> list[LabelledCell]:
    """The cells of all arms, each once; without arms every combination of the factors' levels,
    depth varying slowest."""
    return [_labelled(study, *levels) for levels in study.combinations()]


def _labelled(
    study: Study, depth: int, width: int, activation: str, initializer: str, optimizer: str
) -> LabelledCell:
    factors, shared = (
        study.factors,
        {"task": study.task, "study_seed": study.study_seed, **dict(study.training)},
    )
    cell = Cell(
        depth=depth,
        width=width,
        activation=factors.activation[activation],
        initializer=factors.initializer[initializer],
        optimizer=factors.optimizer[optimizer],
        **shared,
    )
    return LabelledCell(cell, activation, initializer, optimizer)


def runs(study: Study) -> list[Run]:
    """Every cell with every seed, cell by cell."""
    return [Run(cell=labelled.cell, seed=seed) for labelled in cells(study) for seed in study.seeds]


def stack(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs of equal shape put together, at most `cost.max_stack` in each stack.

    The runs of one activation and optimizer are split evenly only if they are too many for one
    stack; otherwise stacks hold as many whole groups of them as fit.
    """
    kinds: dict[str, tuple[str, str]] = {}
    shapes: dict[str, dict[str, list[Run]]] = {}
    for run in runs:
        if (kind := kinds.get(run.cell.id)) is None:
            kind = kinds[run.cell.id] = _fields(run.cell, SHAPE), _fields(run.cell, GROUP)
        shapes.setdefault(kind[0], {}).setdefault(kind[1], []).append(run)
    return [part for groups in shapes.values() for part in _filled(groups.values())]


def _fields(cell: Cell, names: set[str]) -> str:
    return canonical_json(cell.model_dump(mode="json", include=names))


def _filled(groups: Iterable[list[Run]]) -> list[list[Run]]:
    stacks: list[list[Run]] = []
    for group in groups:
        most = cost.max_stack(group[0].cell)
        parts = ceil(len(group) / most)
        ends = [len(group) * part // parts for part in range(parts + 1)]
        for part in (group[begin:end] for begin, end in pairwise(ends)):
            if stacks and len(stacks[-1]) + len(part) <= most:
                stacks[-1].extend(part)
            else:
                stacks.append(part)
    return stacks


def pack(stacks: Sequence[list[Run]], log: Log) -> list[list[Run]]:
    """Whole stacks put into jobs of about `cost.TARGET` seconds: longest first, each into the
    emptiest job."""
    seconds = [cost.stack_seconds(cost.groups(s), log) for s in stacks]
    bins = [(0.0, number) for number in range(min(len(stacks), cost.job_count(sum(seconds))))]
    chosen: list[list[int]] = [[] for _ in bins]
    for index in sorted(range(len(stacks)), key=lambda i: (-seconds[i], i)):
        load, number = heappop(bins)
        chosen[number].append(index)
        heappush(bins, (load + seconds[index], number))
    return [[run for index in sorted(indices) for run in stacks[index]] for indices in chosen]
