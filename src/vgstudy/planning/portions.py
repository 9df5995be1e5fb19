"""In which portions the engine computes a stack. Other than the constants of `cost`, these can
reach the last bits of numbers."""

from math import gcd

LANES = 16  # floats of the widest vector registers; see `groups` for what the engine does with it
# of a hidden layer, up to which nets train in lanes of vector registers; a matrix product is as
# fast beyond
NARROW_UNITS = 8
# inputs, outputs, or examples of a mini-batch: sums are written out term by term, which must be
# compiled
NARROW_TERMS = 64
# in one call of the engine's compiled loop, which holds row numbers and logits of all its mini-
# batches
STEPS_AT_ONCE = 160
PROBE_ENTRIES = (
    5 * 2**20
)  # float64 entries of all hidden layers that the engine probes at once: 40 MiB of each kind


def is_narrow(width: int, inputs: int, outputs: int, batch_size: int) -> bool:
    """Whether nets of so many units in a hidden layer, trained on such mini-batches, train in
    lanes."""
    examples = -(-batch_size // LANES) * LANES
    return width <= NARROW_UNITS and max(inputs, outputs, examples) <= NARROW_TERMS


def probe_runs(depth: int, width: int, examples: int) -> int:
    """How many runs of a shape the engine probes at once.

    As many as `PROBE_ENTRIES` allow, in multiples of `LANES`; of nets too large for that as few as
    give each elementwise operation a multiple of `LANES` entries.
    """
    entries = depth * width * examples
    fewest = LANES if LANES * entries <= PROBE_ENTRIES else LANES // gcd(LANES, examples)
    return fewest * max(1, PROBE_ENTRIES // (fewest * entries))
