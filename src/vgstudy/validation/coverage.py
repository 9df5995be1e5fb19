"""Do the intervals cover what they claim? Every procedure offered, simulated on truths that are
known."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vgstudy.store.logs import write_table
from vgstudy.validation import areas, means, shares, tests
from vgstudy.validation.labels import labelled
from vgstudy.validation.trials import Trial, row

SEED = 20261121
Simulation = Callable[[int, np.random.Generator], Iterator[Trial]]
SIMULATIONS: Mapping[str, Simulation] = {
    "one sample": means.one_sample,
    "outcomes": means.outcomes,
    "two samples": means.two_samples,
    "shares": shares.shares,
    "depths": shares.depths,
    "false findings": tests.false_findings,
    "variances": tests.variances,
    "areas": areas.areas,
    "misfits": shares.misfits,  # a new one comes last: the streams of the others stay
}


def rows(repetitions: int, names: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Rows of `coverage`, of the named simulations or of all; each has a stream of its own."""
    streams = np.random.SeedSequence(SEED).spawn(len(SIMULATIONS))
    chosen = set(names) or set(SIMULATIONS)
    found = zip(SIMULATIONS.items(), streams, strict=True)
    return labelled(
        row(each)
        for (name, simulate), stream in found
        if name in chosen
        for each in simulate(repetitions, np.random.default_rng(stream))
    )


def write_coverage(results: Path, repetitions: int) -> list[dict[str, Any]]:
    """Write `results/coverage.parquet`, the number of repetitions in its footer; the rows in it."""
    listed = rows(repetitions)
    columns = {name: [each[name] for each in listed] for name in listed[0]}
    write_table("coverage", columns, results / "coverage.parquet", {"repetitions": repetitions})
    return listed
