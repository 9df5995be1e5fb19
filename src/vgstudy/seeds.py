"""Random streams: one per (cell, seed, purpose), none shared, no arithmetic on seeds."""

import struct

import numpy as np

from vgstudy.cells import Cell

PURPOSES = {"sample": 0, "kernels": 1, "batches": 2}


def stream(cell: Cell, seed: int, purpose: str) -> np.random.SeedSequence:
    """The seed sequence of one purpose of one run.

    Its spawn key is the cell's digest (eight 32-bit words), the seed and the purpose, so that two
    cells, two seeds or two purposes never share a stream and a run's stream does not depend on what
    else the study contains.

    Raises
    ------
    KeyError
        If `purpose` is not one of `PURPOSES`.
    """
    key = (*struct.unpack(">8I", cell.digest), seed, PURPOSES[purpose])
    return np.random.SeedSequence(cell.study_seed, spawn_key=key)
