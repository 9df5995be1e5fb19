"""How often every interval holds a known truth, and how often every test finds what is not there.

`simulate` returns the rows of the table of coverage: procedures (`means`, `proportions`,
`comparisons`) are applied to many samples from populations whose truth is known.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

import numpy as np

from vgstudy.analysis.interval_rows import STATED
from vgstudy.formatting import listing
from vgstudy.validation import comparisons, means, proportions
from vgstudy.validation.trials import LABELLED, PRIMARY, Trial

TOLERANCE = 0.02  # coverage from .93 to .97 is as stated
SEED = 20261121
Row = dict[str, Any]
Simulation = Callable[[int, np.random.Generator], Iterator[Trial]]
# each with the number of its random stream, which it keeps for good; 7 is no longer in use
SIMULATIONS: Mapping[str, tuple[int, Simulation]] = {
    "one sample": (0, means.one_sample),
    "outcomes": (1, means.outcomes),
    "two samples": (2, means.two_samples),
    "shares": (3, proportions.shares),
    "depths": (4, proportions.depths),
    "false findings": (5, comparisons.false_findings),
    "variances": (6, comparisons.variances),
    "misfits": (8, proportions.misfits),
    "waits": (9, proportions.waits),
    "pooled": (10, comparisons.over_depths),
    "two by two": (11, comparisons.two_changes),
    "curves": (12, proportions.curves),
}


def simulate(repetitions: int, names: Iterable[str] = tuple(SIMULATIONS)) -> list[Row]:
    """Return the rows of the table of coverage, of the named simulations.

    The columns are those of `Trial.row`, and `label`, what the procedure may be called.
    """
    rows = []
    for name, (stream, trials) in SIMULATIONS.items():
        if name in names:
            rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(stream,)))
            rows += [trial.row() for trial in trials(repetitions, rng)]
    return labelled(rows)


def labelled(rows: list[Row]) -> list[Row]:
    """Return the rows with a label; a primary procedure that is not as stated becomes LABELLED."""
    by_procedure = groupby(sorted(rows, key=_procedure), key=_procedure)
    labels = {procedure: label(list(group)) for procedure, group in by_procedure}
    return [_with_label(row, labels[_procedure(row)]) for row in rows]


def _procedure(row: Row) -> tuple[str, str]:
    return row["procedure"], row["role"]


def _with_label(row: Row, text: str) -> Row:
    role = LABELLED if row["role"] == PRIMARY and text != STATED else row["role"]
    return {**row, "label": text, "role": role}


def label(rows: list[Row]) -> str:
    """Return what all simulations of one procedure show together.

    as stated: every coverage is within .02 of the nominal one. conservative: some intervals hold
    the truth more often than stated, none less often (of a test: fewer false findings).
    approximate: some hold it less often; if only with few seeds, it is as stated from a number of
    seeds on.
    """
    too_low = [row for row in rows if excess(row) < -TOLERANCE - 1e-12]
    too_high = [row for row in rows if excess(row) > TOLERANCE + 1e-12]
    if not too_low and not too_high:
        return STATED
    what = "false findings" if _is_test(rows[0]) else "coverage"
    ends = f"{what} {_range(rows)} for a nominal {_share(rows[0]['nominal'])}"
    if not too_low:
        return f"conservative{_where(too_high, rows)}: {ends}"
    most_seeds = max(row["n"] for row in too_low)
    stated_from = min((row["n"] for row in rows if row["n"] > most_seeds), default=None)
    limit = f" below {stated_from} seeds" if stated_from else _where(too_low, rows)
    return f"approximate{limit}: {ends}"


def excess(row: Row) -> float:
    """Return the coverage above the nominal one, or a test's false findings below theirs: positive
    is the safe side."""
    distance = float(row["coverage"]) - float(row["nominal"])
    return -distance if _is_test(row) else distance


def _is_test(row: Row) -> bool:
    return bool(row["nominal"] < 0.5)


def _where(missing: list[Row], rows: list[Row]) -> str:
    """Name the truths, if not all."""
    truths = list(dict.fromkeys(row["truth"] for row in missing))
    return "" if len(truths) == len({row["truth"] for row in rows}) else f" where {listing(truths)}"


def _range(rows: list[Row]) -> str:
    low, high = (_share(end(row["coverage"] for row in rows)) for end in (min, max))
    return low if low == high else f"{low} to {high}"


def _share(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".").removeprefix("0") or "0"
