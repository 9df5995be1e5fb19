"""Share of false findings of every test offered, and the intervals of the variance account."""

import gc
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vgstudy.analysis.contrasts import fisher
from vgstudy.analysis.equivalence import BOUND, tost
from vgstudy.analysis.intervals import ALPHA, Interval, moments, welch_difference
from vgstudy.analysis.multiplicity import EXPLORATORY, HOLM, adjusted
from vgstudy.analysis.variances import account
from vgstudy.validation.trials import PRIMARY, SEEDS, Trial, trial

TESTS = 20  # of a family
SHARES = {"depth": 0.5, "width": 0.1, "seed": 0.4}


def false_findings(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Tests where there is nothing to find."""
    nothing = np.full(repetitions, np.nan)
    for n in SEEDS:
        at_bound = rng.normal(BOUND, 0.05, (repetitions, n))
        yield Trial(
            "TOST", PRIMARY, "factor of 1.05", n, ALPHA, _share(tost(moments(at_bound))), nothing
        )
        counts = rng.binomial(n, 0.5, (2, repetitions)).astype(float)
        p = fisher(
            counts[0], np.full(repetitions, float(n)), counts[1], np.full(repetitions, float(n))
        )
        yield Trial("Fisher", PRIMARY, "equal shares of one half", n, ALPHA, _share(p), nothing)
        one, other = (
            moments(rng.normal(0, spread, (repetitions, TESTS, n))) for spread in (0.3, 0.6)
        )
        tests = welch_difference(one, other).p
        family = pd.Series(np.repeat(np.arange(repetitions), TESTS).astype(str))
        for name, method in (("Holm", HOLM), ("false discovery rate", EXPLORATORY)):
            # statsmodels' Holm collects garbage at every call, which takes long with much in memory
            gc.freeze()
            found = adjusted(tests.reshape(-1), family, method).reshape(tests.shape).min(axis=1)
            gc.unfreeze()
            yield Trial(
                name, PRIMARY, f"{TESTS} contrasts of equal cells", n, ALPHA, _share(found), nothing
            )


def _share(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return (p < ALPHA).astype(float)


def variances(repetitions: int, rng: np.random.Generator) -> Iterator[Trial]:
    """Shares of a variance whose parts are known."""
    levels = pd.DataFrame(
        [(depth, width) for depth in range(4) for width in range(2)], columns=["depth", "width"]
    )
    effect = np.array([-1.5, -0.5, 0.5, 1.5]) / np.sqrt(1.25) * np.sqrt(SHARES["depth"])
    mean = effect[levels["depth"]] + np.where(levels["width"] == 1, 1, -1) * np.sqrt(
        SHARES["width"]
    )
    for n in SEEDS:
        drawn = moments(
            mean[:, None] + rng.normal(0, np.sqrt(SHARES["seed"]), (repetitions, len(mean), n))
        )
        found = [
            account(levels, drawn.n[r], drawn.mean[r], drawn.var[r], rng).set_index("source")
            for r in range(repetitions)
        ]
        for source, share in SHARES.items():
            low, high = (
                np.array([table.loc[source, end] for table in found]) for end in ("low", "high")
            )
            yield trial(
                "variance account",
                PRIMARY,
                f"share {share:g} of {source}",
                n,
                Interval(low, low, high, low),
                share,
            )
