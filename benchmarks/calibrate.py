"""Measure the constants of `vgstudy.plan.cost` on one core and print them: `python benchmarks/calibrate.py`, two minutes.

Each stack trains 10 epochs of two circles, best of three; non-negative least squares on the relative error of the time per step.
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from scipy.optimize import nnls

from vgstudy.cells import Cell, Run
from vgstudy.engine.train import Stack
from vgstudy.plan import cost

ACTIVATIONS, OPTIMIZERS = ("tanh", "relu", "sigmoid"), ("SGD", "Adam")
SHAPES = [(depth, 5) for depth in (1, 5, 10, 20)] + [(depth, 25) for depth in (1, 5, 10, 20)] + [(3, 100)]
MIXES = [(1, 1, 30), (1, 2, 60), (3, 1, 90), (3, 2, 180), (1, 1, 90)]  # activations, optimizers, runs
NAMES = ("LAYER", "MIX_ACTIVATION", "MIX_OPTIMIZER", "EXAMPLE", "UNIT", "PRODUCT", "UPDATE")


def cell(depth: int, width: int, activation: str, optimizer: str) -> Cell:
    """Two circles, 500 epochs of batch 32."""
    levels = {"activation": activation, "initializer": "HeUniform", "optimizer": optimizer}
    fields = {"task": {"name": "circles"}, "depth": depth, "width": width, "epochs": 500, "batch_size": 32}
    return Cell.model_validate({**fields, **{factor: {"class_name": name} for factor, name in levels.items()}})


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
    activations, optimizers = (len({getattr(c, f).class_name for c in cells}) for f in ("activation", "optimizer"))
    examples = runs * one.batch_size
    work = sum(share * cost.UPDATE_WORK.get(c.optimizer.class_name, cost.UPDATE_WORK_ELSE) for c in cells)
    mixing = one.depth * activations * (activations > 1)
    per_example = (examples, examples * one.depth * one.width, examples * cost.kernel_entries(one))
    return [one.depth + 1, mixing, optimizers - 1, *per_example, work * cost.parameters(one)]


def main() -> None:
    """Measure, fit, print."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rows, times = [], []
    for depth, width in SHAPES:
        for activations, optimizers, runs in MIXES:
            cells = [cell(depth, width, a, o) for a in ACTIVATIONS[:activations] for o in OPTIMIZERS[:optimizers]]
            if runs > cost.max_stack(cells[0]):
                continue
            rows.append(features(cells, runs))
            times.append(seconds_per_step(cells, runs))
            print(f"{depth:3d} x {width:<3d} {activations} activations {optimizers} optimizers {runs:3d} runs", end=" ")
            print(f"{times[-1] * 8000 / runs * 1e3:7.1f} ms per run and 500 epochs", flush=True)
    matrix, measured = np.array(rows), np.array(times)
    scale = matrix.max(axis=0)
    constants = nnls(matrix / scale / measured[:, None], np.ones(len(measured)))[0] / scale
    error = matrix @ constants / measured - 1
    for name, value in zip(NAMES, constants, strict=True):
        print(f"{name} = {value:.2g}")
    print(f"relative error: largest {np.abs(error).max():.0%}, root mean square {np.sqrt(np.mean(error**2)):.0%}")


if __name__ == "__main__":
    main()
