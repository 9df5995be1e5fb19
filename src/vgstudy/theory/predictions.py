"""What theory says about each cell at epoch 0, one row per cell and quantity, labelled by how far it can be trusted.

d_delta, d_g and d_h are the quantities of `schema` of the same names: per-layer factors toward the input over the square layers.
The others are limits of depth, and two laws of one input.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt
from typing import Literal

import numpy as np

from vgstudy import data
from vgstudy.cells import Cell, canonical_json
from vgstudy.decay import decay_factor
from vgstudy.theory import kernels, mean_field
from vgstudy.theory.activations import activation, negative_slope
from vgstudy.theory.finite_width import log_factor, p_dead
from vgstudy.theory.two_modes import forward, profiles

Status = Literal["exact", "asymptotic", "approximation"]

SAMPLES = 3  # data samples over which predictions are averaged: d_g depends on how many examples of each class there are
ROWS, DRAWS = 500, 64  # of a sample: examples at most, and outputs drawn from their limit
DEEPEST = 100  # beyond, the layers of a net would need gigabytes

MEAN_FIELD = "Poole et al. 2016; Schoenholz et al. 2017"
TWO_MODES = "two-mode recursion, docs/theory.md"
ONE_INPUT = "Hanin & Nica 2018; docs/theory.md"
DEATH = "Lu et al. 2020; Rister & Rubin 2020"


@dataclass(frozen=True)
class Prediction:
    """A number of theory.

    Attributes
    ----------
    cell
        The cell's id.
    quantity
        d_delta, d_g, d_h: averaged as a decay factor is over seeds, on the log scale. q, chi, depth_scale: limits of infinite width and
        depth, with d_delta_limit = sqrt(chi). d_delta_one_input: the typical factor for a single input at this width.
        p_dead_one_input: the probability that the net is dead at a given input.
    value, status, source
        The number; exact, asymptotic (the limit of infinite width) or approximation; where it comes from.
    """

    cell: str
    quantity: str
    value: float
    status: Status
    source: str


def predict(cells: Iterable[Cell]) -> list[Prediction]:
    """Every prediction for the cells, in no particular order; a quantity that theory does not give has no row.

    Cells that differ in depth or in training only share their computation: about 70 ms for each layer of the deepest.
    """
    settings: dict[str, list[Cell]] = {}
    for cell in cells:
        key = cell.model_dump(mode="json", include={"task", "width", "activation", "initializer"})
        settings.setdefault(canonical_json(key), []).append(cell)
    return [found for same in settings.values() if same[0].initializer.class_name != "Identity" for found in _setting(same)]


def _setting(cells: Sequence[Cell]) -> Iterator[Prediction]:
    """Predictions for cells of one task, width, activation and initializer."""
    limit, one_input = list(_limit(cells[0])), list(_one_input(cells[0]))
    status, source = ("asymptotic", MEAN_FIELD) if _centred(cells[0]) else ("approximation", TWO_MODES)
    resolved = decays(cells[0], {cell.depth for cell in cells})
    for cell in cells:
        for name, value in resolved.get(cell.depth, {}).items():
            if np.isfinite(value):
                yield Prediction(cell.id, name, value, status, source)
        for name, value in limit:
            yield Prediction(cell.id, name, value, "asymptotic", MEAN_FIELD)
        ...
