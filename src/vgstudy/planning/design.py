"""From a study to its cells and runs, and from runs to jobs: pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from vgstudy.cells import Cell, Run
from vgstudy.config.log import Log
from vgstudy.config.study import Factors, Study
from vgstudy.planning import cost
from vgstudy.planning.stacks import groups


@dataclass(frozen=True)
class LabelledCell:
    """A cell with the level of each factor, by its name in the study file."""

    cell: Cell
    levels: Mapping[str, int | float | str]


def cells(study: Study) -> list[LabelledCell]:
    """Return the cells of all arms, each once.

    Without arms: every combination of the factors' levels, depth varying slowest.
    """
    names = tuple(Factors.model_fields)
    levels = (dict(zip(names, each, strict=True)) for each in study.combinations())
    return [LabelledCell(_cell(study, each), each) for each in levels]


def _cell(study: Study, levels: Mapping[str, Any]) -> Cell:
    """Return the cell with these levels; named ones stand for the study's objects."""
    named = {name: getattr(study.factors, name) for name in levels}
    chosen = {
        name: named[name][level] if isinstance(named[name], Mapping) else level
        for name, level in levels.items()
    }
    return Cell(
        **chosen,
        task=study.task,
        study_seed=study.study_seed,
        streams=study.streams,
        **dict(study.training),
    )


def runs(study: Study) -> list[Run]:
    """Return every cell with every seed, cell by cell."""
    return [Run(cell=labelled.cell, seed=seed) for labelled in cells(study) for seed in study.seeds]


def pack(stacks: Sequence[list[Run]], log: Log) -> list[list[Run]]:
    """Put whole stacks into jobs of about `cost.TARGET` seconds.

    The longest stack first, each into the job with the least work so far.
    """
    seconds = [cost.stack_seconds(groups(stack), log) for stack in stacks]
    bins = [(0.0, number) for number in range(min(len(stacks), cost.job_count(sum(seconds))))]
    chosen: list[list[int]] = [[] for _ in bins]
    for index in sorted(range(len(stacks)), key=lambda i: (-seconds[i], i)):
        load, number = heappop(bins)
        chosen[number].append(index)
        heappush(bins, (load + seconds[index], number))
    return [[run for index in sorted(indices) for run in stacks[index]] for indices in chosen]
