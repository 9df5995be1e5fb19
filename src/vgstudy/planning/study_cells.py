"""The cells and runs of a study, and the cells that its arms name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vgstudy.cells import Cell, Run
from vgstudy.config.factors import Factors
from vgstudy.config.study import Study
from vgstudy.formatting import level_text
from vgstudy.schema import FACTORS

# an arm's name, or levels of factors
Network = str | Mapping[str, Any]
# a pandas frame of the design, a row for each run or cell; planning does without pandas
Frame = Any


@dataclass(frozen=True)
class LabelledCell:
    """A cell with the level of each factor, by its name in the study file."""

    cell: Cell
    levels: Mapping[str, int | float | str]


def cells_of(study: Study) -> list[LabelledCell]:
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


def runs_of(study: Study) -> list[Run]:
    """Return every cell with every seed, cell by cell."""
    return [
        Run(cell=labelled.cell, seed=seed) for labelled in cells_of(study) for seed in study.seeds
    ]


def named_cells(network: Network, study: Mapping[str, Any], design: Frame) -> list[tuple[str, str]]:
    """Return id and name of each of a network's cells; the name is the arm's, with the levels in
    which its cells differ."""
    chosen = levels_of(network, study)
    cells = design[design[list(chosen)].isin(chosen).all(axis=1)]
    arm = [network] if isinstance(network, str) else []
    named = {factor for factor in FACTORS if cells[factor].nunique() > 1}
    named |= set() if arm else chosen.keys()
    levels = [factor for factor in FACTORS if factor in named]
    return [
        (row["cell"], ", ".join([*arm, *(level_text(name, row[name]) for name in levels)]))
        for row in cells.to_dict("records")
    ]


def arm_cells(study: Mapping[str, Any], runs: Frame) -> list[tuple[str, str]]:
    """Return id and name of each cell of the study's arms, each once, in the order of the arms."""
    design = runs.drop_duplicates("cell")
    named = (pair for arm in study.get("arms", {}) for pair in named_cells(arm, study, design))
    names: dict[str, str] = {}
    for cell, name in named:
        names.setdefault(cell, name)
    return list(names.items())


def levels_of(network: Network, study: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the levels of a network's cells, of the factors that it restricts."""
    restricted = study["arms"][network] if isinstance(network, str) else network
    return {
        factor: levels if isinstance(levels, list) else [levels]
        for factor, levels in restricted.items()
        if levels is not None
    }
