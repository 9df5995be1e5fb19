"""What theory says about each cell at epoch 0: a row for each cell and quantity, labelled by how
far it can be trusted.

The rows d_delta, d_g and d_h are the quantities of `schema` of these names; the others are limits
of depth and laws of one input.
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
from vgstudy.tasks import Task
from vgstudy.theory import activations, finite_width, kernels, mean_field, two_modes
from vgstudy.theory.activations import Array
from vgstudy.theory.kernels import Moments

Standing = Literal["exact", "asymptotic", "approximation"]

# data samples over which predictions are averaged: d_g depends on how many examples of each class
# there are
SAMPLES = 3
ROWS, DRAWS = 500, 64  # of a sample: examples at most, and outputs drawn from their limit
DECAYS = ("d_delta", "d_g", "d_h")
DEEPEST = 100  # hidden layers; the layers of a deeper net would need gigabytes

MEAN_FIELD = "Poole et al. 2016, Schoenholz et al. 2017"
TWO_MODES = "two-mode recursion, docs/theory.md"
ONE_INPUT = "Hanin & Nica 2018"
DEATH = "Lu et al. 2020, Rister & Rubin 2020"


@dataclass(frozen=True)
class Prediction:
    """A number of theory.

    Attributes
    ----------
    cell
        The cell's id.
    quantity
        d_delta, d_g, d_h: the decay factors at this depth, averaged on the log scale as over seeds.
        q, chi, depth_scale, d_delta_limit: the limits of depth, d_delta_limit being the root of
        chi. d_delta_one_input: the typical factor of delta per layer at one input;
        p_dead_one_input: the probability that a net is dead at one input; both at this width.
    value, standing, source
        The number; exact, asymptotic (the limit of infinite width) or approximation; where it comes
        from.
    """

    cell: str
    quantity: str
    value: float
    standing: Standing
    source: str


def predict(cells: Iterable[Cell]) -> list[Prediction]:
    """All that theory says about the cells; what it does not give has no row.

    Cells that differ only in depth or in how they train share their computation: about 40 ms for
    each layer of the deepest.
    """
    return [
        row
        for setting in _settings(cells)
        for rows in (_decays(setting), _laws(setting))
        for row in rows
    ]


def predict_decays(cells: Iterable[Cell]) -> list[Prediction]:
    """The part of `predict` that is measured in every study: d_delta, d_g and d_h."""
    return list(chain.from_iterable(map(_decays, _settings(cells))))


def is_predictable(cell: Cell) -> bool:
    """Whether the layers' kernels are drawn independently, each with entries that are alike."""
    return not cell.initializer.tied and cell.initializer.class_name != "Identity"


def _settings(cells: Iterable[Cell]) -> list[list[Cell]]:
    """The cells of which theory speaks, in groups of one task, width, activation and
    initializer."""
    settings: dict[str, list[Cell]] = {}
    for cell in filter(is_predictable, cells):
        key = canonical_json(
            cell.model_dump(mode="json", include={"task", "width", "activation", "initializer"})
        )
        settings.setdefault(key, []).append(cell)
    return list(settings.values())


def _decays(cells: Sequence[Cell]) -> Iterator[Prediction]:
    """Decay factors of the cells of a setting."""
    standing, source = _trust(cells[0])
    resolved = decays(cells[0], {cell.depth for cell in cells})
    for cell in cells:
        for name, value in resolved[cell.depth].items():
            if np.isfinite(value):
                yield Prediction(cell.id, name, value, standing, source)


def _laws(cells: Sequence[Cell]) -> Iterator[Prediction]:
    """Limits of depth and laws of one input for the cells of a setting."""
    square = kernels.moments(cells[0].initializer, cells[0].width, cells[0].width)
    shared = [*_limits(cells[0], square), *_one_input(cells[0], square)]
    for cell in cells:
        yield from (Prediction(cell.id, *row) for row in [*shared, *_death(cell, square)])


def _trust(cell: Cell) -> tuple[Standing, str]:
    """Standing and source of decay factors; an output layer drawn in another way is taken to be
    drawn like the others."""
    if kernels.moments(cell.initializer, cell.width, cell.width).mean:
        return "approximation", TWO_MODES
    return "approximation" if cell.initializer.output else "asymptotic", MEAN_FIELD


def decays(cell: Cell, depths: Iterable[int]) -> dict[int, dict[str, float]]:
    """d_delta, d_g and d_h of the cell's setting at other depths, by depth and name.

    Geometric means over outputs drawn from their limit and over `SAMPLES` data samples. NaN below
    depth 4, beyond `DEEPEST`, with several outputs and where numbers over- or underflow.
    """
    wanted = sorted(set(depths))
    usable = [depth for depth in wanted if 4 <= depth <= DEEPEST]
    found = {depth: dict.fromkeys(DECAYS, np.nan) for depth in wanted}
    if usable and cell.task.outputs == 1:
        with np.errstate(over="ignore", invalid="ignore"):
            logs = [
                _log_decays(cell, usable, stream)
                for stream in np.random.SeedSequence(0).spawn(SAMPLES)
            ]
        for depth in usable:
            found[depth] = {
                name: float(np.exp(np.mean([each[depth][name] for each in logs])))
                for name in found[depth]
            }
    return found


def _log_decays(
    cell: Cell, depths: Sequence[int], stream: np.random.SeedSequence
) -> dict[int, dict[str, Array]]:
    """Logs of the decay factors (draw,) on one data sample, by depth and name."""
    sample, normal = stream.spawn(2)
    x, y = _rows(cell.task, sample)
    drawn = np.random.default_rng(normal).standard_normal((len(x), DRAWS))
    kernel = partial(kernels.moments, cell.initializer)
    layers = two_modes.forward(
        x, activations.activation(cell.activation), kernel, cell.width, depths[-1]
    )
    found = {}
    for depth in depths:
        rms = two_modes.profiles(x, y, layers[:depth], kernel, cell.width, drawn)
        square = np.broadcast_to(np.arange(depth) > 0, (DRAWS, depth))
        found[depth] = {
            f"d_{name}": np.log(decay_factor(rows, square)) for name, rows in rms.items()
        }
    return found


def _rows(task: Task, stream: np.random.SeedSequence) -> tuple[Array, Array]:
    """Inputs (input, feature) and targets (input,) of a data sample's first training rows."""
    drawn = task.sample(stream)
    return drawn.x_train[:ROWS].astype(float), drawn.y_train[:ROWS, 0].astype(float)


Row = tuple[str, float, Standing, str]


def _limits(cell: Cell, square: Moments) -> Iterator[Row]:
    """Fixed point, chi and what follows from them."""
    if square.mean or not square.variance:
        return
    x, _ = _rows(cell.task, np.random.SeedSequence(0))
    start = (
        x.shape[1]
        * kernels.moments(cell.initializer, x.shape[1], cell.width).variance
        * float(np.mean(x**2))
    )
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
    """The typical factor of delta at one input: exact for normal kernels, near for others of
    independent entries."""
    slope = activations.negative_slope(cell.activation)
    if (
        slope is not None
        and square.mean == 0 < square.variance
        and cell.initializer.class_name != "Orthogonal"
    ):
        factor = finite_width.log_factor(cell.width, cell.width * square.variance, slope)
        yield (
            "d_delta_one_input",
            factor.typical,
            "exact" if kernels.is_gaussian(cell.initializer) else "approximation",
            ONE_INPUT,
        )


def _death(cell: Cell, square: Moments) -> Iterator[Row]:
    """The probability that the net is dead at one input."""
    if activations.dies(cell.activation) and square.mean == 0 < square.variance:
        yield "p_dead_one_input", finite_width.p_dead([cell.width] * cell.depth), "exact", DEATH
