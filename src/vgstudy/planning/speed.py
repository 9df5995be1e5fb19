"""How fast this machine is, and how busy: the factor for predicted times."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from vgstudy.config.log import Log
from vgstudy.errors import UserError
from vgstudy.formatting import number, plural
from vgstudy.planning import cost, manifests
from vgstudy.planning.stacks import groups, stack
from vgstudy.store.parquet import read_footer
from vgstudy.store.tables import job_path

# newest jobs of any study that are looked at
JOBS = 8
# the networks that NumPy trains to measure the speed
RUNS, EXAMPLES, DEPTH, WIDTH = 60, 32, 10, 25
# CPU seconds of one of their steps where training takes what `cost` says: between .72e-3, right on
# a busy AMD processor, and .89e-3, right on an idle Intel one
STEP = 0.8e-3
# wall seconds of measuring
MEASURING = 0.7


@dataclass(frozen=True)
class Speed:
    """The factor for predicted times.

    Attributes
    ----------
    slowness
        CPU time that training takes over what `cost` says.
    share
        Part of a core's time that a job gets while other programs run.
    source
        What the slowness stands on, in words.
    """

    slowness: float = 1.0
    share: float = 1.0
    source: str = "at the calibrated speed, until a job is trained here"

    @property
    def wall(self) -> float:
        """Wall time over what `cost` says."""
        return self.slowness / self.share

    @property
    def sentence(self) -> str:
        """What the times stand on."""
        if self.share > 0.95:
            return self.source
        return f"{self.source}; other programs leave {self.share:.0%} of each core"


def read_speed(results: Path, cores: int | None) -> Speed:
    """Return the speed of the newest trained jobs in a folder of results, else the measured one.

    Parameters
    ----------
    cores
        Cores of this machine that run jobs; None if other machines run them, of which only trained
        jobs say anything.
    """
    trained = sorted(results.glob("*/curves/*.parquet"), key=lambda path: path.stat().st_mtime)
    took = list(_took(trained[-JOBS:]))
    now = measured_speed(cores) if cores else Speed()
    if not took:
        return now
    measured, predicted = (sum(each) for each in zip(*took, strict=True))
    slowness = measured / predicted
    jobs = plural(len(took), "job")
    source = f"the last {jobs} trained here took {number(slowness)} times the calibrated time"
    return Speed(slowness, now.share, source)


def _took(paths: list[Path]) -> Iterator[tuple[float, float]]:
    """Yield CPU seconds of training, measured and predicted, of each job that can be read."""
    for path in paths:
        study = path.parent.parent
        try:
            spent = read_footer(job_path(study, "curves", path.stem))["cost"]
            manifest = manifests.read(study / "jobs" / f"{path.stem}.json")
            runs, log = manifests.runs_of(manifest), Log.model_validate(manifest["log"])
        except (UserError, ValidationError, KeyError):
            continue
        predicted = sum(cost.stack_seconds(groups(stacked), log) for stacked in stack(runs))
        yield spent["cpu_seconds"] - spent["start_up_cpu_seconds"], predicted


def measured_speed(cores: int) -> Speed:
    """Return the speed at which NumPy trains networks now, on all cores at once, for `MEASURING`
    seconds."""
    with ThreadPoolExecutor(cores) as threads:
        times = list(threads.map(_train, [time.perf_counter() + MEASURING] * cores))
    steps, cpu, wall = (sum(each) for each in zip(*times, strict=True))
    slowness = cpu / steps / STEP
    source = f"measured just now: {number(slowness)} times the calibrated time"
    return Speed(slowness, min(1.0, cpu / wall), source)


def _train(end: float) -> tuple[int, float, float]:
    """Train plain tanh networks until a time of `perf_counter`; return the steps, their CPU seconds
    and their wall seconds. The first step warms up and does not count."""
    rng = np.random.default_rng(0)
    kernels = rng.standard_normal((DEPTH, RUNS, WIDTH, WIDTH), dtype=np.float32) / 5
    x = rng.standard_normal((RUNS, EXAMPLES, WIDTH), dtype=np.float32)
    _step(kernels, x)
    steps, cpu, wall = 0, time.thread_time(), time.perf_counter()
    while not steps or time.perf_counter() < end:
        _step(kernels, x)
        steps += 1
    return steps, time.thread_time() - cpu, time.perf_counter() - wall


def _step(kernels: np.ndarray, x: np.ndarray) -> None:
    """Take a step of gradient descent with all kernels, axes (layer, run, input, unit)."""
    signals = [x]
    for kernel in kernels:
        signals.append(np.tanh(signals[-1] @ kernel))
    delta = signals.pop()
    for kernel in kernels[::-1]:
        signal = signals.pop()
        gradient = signal.swapaxes(1, 2) @ delta
        delta = (delta @ kernel.swapaxes(1, 2)) * (1 - signal**2)
        kernel -= 1e-6 * gradient
