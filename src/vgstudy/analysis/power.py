"""Power of the exact tests over strata: which odds ratios the tests of a study can find, known
before anything is trained."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from math import isinf
from typing import Any

import numpy as np

from vgstudy.analysis.intervals import ALPHA
from vgstudy.analysis.strata import Strata, detectable
from vgstudy.formatting import plural
from vgstudy.schema import FACTORS

Levels = tuple[Any, ...]


@dataclass(frozen=True)
class Family:
    """The tests of one contrast that are corrected together.

    Attributes
    ----------
    factor, reference
        What is compared with what.
    tests
        Number of tests.
    depths, seeds
        Fewest depths of a test; seeds of each cell.
    """

    factor: str
    reference: str
    tests: int
    depths: int
    seeds: int

    @property
    def odds_ratio(self) -> float:
        """The odds ratio that each test finds with 80 % power if the share of runs that learn falls
        evenly from the shallowest depth to the deepest; infinite if none.

        By Holm's first step, which divides the level by the number of tests.
        """
        runs = np.full(self.depths, self.seeds)
        share = 1 - (np.arange(self.depths) + 0.5) / self.depths
        total = np.rint(2 * runs * share).astype(int)
        learned = np.minimum(total, runs)
        strata = Strata.of(learned, runs, total - learned, runs)
        return detectable(strata, ALPHA / self.tests)

    @property
    def too_small(self) -> bool:
        """Whether the seeds find no odds ratio."""
        return isinf(self.odds_ratio)

    @property
    def seeds_needed(self) -> int:
        """The fewest seeds that find some odds ratio."""
        return next(n for n in count(1) if not replace(self, seeds=n).too_small)


def families(
    cells: Iterable[Levels], seeds: int, declared: Iterable[Mapping[str, Any]]
) -> Iterator[Family]:
    """Yield the families of tests over all depths that a study declares.

    Parameters
    ----------
    cells
        Levels of each cell, in the order of `FACTORS`.
    declared
        The study's contrasts: `factor`, the level that is its `reference`, and `quantities`.
    """
    levels = set(cells)
    for contrast in declared:
        factor, reference = contrast["factor"], contrast["reference"]
        if factor == "depth" or "p_learned" not in contrast["quantities"]:
            continue
        at = FACTORS.index(factor)
        pairs = [
            cell
            for cell in levels
            if cell[at] != reference and (*cell[:at], reference, *cell[at + 1 :]) in levels
        ]
        # depth is the first factor
        depths = Counter(cell[1:] for cell in pairs)
        if depths:
            yield Family(factor, str(reference), len(depths), min(depths.values()), seeds)


def too_small(family: Family) -> str:
    """Say that a family of tests finds nothing, and how many seeds it takes."""
    seeds, depths = plural(family.seeds, "seed"), plural(family.depths, "depth")
    tests = "its one test" if family.tests == 1 else f"any of its {family.tests} tests"
    return (
        f"{family.factor} against {family.reference}: {seeds} at {depths} cannot decide {tests}, "
        f"{family.seeds_needed} can"
    )
