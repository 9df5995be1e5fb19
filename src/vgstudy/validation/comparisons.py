"""False findings of every test offered, and the intervals of the variance decomposition."""

import gc
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vgstudy.analysis.contrasts import EXPLORATORY, HOLM, adjusted, fisher
from vgstudy.analysis.intervals import moments, welch_difference
from vgstudy.analysis.variances import account
from vgstudy.validation.trials import (
    PRIMARY,
    SEEDS,
    Trial,
    ends_interval,
    error_trial,
    interval_trial,
)

Array = NDArray[np.float64]

TESTS = 20  # of a family
SHARES = {"depth": 0.5, "width": 0.1, "seed": 0.4}


def false_findings(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try tests where there is nothing to find."""
    for n in SEEDS:
        one, other = rng.binomial(n, 0.5, (2, repetitions)).astype(float)
        seeds = np.full(repetitions, float(n))
        yield error_trial("Fisher", "equal shares of one half", n, fisher(one, seeds, other, seeds))
        p, family = _family_of_tests(repetitions, n, rng)
        for name, method in (("Holm", HOLM), ("false discovery rate", EXPLORATORY)):
            # statsmodels' Holm collects garbage at every call, which is slow with much in memory
            gc.freeze()
            smallest = adjusted(p, family, method).reshape(repetitions, TESTS).min(axis=1)
            gc.unfreeze()
            yield error_trial(name, f"{TESTS} contrasts of equal cells", n, smallest)


def _family_of_tests(
    repetitions: int, n: int, rng: np.random.Generator
) -> tuple[Array, "pd.Series[str]"]:
    """Return p values of Welch tests of equal means, and the family of each, axis (test,)."""
    one, other = (moments(rng.normal(0, sd, (repetitions, TESTS, n))) for sd in (0.3, 0.6))
    family = pd.Series(np.repeat(np.arange(repetitions), TESTS).astype(str))
    return welch_difference(one, other).p.reshape(-1), family


def variances(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Try the shares of a variance whose parts are known."""
    grid = [(depth, width) for depth in range(4) for width in range(2)]
    levels = pd.DataFrame(grid, columns=["depth", "width"])
    of_depth = np.array([-1.5, -0.5, 0.5, 1.5]) / np.sqrt(1.25) * np.sqrt(SHARES["depth"])
    of_width = np.where(levels["width"] == 1, 1, -1) * np.sqrt(SHARES["width"])
    mean = of_depth[levels["depth"]] + of_width
    for n in SEEDS:
        noise = rng.normal(0, np.sqrt(SHARES["seed"]), (repetitions, len(mean), n))
        cells = moments(mean[:, None] + noise)
        tables = [
            account(levels, cells.n[r], cells.mean[r], cells.var[r], rng).set_index("source")
            for r in range(repetitions)
        ]
        for source, share in SHARES.items():
            ends = (np.array([t.loc[source, end] for t in tables]) for end in ("low", "high"))
            truth = f"share {share:g} of {source}"
            interval = ends_interval(*ends)
            yield interval_trial("variance account", PRIMARY, truth, n, interval, share)
