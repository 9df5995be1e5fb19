"""What a study costs: core-seconds, memory, disk; and how many runs to stack.

The constants of a step were measured by `benchmarks/calibrate.py` on one core of an AMD EPYC with
AVX-512 (TensorFlow 2.21, November 2026): 38 stacks of depth 1-20, width 12-100, 2 or 64 inputs,
30-180 runs, up to three activations and two optimizers, within 11 % of every stack, 3 % at the root
mean square, and with `NARROW` 38 stacks of 5 and 8 units within 20 %, 8 % at the root mean square.
A wrong constant makes jobs uneven, never numbers wrong.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from heapq import heapreplace
from itertools import pairwise
from math import ceil

from vgstudy.cells import PROBE_SET, Cell, Run
from vgstudy.config.log import Log
from vgstudy.planning.portions import STEPS_AT_ONCE, is_narrow, probe_runs

# of the work of examples and updates, in lanes, where mixing activations takes nothing: the median
NARROW = 0.65
LAYER = 11e-6  # s per layer and optimizer step: starting operations
MIX_ACTIVATION = 4e-6  # s per layer, step and activation, if a stack has several
MIX_OPTIMIZER = 5e-6  # s per step and further optimizer
EXAMPLE = 20e-9  # s per run and example: gathering rows, loss
INPUT = 2.7e-9  # s per run, example and input: gathering and transposing rows
UNIT = 0.83e-9  # s per run, example and hidden unit: activations, forward and backward
PRODUCT = 21e-12  # s per run, example and kernel entry: matrix products, forward and backward
UPDATE = 230e-12  # s per run, parameter and unit of `UPDATE_WORK`
UPDATE_WORK: Mapping[str, float] = {"SGD": 1.0}
UPDATE_WORK_ELSE = 3.0  # Adam and its kin

PROBE = 4.5  # probing an example, in training steps per example: float64, every statistic
PROBE_LAYER = 1.2e-3  # s per probe, layer and activation of a stack: starting operations
TEST = 0.4  # testing a row, in training steps per example
STACK = 0.12  # s per stack: drawing, tracing
STACK_LAYER = 8e-3  # s per stack and layer: tracing
STACK_RUN = 0.7e-3  # s per run: drawing sample and kernels
START_UP = 4.0  # s per job: Python, importing TensorFlow, writing
TARGET = 75.0  # s of training per job, so that start-up stays near 5 %
WAVE = 8  # more jobs than that come in multiples of it, so that 2, 4 or 8 cores end together

# After training: CPU seconds of the stages of the four default studies (4 to 720 cells, 120 to
# 7,200 runs), each a process of its
# own, less a fifth for the other programs on the machine, 2026-11-21.
STUDY = 15.0  # s per study: the start-up of each step, pictures of any size
STUDY_CELL = 85e-3  # s per cell: theory's overlays, estimates, pictures
STUDY_RUN = 3.5e-3  # s per run: decay factors, estimates, prediction
REPORT = 15.0  # s of claims, report and Snakemake itself
CHECKS = 60.0  # s of the tables of coverage and conformance, made once

# bytes of activations, pre-activations and their gradients; larger ones slow a step by up to a half
WORKING_SET = 6_500_000
MIN_STACK = 32  # fewer are never faster
MAX_STACK = 256  # beyond this nothing is gained

BASE_BYTES = 1_100e6  # resident with TensorFlow imported, its first graphs made, and XLA
SEEN_BYTES = 44  # per run and example between two pauses: row numbers, logits, loss
PROBE_BYTES = 6 * 8  # per probed run, row and hidden unit: float64 activations, gradients, masks
SAMPLE_COPIES = 2  # of the task arrays while a stack is set up
FLAT_BYTES = (
    8 * 4 + 3 * 8
    # per run and parameter: values, gradient, optimizer state, copies; kernels at three probes, float64
)
PROBE_FLAT_BYTES = (
    13 * 8
)  # per probed run and parameter: kernels, gradients, and what their statistics take
PARAMETER_BYTES = 400_000_000  # of all parameters of a stack, at most; a single run may take more
PROBE_ROW, QUANTILES_ROW, CURVE_ROW, DECAY_ROW = (
    115,
    150,
    10,
    70,
)  # bytes of a compressed Parquet row

Groups = Sequence[
    tuple[Cell, int]
]  # of a stack: a cell of each activation and optimizer, and how many runs they have


def kernel_entries(cell: Cell) -> int:
    """Entries of all kernels of a run."""
    return cell.width * (cell.task.inputs + (cell.depth - 1) * cell.width + cell.task.outputs)


def parameters(cell: Cell) -> int:
    """Kernel entries and biases of a run."""
    return kernel_entries(cell) + cell.depth * cell.width + cell.task.outputs


def groups(runs: Iterable[Run]) -> Groups:
    """The runs of each activation and optimizer of a stack."""
    cells: dict[str, Cell] = {}
    counts: Counter[str] = Counter()
    for run in runs:
        cells[run.cell.id] = run.cell
        counts[run.cell.id] += 1
    sizes: Counter[str] = Counter()
    first: dict[str, Cell] = {}
    for id_, cell in cells.items():
        key = cell.activation.model_dump_json() + cell.optimizer.model_dump_json()
        sizes[first.setdefault(key, cell).id] += counts[id_]
    return [(cell, sizes[cell.id]) for cell in first.values()]


def batch_seconds(cell: Cell) -> float:
    """Seconds that the mini-batch of one run adds to a step of its stack, forward and backward."""
    units = UNIT * cell.depth * cell.width
    return cell.batch_size * (
        EXAMPLE + INPUT * cell.task.inputs + units + PRODUCT * kernel_entries(cell)
    )


def update_seconds(cell: Cell) -> float:
    """Seconds that the optimizer's update of one run adds to a step of its stack."""
    return UPDATE * UPDATE_WORK.get(cell.optimizer.class_name, UPDATE_WORK_ELSE) * parameters(cell)


def max_stack(cell: Cell) -> int:
    """The most runs of the cell's shape to stack: as many as keep the working set in the cache, and
    the parameters in memory."""
    working_set = 4 * (3 * cell.depth * cell.width + cell.task.inputs) * cell.batch_size
    fastest = max(MIN_STACK, min(MAX_STACK, WORKING_SET // working_set))
    return max(1, min(fastest, PARAMETER_BYTES // (parameters(cell) * FLAT_BYTES)))


def step_seconds(stack: Groups) -> float:
    """Seconds of one optimizer step of a stack."""
    depth = stack[0][0].depth
    activations = _activations(stack)
    optimizers = len({cell.optimizer.model_dump_json() for cell, _ in stack})
    one = stack[0][0]
    narrow = is_narrow(one.width, one.task.inputs, one.task.outputs, one.batch_size)
    mixing = MIX_ACTIVATION * depth * activations * (
        activations > 1 and not narrow
    ) + MIX_OPTIMIZER * (optimizers - 1)
    work = sum(runs * (batch_seconds(cell) + update_seconds(cell)) for cell, runs in stack)
    return LAYER * (depth + 1) + mixing + work * (NARROW if narrow else 1.0)


def _activations(stack: Groups) -> int:
    return len({cell.activation.model_dump_json() for cell, _ in stack})


def stack_seconds(stack: Groups, log: Log) -> float:
    """Seconds to set up, train, probe and test a stack."""
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
    """Examples that all probes of a run measure."""
    rows = log.probe_set(cell.task.train)
    return sum(
        len(epochs) * (rows if examples == PROBE_SET else cell.batch_size)
        for examples, epochs in log.probed.items()
    )


def stack_bytes(stack: Groups, log: Log) -> float:
    """Peak memory of the process that trains a stack, in bytes."""
    cell, count = stack[0][0], sum(runs for _, runs in stack)
    pauses = log.pauses(cell.epochs)
    longest = min(
        max(STEPS_AT_ONCE, cell.steps), max(b - a for a, b in pairwise(pauses)) * cell.steps
    )
    seen = count * longest * cell.batch_size * (SEEN_BYTES + 8 * (cell.task.outputs - 1))
    probed = log.probe_set(cell.task.train)
    of_run = probed * cell.width * cell.depth * PROBE_BYTES + parameters(cell) * PROBE_FLAT_BYTES
    probe = probe_runs(cell.depth, cell.width, probed) * of_run
    copies = 1 if cell.task.shared else count
    rows = (
        4
        * (2 * cell.task.train + cell.task.test)
        * (cell.task.inputs + cell.task.outputs)
        * copies
        * SAMPLE_COPIES
    )
    return BASE_BYTES + seen + probe + rows + count * parameters(cell) * FLAT_BYTES


def run_bytes(cell: Cell, log: Log) -> float:
    """Expected disk space of one run's rows of probes, curves and decays, in bytes; the zeros of a
    dead run take next to none."""
    probes = sum(map(len, log.probed.values()))
    row = (PROBE_ROW + (QUANTILES_ROW if log.quantiles else 0)) * (1 - dead_share(cell))
    return probes * (cell.depth + 1) * row + (cell.epochs + 1) * CURVE_ROW + probes * DECAY_ROW


def dead_share(cell: Cell) -> float:
    """Share of a ReLU cell's runs to expect dead; 0 for other activations.

    Taken to be 1 - (1 - 2^-width)^depth, the chance that one input switches off a whole layer of a
    net with symmetric kernels and no biases (Lu et al. 2020, Rister & Rubin 2020). All inputs
    together switch off fewer, training switches off more.
    """
    relu = cell.activation.class_name.lower() == "relu"
    return 1 - (1 - 2.0**-cell.width) ** cell.depth if relu else 0.0


def job_count(seconds: float) -> int:
    """Into how many jobs to pack so many seconds of training."""
    count = ceil(seconds / TARGET)
    return count if count <= WAVE else ceil(count / WAVE) * WAVE


def follow_seconds(cells: int, runs: int) -> float:
    """Core-seconds of what follows the training of a study: analysis and figures."""
    return STUDY + STUDY_CELL * cells + STUDY_RUN * runs


def wall_seconds(jobs: Iterable[float], cores: int) -> float:
    """Seconds until all jobs of so many training seconds are done on some cores, longest job first,
    one core each."""
    free = [0.0] * cores
    for seconds in sorted(jobs, reverse=True):
        heapreplace(free, free[0] + START_UP + seconds)
    return max(free)
