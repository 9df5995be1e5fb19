"""Every published number of docs/theory.md, recomputed by the product's own code beside the
published one."""

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from vgstudy.store.logs import write_table
from vgstudy.validation import laws, networks, nielsen
from vgstudy.validation.check import Check, columns


def checks() -> Iterator[Check]:
    """Every check: laws, networks before training, MNIST."""
    for part in (laws, networks, nielsen):
        yield from part.checks()


def write_conformance(results: Path) -> list[Check]:
    """Write `results/conformance.parquet`; the checks in it."""
    tf.get_logger().setLevel(
        "ERROR"
    )  # every kernel's shape is a graph of its own, of which TensorFlow warns
    found = list(checks())
    write_table("conformance", columns(found), results / "conformance.parquet", {})
    return found
