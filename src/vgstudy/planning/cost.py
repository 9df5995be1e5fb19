"""What a study costs, core-seconds, memory and disk space; jobs of about equal cost.

The constants of a step were measured by `benchmarks/calibrate.py` on one core of an AMD EPYC with
AVX-512 (TensorFlow 2.21, November 2026): 38 stacks of depth 1-20, width 12-100, 2 or 64 inputs,
30-180 runs, up to three activations and two optimizers, within 11 % of every stack, 3 % at the root
mean square, and with `NARROW` 38 stacks of 5 and 8 units within 20 %, 8 % at the root mean square.
A wrong constant makes jobs uneven, never numbers wrong.
"""

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush, heapreplace
from itertools import pairwise
from math import ceil

from vgstudy.cells import Cell, Run
from vgstudy.config.log import Log
from vgstudy.planning.stacks import (
    FLAT_BYTES,
    STEPS_AT_ONCE,
    Groups,
    groups,
    is_narrow,
    kernel_entries,
    parameters,
    probe_runs,
    sample_bytes,
)
from vgstudy.remedies import NO_REMEDY, Remedy
from vgstudy.schema import PROBE_SET

# Seconds of a training step.
# of the work of examples and updates, in lanes, where mixing activations takes nothing: the median
NARROW = 0.65
# of the work of units with a remedy, by automatic differentiation, where layers are normalised or
# gradients rescaled in float64 (6 to 13 on stacks of 10 to 128 units), and where not (3 to 5)
NORMALIZED, REMEDIED = 9.0, 4.0
LAYER = 11e-6  # per layer and optimizer step: starting operations
MIX_ACTIVATION = 4e-6  # per layer, step and activation, if a stack has several
MIX_OPTIMIZER = 5e-6  # per step and further optimizer or rate
EXAMPLE = 20e-9  # per run and example: gathering rows, loss
INPUT = 2.7e-9  # per run, example and input: gathering and transposing rows
UNIT = 0.83e-9  # per run, example and hidden unit: activations, forward and backward
PRODUCT = 21e-12  # per run, example and kernel entry: matrix products, forward and backward
UPDATE = 230e-12  # per run, parameter and unit of `UPDATE_WORK`
UPDATE_WORK: Mapping[str, float] = {"SGD": 1.0}
UPDATE_WORK_ELSE = 3.0  # Adam and its kin

# Seconds of a job.
PROBE = 4.5  # probing an example, in training steps per example: float64, every statistic
PROBE_LAYER = 1.2e-3  # per probe, layer and activation of a stack: starting operations
TEST = 0.4  # testing a row, in training steps per example
STACK = 0.12  # per stack: drawing, tracing
STACK_LAYER = 8e-3  # per stack and layer: tracing
STACK_RUN = 0.7e-3  # per run: drawing sample and kernels
START_UP = 4.0  # per job: Python, importing TensorFlow, writing
TARGET = 75.0  # of training per job, so that start-up stays near 5 %
WAVE = 8  # more jobs than that come in multiples of it, so that 2, 4 or 8 cores end together

# Seconds after training: CPU seconds of the stages of the four default studies (4 to 720 cells,
# 120 to 7,200 runs), each a process of its own, less a fifth for the other programs on the machine,
# 2026-11-21.
STUDY = 15.0  # per study: the start-up of each step, figures of any size
STUDY_CELL = 85e-3  # per cell: theory's overlays, estimates, figures
STUDY_RUN = 3.5e-3  # per run: decay factors, estimates
REPORT = 15.0  # claims, report and Snakemake itself

# Bytes of memory.
BASE_BYTES = 1_100e6  # resident with TensorFlow imported, its first graphs made, and XLA
SEEN_BYTES = 44  # per run and example between two pauses: row numbers, logits, loss
PROBE_BYTES = 6 * 8  # per probed run, row and hidden unit: float64 activations, gradients, masks
# per probed run and parameter: kernels, gradients, and what their statistics take
PROBE_FLAT_BYTES = 13 * 8

# Bytes of a compressed Parquet row.
PROBE_ROW, QUANTILES_ROW, CURVE_ROW, DECAY_ROW = 115, 150, 10, 70
NORM = 8  # per layer in a row of curves


def batch_seconds(cell: Cell) -> float:
    """Return the seconds that one run's mini-batch adds to a step, forward and backward."""
    units = UNIT * cell.depth * cell.width * _remedied(cell.remedy)
    return cell.batch_size * (
        EXAMPLE + INPUT * cell.task.inputs + units + PRODUCT * kernel_entries(cell)
    )


def _remedied(remedy: Remedy) -> float:
    """Return the work of units in units of a plain network's."""
    if remedy == NO_REMEDY:
        return 1.0
    return NORMALIZED if remedy.normalization or remedy.rescaling else REMEDIED


def update_seconds(cell: Cell) -> float:
    """Return the seconds that the optimizer's update of one run adds to a step."""
    return UPDATE * UPDATE_WORK.get(cell.optimizer.class_name, UPDATE_WORK_ELSE) * parameters(cell)


def step_seconds(stack: Groups) -> float:
    """Return the seconds of one optimizer step of a stack."""
    one = stack[0][0]
    depth = one.depth
    activations = _activations(stack)
    optimizers = len({(cell.optimizer, cell.rate_factor) for cell, _ in stack})
    shape = one.width, one.task.inputs, one.task.outputs, one.batch_size
    narrow = one.remedy == NO_REMEDY and is_narrow(*shape)
    mixing = MIX_ACTIVATION * depth * activations * (
        activations > 1 and not narrow
    ) + MIX_OPTIMIZER * (optimizers - 1)
    work = sum(runs * (batch_seconds(cell) + update_seconds(cell)) for cell, runs in stack)
    return LAYER * (depth + 1) + mixing + work * (NARROW if narrow else 1.0)


def _activations(stack: Groups) -> int:
    return len({cell.activation for cell, _ in stack})


def stack_seconds(stack: Groups, log: Log) -> float:
    """Return the seconds to set up, train, probe and test a stack."""
    cell = stack[0][0]
    tested = cell.task.test * len(log.test_epochs(cell.epochs))
    steps = (
        cell.epochs * cell.steps + (PROBE * _probed(cell, log) + TEST * tested) / cell.batch_size
    )
    set_up = STACK + STACK_LAYER * (cell.depth + 1) + STACK_RUN * sum(runs for _, runs in stack)
    probes = (
        sum(map(len, log.probed.values())) * PROBE_LAYER * (cell.depth + 1) * _activations(stack)
    )
    return set_up + probes + steps * step_seconds(stack)


def _probed(cell: Cell, log: Log) -> int:
    """Return the number of examples that all probes of a run measure."""
    rows = log.probe_set(cell.task.train)
    return sum(
        len(epochs) * (rows if examples == PROBE_SET else cell.batch_size)
        for examples, epochs in log.probed.items()
    )


def stack_bytes(stack: Groups, log: Log) -> float:
    """Return the peak memory of the process that trains a stack, in bytes."""
    cell, count = stack[0][0], sum(runs for _, runs in stack)
    pauses = log.pauses(cell.epochs)
    longest = min(
        max(STEPS_AT_ONCE, cell.steps), max(b - a for a, b in pairwise(pauses)) * cell.steps
    )
    seen = count * longest * cell.batch_size * (SEEN_BYTES + 8 * (cell.task.outputs - 1))
    probed = log.probe_set(cell.task.train)
    of_run = probed * cell.width * cell.depth * PROBE_BYTES + parameters(cell) * PROBE_FLAT_BYTES
    probe = probe_runs(cell.depth, cell.width, probed) * of_run
    rows = sample_bytes(cell) * (1 if cell.task.shared else count)
    return BASE_BYTES + seen + probe + rows + count * parameters(cell) * FLAT_BYTES


def run_bytes(cell: Cell, log: Log) -> float:
    """Return the expected disk space of one run's rows in probes, curves and decays, in bytes.

    The zeros of a dead run take next to none.
    """
    probes = sum(map(len, log.probed.values()))
    row = (PROBE_ROW + (QUANTILES_ROW if log.quantiles else 0)) * (1 - dead_share(cell))
    curve_row = CURVE_ROW + (NORM * (cell.depth + 1) if log.weight_l1 else 0)
    return probes * (cell.depth + 1) * row + (cell.epochs + 1) * curve_row + probes * DECAY_ROW


def dead_share(cell: Cell) -> float:
    """Return the share of a ReLU cell's runs to expect dead; 0 for other activations.

    Taken to be 1 - (1 - 2^-width)^depth, the probability that one input switches off a whole layer
    of a network with symmetric kernels and no biases (Lu et al. 2020, Rister & Rubin 2020). All
    inputs together switch off fewer, training switches off more.
    """
    relu = cell.activation.class_name.lower() == "relu"
    return 1 - (1 - 2.0**-cell.width) ** cell.depth if relu else 0.0


def job_count(seconds: float) -> int:
    """Return the number of jobs to pack this many seconds of training into."""
    count = ceil(seconds / TARGET)
    return count if count <= WAVE else ceil(count / WAVE) * WAVE


def pack(stacks: Sequence[list[Run]], log: Log) -> list[list[Run]]:
    """Put whole stacks into jobs of about `TARGET` seconds.

    The longest stack first, each into the job with the least work so far.
    """
    seconds = [stack_seconds(groups(stack), log) for stack in stacks]
    bins = [(0.0, number) for number in range(min(len(stacks), job_count(sum(seconds))))]
    chosen: list[list[int]] = [[] for _ in bins]
    for index in sorted(range(len(stacks)), key=lambda i: (-seconds[i], i)):
        load, number = heappop(bins)
        chosen[number].append(index)
        heappush(bins, (load + seconds[index], number))
    return [[run for index in sorted(indices) for run in stacks[index]] for indices in chosen]


def analysis_seconds(cells: int, runs: int) -> float:
    """Return the core-seconds of what follows the training of a study: analysis and figures."""
    return STUDY + STUDY_CELL * cells + STUDY_RUN * runs


def wall_seconds(jobs: Iterable[float], cores: int) -> float:
    """Return the seconds until all jobs are done, longest job first, one core each.

    Parameters
    ----------
    jobs
        Seconds of training of each job, without start-up.
    """
    free = [0.0] * cores
    for seconds in sorted(jobs, reverse=True):
        heapreplace(free, free[0] + START_UP + seconds)
    return max(free)
