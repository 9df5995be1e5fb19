"""Random streams: one for each purpose of a run, without arithmetic on seeds.

Seeds 0 to 99 belong to the tutorials' studies, 100 to 199 to their confirmation, 200 to 299 to the
claims at five learning rates, 300 and up to the other studies of remedies.
"""

import struct

import numpy as np

from vgstudy.cells import Cell

PURPOSES = {"sample": 0, "kernels": 1, "batches": 2, "directions": 3}


def stream(cell: Cell, seed: int, purpose: str) -> np.random.SeedSequence:
    """Return the seed sequence of one purpose of one run.

    Its spawn key is the cell's stream key (eight 32-bit words), the seed and the purpose. So two
    seeds or two purposes never share a stream, two cells share one only if they are declared to,
    and a run's stream does not depend on what else the study contains.

    Raises
    ------
    KeyError
        If `purpose` is not one of `PURPOSES`.
    """
    key = (*struct.unpack(">8I", cell.stream_key), seed, PURPOSES[purpose])
    return np.random.SeedSequence(cell.study_seed, spawn_key=key)
