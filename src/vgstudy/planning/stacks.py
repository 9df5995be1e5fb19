"""How many runs of equal shape are stacked, and how the engine splits a stack.

A stack is a set of runs of equal shape: task, depth, width, remedy, epochs, batch size and steps of
an epoch. Unlike the constants in `cost`, changing these can change the last bits of the results.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import ceil, gcd

from vgstudy.cells import Cell, KerasObject, Run, canonical_json

# equal in a stack
SHAPE = {"task", "depth", "width", "remedy", "epochs", "batch_size", "steps_per_epoch"}
# equal in a group of a stack
GROUP = {"activation", "optimizer", "rate_factor"}

# floats in the widest vector registers; `engine.groups` says what the engine does with it
LANES = 16
# units of a hidden layer up to which networks train in lanes of vector registers on processors with
# AVX-512; beyond it a matrix product is as fast
NARROW_UNITS = 8
# inputs, outputs or examples of a mini-batch up to which sums are written out term by term, which
# must be compiled
NARROW_TERMS = 64
# steps in one call of the compiled training loop, which holds row numbers and logits of all its
# mini-batches
STEPS_AT_ONCE = 160
# float64 entries of all hidden layers that the engine probes at once: 16 MiB of each kind
PROBE_ENTRIES = 2**21

# bytes of activations, pre-activations and their gradients; larger ones slow a step by up to a half
WORKING_SET = 6_500_000
# fewer runs are never faster
MIN_STACK = 32
# more runs gain nothing
MAX_STACK = 256
# bytes of all parameters of a stack, and of its samples, at most; a single run may take more
PARAMETER_BYTES = 400_000_000
SAMPLE_BYTES = 128 * 2**20
# of the sample in memory, where every run has one of its own, while a stack is set up
SAMPLE_COPIES = 2
# bytes per run and parameter: values, gradient, optimizer state, copies; kernels at three probes in
# float64
FLAT_BYTES = 8 * 4 + 3 * 8

# of each activation and optimizer in a stack: one of its cells, and its number of runs
Groups = Sequence[tuple[Cell, int]]


def is_narrow(
    width: int, inputs: int, outputs: int, batch_size: int, units: int = NARROW_UNITS
) -> bool:
    """Return whether networks of this shape train in lanes of vector registers, if those of up to
    `units` do."""
    examples = -(-batch_size // LANES) * LANES
    return width <= units and max(inputs, outputs, examples) <= NARROW_TERMS


def probe_runs(depth: int, width: int, examples: int) -> int:
    """Return how many runs of a shape the engine probes at once.

    As many as `PROBE_ENTRIES` allow, in multiples of `LANES`; of networks too large for that, as
    few as give each elementwise operation a multiple of `LANES` entries.
    """
    entries = depth * width * examples
    fewest = LANES if LANES * entries <= PROBE_ENTRIES else LANES // gcd(LANES, examples)
    return fewest * max(1, PROBE_ENTRIES // (fewest * entries))


def kernel_entries(cell: Cell) -> int:
    """Return the number of entries of all kernels of a run."""
    return cell.width * (cell.task.inputs + (cell.depth - 1) * cell.width + cell.task.outputs)


def parameters(cell: Cell) -> int:
    """Return the number of kernel entries and biases of a run."""
    return kernel_entries(cell) + cell.depth * cell.width + cell.task.outputs


def max_stack(cell: Cell) -> int:
    """Return the largest number of runs of the cell's shape to stack.

    As many as keep the working set in the cache and the parameters and samples in memory, in
    multiples of `LANES`, so that none is left empty.
    """
    working_set = 4 * (3 * cell.depth * cell.width + cell.task.inputs) * cell.batch_size
    most = min(MAX_STACK, WORKING_SET // working_set)
    if not cell.task.shared:
        most = min(most, SAMPLE_BYTES // sample_bytes(cell))
    fastest = max(MIN_STACK, most) // LANES * LANES
    return max(1, min(fastest, PARAMETER_BYTES // (parameters(cell) * FLAT_BYTES)))


def sample_bytes(cell: Cell) -> int:
    """Return the bytes of a run's training rows, probe set and test rows, while it is set up."""
    columns = cell.task.inputs + cell.task.outputs
    return 4 * (2 * cell.task.train + cell.task.test) * columns * SAMPLE_COPIES


def groups(runs: Iterable[Run]) -> Groups:
    """Count the runs of each activation and optimizer of a stack."""
    first: dict[tuple[KerasObject, KerasObject], Cell] = {}
    sizes: Counter[str] = Counter()
    for run in runs:
        cell = first.setdefault((run.cell.activation, run.cell.optimizer), run.cell)
        sizes[cell.id] += 1
    return [(cell, sizes[cell.id]) for cell in first.values()]


def stack(runs: Iterable[Run]) -> list[list[Run]]:
    """Put runs of equal shape together, at most `max_stack` in each stack.

    The runs of one activation and optimizer are split evenly only if they are too many for one
    stack; otherwise stacks hold as many whole groups of them as fit.
    """
    keys: dict[str, tuple[str, str]] = {}
    shapes: dict[str, dict[str, list[Run]]] = {}
    for run in runs:
        if run.cell.id not in keys:
            keys[run.cell.id] = _fields(run.cell, SHAPE), _fields(run.cell, GROUP)
        shape, group = keys[run.cell.id]
        shapes.setdefault(shape, {}).setdefault(group, []).append(run)
    return [filled for by_group in shapes.values() for filled in _filled(by_group.values())]


def _fields(cell: Cell, names: set[str]) -> str:
    return canonical_json(cell.model_dump(mode="json", include=names))


def _filled(runs_of_groups: Iterable[list[Run]]) -> list[list[Run]]:
    stacks: list[list[Run]] = []
    for group in runs_of_groups:
        largest = max_stack(group[0].cell)
        count = ceil(len(group) / largest)
        ends = [len(group) * part // count for part in range(count + 1)]
        for part in (group[begin:end] for begin, end in pairwise(ends)):
            if stacks and len(stacks[-1]) + len(part) <= largest:
                stacks[-1].extend(part)
            else:
                stacks.append(part)
    return stacks
