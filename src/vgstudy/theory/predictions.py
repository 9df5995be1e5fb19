"""Predictions for cells at epoch 0: a row for each cell and quantity, labelled by how far it can be
trusted.

The rows d_delta, d_g and d_h predict the quantities of these names in `schema`; the others are
limits of depth and laws for one input.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import sqrt
from typing import Literal

import numpy as np

from vgstudy.analysis.decay import decay_factor
from vgstudy.cells import Cell, canonical_json
from vgstudy.tasks.task import Task
from vgstudy.theory import activations, finite_width, kernels, mean_field, two_modes
from vgstudy.theory.activations import Array
from vgstudy.theory.kernels import Moments

Basis = Literal["exact", "asymptotic", "approximation"]

# data samples over which predictions are averaged: d_g depends on how many examples of each class
# there are
SAMPLES = 3
# largest number of examples in a sample, and outputs drawn from their limit
ROWS, DRAWS = 500, 64
DECAYS = ("d_delta", "d_g", "d_h")
# hidden layers; the layers of a deeper network would need gigabytes
DEEPEST = 100

# what predictions depend on next to depth
SETTING = {"task", "width", "activation", "initializer"}

MEAN_FIELD = "Poole et al. 2016, Schoenholz et al. 2017"
TWO_MODES = "two-mode recursion, docs/theory.md"
ONE_INPUT = "Hanin & Nica 2018"
DEATH = "Lu et al. 2020, Rister & Rubin 2020"


@dataclass(frozen=True)
class Prediction:
    """A number that theory predicts.

    Attributes
    ----------
    cell
        The cell's id.
    quantity
        d_delta, d_g, d_h: the decay factors at this depth, averaged on the log scale as over seeds.
        q, chi, depth_scale, d_delta_limit: the limits of depth; d_delta_limit is the square root of
        chi. d_delta_one_input: the typical factor of delta per layer at one input.
        p_dead_one_input: the probability that a network is dead at one input. Both are for this
        width.
    value
        The number.
    basis
        exact, asymptotic (the limit of infinite width) or approximation.
    source
        Where the number comes from.
    """

    cell: str
    quantity: str
    value: float
    basis: Basis
    source: str


def predict(cells: Iterable[Cell]) -> list[Prediction]:
    """Return all predictions for the cells; what theory does not predict has no row.

    Cells that differ only in depth or in how they train share their computation: about 40 ms for
    each layer of the deepest.

    Examples
    --------
    >>> from vgstudy.config.load import load_study
    >>> from vgstudy.config import config_path
    >>> from vgstudy.planning.study_cells import cells_of
    >>> from vgstudy.theory.predictions import predict
    >>> study = load_study(config_path("studies/smoke.yaml"))
    >>> deepest = [each.cell for each in cells_of(study) if each.levels["depth"] == 6]
    >>> {row.quantity for row in predict(deepest)} >= {"d_delta", "d_g", "d_h", "chi"}
    True
    """
    parts = ((_decays(setting), _laws(setting)) for setting in _settings(cells))
    return [row for decay_rows, laws in parts for row in (*decay_rows, *laws)]


def predict_decays(cells: Iterable[Cell]) -> list[Prediction]:
    """Return the predictions of what every study measures: d_delta, d_g and d_h."""
    return list(chain.from_iterable(map(_decays, _settings(cells))))


def is_predictable(cell: Cell) -> bool:
    """Return whether the network is plain, without biases, and its kernels are drawn independently
    of each other, each with entries of one distribution."""
    initializer, remedy = cell.initializer, cell.remedy
    independent = not initializer.tied and initializer.class_name != "Identity"
    as_drawn = remedy.is_plain and not remedy.unit_variance and initializer.bias is None
    return as_drawn and independent


def _settings(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Return the predictable cells in groups of one task, width, activation and initializer."""
    settings: dict[str, list[Cell]] = {}
    for cell in filter(is_predictable, cells):
        fields = cell.model_dump(mode="json", include=SETTING)
        settings.setdefault(canonical_json(fields), []).append(cell)
    return list(settings.values())


def _decays(cells: Sequence[Cell]) -> Iterator[Prediction]:
    """Yield the decay factors of the cells of a setting."""
    basis, source = _trust(cells[0])
    by_depth = decays(cells[0], {cell.depth for cell in cells})
    for cell in cells:
        for name, value in by_depth[cell.depth].items():
            if np.isfinite(value):
                yield Prediction(cell.id, name, value, basis, source)


def _laws(cells: Sequence[Cell]) -> Iterator[Prediction]:
    """Yield limits of depth and laws for one input for the cells of a setting."""
    square = kernels.moments(cells[0].initializer, cells[0].width, cells[0].width)
    shared = [*_limits(cells[0], square), *_one_input(cells[0], square)]
    for cell in cells:
        yield from (Prediction(cell.id, *row) for row in [*shared, *_death(cell, square)])


def _trust(cell: Cell) -> tuple[Basis, str]:
    """Return basis and source of decay factors. An output layer with another initializer is
    treated as if it had the hidden layers' one, which is an approximation."""
    if kernels.moments(cell.initializer, cell.width, cell.width).mean:
        return "approximation", TWO_MODES
    return "approximation" if cell.initializer.output else "asymptotic", MEAN_FIELD


def decays(cell: Cell, depths: Iterable[int]) -> dict[int, dict[str, float]]:
    """Return d_delta, d_g and d_h of the cell's setting at other depths, by depth and name.

    Geometric means over outputs drawn from their limit and over `SAMPLES` data samples. NaN below
    depth 4, beyond `DEEPEST`, with several outputs and where numbers over- or underflow.
    """
    by_depth = {depth: dict.fromkeys(DECAYS, np.nan) for depth in sorted(set(depths))}
    usable = [depth for depth in by_depth if 4 <= depth <= DEEPEST]
    if usable and cell.task.outputs == 1:
        streams = np.random.SeedSequence(0).spawn(SAMPLES)
        with np.errstate(over="ignore", invalid="ignore"):
            logs = [_log_decays(cell, usable, stream) for stream in streams]
        for depth in usable:
            for name in DECAYS:
                mean = np.mean([sample[depth][name] for sample in logs])
                by_depth[depth][name] = float(np.exp(mean))
    return by_depth


def _log_decays(
    cell: Cell, depths: Sequence[int], stream: np.random.SeedSequence
) -> dict[int, dict[str, Array]]:
    """Return the logs of the decay factors (draw,) on one data sample, by depth and name."""
    sample, normal = stream.spawn(2)
    x, y = _rows(cell.task, sample)
    drawn = np.random.default_rng(normal).standard_normal((len(x), DRAWS))
    kernel = partial(kernels.moments, cell.initializer)
    phi = activations.activation(cell.activation)
    layers = two_modes.forward(x, phi, kernel, cell.width, depths[-1])
    by_depth = {}
    for depth in depths:
        rms = two_modes.profiles(x, y, layers[:depth], kernel, cell.width, drawn)
        square = np.broadcast_to(np.arange(depth) > 0, (DRAWS, depth))
        by_depth[depth] = {
            f"d_{name}": np.log(decay_factor(rows, square)) for name, rows in rms.items()
        }
    return by_depth


def _rows(task: Task, stream: np.random.SeedSequence) -> tuple[Array, Array]:
    """Return inputs (input, feature) and targets (input,) of a data sample's first training
    rows."""
    drawn = task.sample(stream)
    return drawn.x_train[:ROWS].astype(float), drawn.y_train[:ROWS, 0].astype(float)


Row = tuple[str, float, Basis, str]


def _limits(cell: Cell, square: Moments) -> Iterator[Row]:
    """Yield the fixed point, chi and what follows from them."""
    if square.mean or not square.variance:
        return
    x, _ = _rows(cell.task, np.random.SeedSequence(0))
    inputs = x.shape[1]
    first = kernels.moments(cell.initializer, inputs, cell.width)
    start = inputs * first.variance * float(np.mean(x**2))
    phi, kernel = activations.activation(cell.activation), cell.width * square.variance
    q = mean_field.fixed_point(phi, kernel, start=start)
    chi = mean_field.chi(phi, q, kernel)
    values = {
        "q": q,
        "chi": chi,
        "depth_scale": mean_field.depth_scale(chi),
        "d_delta_limit": sqrt(chi),
    }
    yield from ((name, value, "asymptotic", MEAN_FIELD) for name, value in values.items())


def _one_input(cell: Cell, square: Moments) -> Iterator[Row]:
    """Yield the typical factor of delta at one input: exact for normal kernels, an approximation
    for others with independent entries."""
    if factor := log_factor_of(cell, square):
        exact = kernels.is_gaussian(cell.initializer)
        basis: Basis = "exact" if exact else "approximation"
        yield "d_delta_one_input", factor.typical, basis, ONE_INPUT


def log_factor_of(cell: Cell, square: Moments) -> finite_width.LogFactor | None:
    """Return the law of one layer at one input; None for activations and kernels without one."""
    slope = activations.negative_slope(cell.activation)
    centred = square.mean == 0 < square.variance
    if slope is None or not centred or cell.initializer.class_name == "Orthogonal":
        return None
    return finite_width.log_factor(cell.width, cell.width * square.variance, slope)


def _death(cell: Cell, square: Moments) -> Iterator[Row]:
    """Yield the probability that the network is dead at one input."""
    if activations.dies(cell.activation) and square.mean == 0 < square.variance:
        yield "p_dead_one_input", finite_width.p_dead([cell.width] * cell.depth), "exact", DEATH
