"""Measure on one core the constants of a step in `vgstudy.planning.cost`: `python
benchmarks/calibrate.py`, two minutes.

Each stack trains 10 epochs of two circles or digits, best of three; non-negative least squares on
the relative error of the time per step. `NARROW` is the share of the work in lanes: without the
starting of operations, the median over stacks of narrow nets.
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from scipy.optimize import nnls

from vgstudy.cells import Cell, Run
from vgstudy.engine.train import Stack
from vgstudy.planning import cost, stacks
from vgstudy.planning.stacks import is_narrow

ACTIVATIONS, OPTIMIZERS = ("tanh", "relu", "sigmoid"), ("SGD", "Adam")
CIRCLES, DIGITS = {"name": "circles"}, {"name": "digits"}
SHAPES = [(CIRCLES, depth, width) for width in (5, 8, 12, 25) for depth in (1, 5, 10, 20)]
SHAPES += [(CIRCLES, 3, 100), (DIGITS, 1, 25), (DIGITS, 5, 25)]
MIXES = [
    (1, 1, 30),
    (1, 2, 60),
    (3, 1, 90),
    (3, 2, 180),
    (1, 1, 90),
]  # activations, optimizers, runs
NAMES = (
    "LAYER",
    "MIX_ACTIVATION",
    "MIX_OPTIMIZER",
    "EXAMPLE",
    "INPUT",
    "UNIT",
    "PRODUCT",
    "UPDATE",
)


def cell(task: dict[str, str], depth: int, width: int, activation: str, optimizer: str) -> Cell:
    """500 epochs of batch 32."""
    levels = {"activation": activation, "initializer": "HeUniform", "optimizer": optimizer}
    fields = {"task": task, "depth": depth, "width": width, "epochs": 500, "batch_size": 32}
    return Cell.model_validate(
        {**fields, **{factor: {"class_name": name} for factor, name in levels.items()}}
    )


def seconds_per_step(cells: list[Cell], runs: int) -> float:
    """Best of three."""
    stack = Stack([Run(cell=one, seed=seed) for one in cells for seed in range(runs // len(cells))])
    stack.advance(1)
    times = []
    for _ in range(3):
        begin = time.process_time()
        stack.advance(10)
        times.append(time.process_time() - begin)
    return min(times) / (10 * cells[0].steps)


def features(cells: list[Cell], runs: int) -> list[float]:
    """What each constant is multiplied with in `cost.step_seconds`."""
    one, share = cells[0], runs / len(cells)
    activations, optimizers = (
        len({getattr(c, f).class_name for c in cells}) for f in ("activation", "optimizer")
    )
    examples = runs * one.batch_size
    work = sum(
        share * cost.UPDATE_WORK.get(c.optimizer.class_name, cost.UPDATE_WORK_ELSE) for c in cells
    )
    mixing = one.depth * activations * (activations > 1)
    per_unit = one.task.inputs, one.depth * one.width, stacks.kernel_entries(one)
    per_example = (examples, *(examples * number for number in per_unit))
    return [one.depth + 1, mixing, optimizers - 1, *per_example, work * stacks.parameters(one)]


def main() -> None:
    """Measure, fit, print."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rows, times, narrow = [], [], []
    for task, depth, width in SHAPES:
        for activations, optimizers, runs in MIXES:
            cells = [
                cell(task, depth, width, a, o)
                for a in ACTIVATIONS[:activations]
                for o in OPTIMIZERS[:optimizers]
            ]
            if runs > stacks.max_stack(cells[0]):
                continue
            rows.append(features(cells, runs))
            times.append(seconds_per_step(cells, runs))
            one = cells[0]
            narrow.append(is_narrow(width, one.task.inputs, one.task.outputs, one.batch_size))
            net = f"{task['name']} {depth:2d} x {width:<3d}"
            mixed = f"{activations} activations, {optimizers} optimizers, {runs:3d} runs"
            milliseconds = times[-1] * 8000 / runs * 1e3
            print(
                f"{net} {mixed} {milliseconds:7.1f} ms per run and 8,000 steps",
                flush=True,
            )
    lanes = np.array(narrow)
    matrix, measured = np.array(rows)[~lanes], np.array(times)[~lanes]
    scale = matrix.max(axis=0)
    constants = nnls(matrix / scale / measured[:, None], np.ones(len(measured)))[0] / scale
    error = matrix @ constants / measured - 1
    for name, value in zip(NAMES, constants, strict=True):
        print(f"{name} = {value:.2g}")
    starts = [NAMES.index("LAYER"), NAMES.index("MIX_OPTIMIZER")]
    work = [
        i
        for i, name in enumerate(NAMES)
        if name not in ("LAYER", "MIX_ACTIVATION", "MIX_OPTIMIZER")
    ]
    own = np.array(rows)[lanes]
    shares = (np.array(times)[lanes] - own[:, starts] @ constants[starts]) / (
        own[:, work] @ constants[work]
    )
    span = f"{shares.min():.2f} to {shares.max():.2f}"
    print(f"NARROW = {np.median(shares):.2f}, {span} in {len(shares)} stacks")
    largest, rms = np.abs(error).max(), np.sqrt(np.mean(error**2))
    print(f"relative error: largest {largest:.0%}, root mean square {rms:.0%}")


if __name__ == "__main__":
    main()
