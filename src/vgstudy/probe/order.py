"""Which kernels follow each other and which are parallel, read off the graph of a forward pass."""

from collections.abc import Iterable, Mapping
from typing import Any

# operations that hold a graph of their own
CALLING = {
    "PartitionedCall",
    "StatefulPartitionedCall",
    "If",
    "StatelessIf",
    "While",
    "StatelessWhile",
}
OF_SHAPES = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}

Place = tuple[int, frozenset[int]]


def places(
    operations: Iterable[Any], inputs: Iterable[str], kernels: Mapping[str, int], ranks: list[int]
) -> dict[int, Place]:
    """Return stage and sources of each kernel that meets data in a graph.

    The sources of a kernel are those whose product with data reaches its own past no other kernel;
    in a plain chain there is one at most. Its stage is 1 more than the largest stage of its
    sources, so that parallel branches share stages. Inside a loop or a function that the graph
    calls, stages follow `ranks`.

    Parameters
    ----------
    operations
        Those of the forward pass, in the order in which they can run.
    inputs
        The names of the operations that give the model's inputs.
    kernels
        The number of each kernel, by the name of the operation that gives its value.
    ranks
        For each kernel, the rank of its layer in the order of the first calls.
    """
    found: dict[int, Place] = {}
    sources = {name: frozenset[int]() for name in inputs}
    # kernels in tensors that hold no data yet
    alone = {name: frozenset([number]) for name, number in kernels.items()}
    for operation in operations:
        if operation.type in OF_SHAPES or operation.name in sources or operation.name in alone:
            continue
        names = [tensor.op.name for tensor in operation.inputs]
        met = frozenset[int]().union(*(alone.get(name, ()) for name in names))
        if not any(name in sources for name in names):
            alone[operation.name] = met
            continue
        below = frozenset[int]().union(*(sources.get(name, ()) for name in names))
        first = 1 + max((found[number][0] for number in below), default=0)
        steps = sorted({ranks[number] for number in met}) if operation.type in CALLING else []
        for number in met - found.keys():
            step = steps.index(ranks[number]) if steps else 0
            found[number] = first + step, below
        sources[operation.name] = met or below
    return found
