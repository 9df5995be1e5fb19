"""How much P(learned) depends on the threshold: shares of seeds at five of them.

A study names a reference network that learns. Thresholds run from half-way between guessing and the
median of the reference's seeds up to this median, for the accuracy on the test rows and, because
optimisation is the question, for the training loss.
"""

from collections.abc import Iterator, Mapping
from math import log
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.analysis.intervals import CONFIDENCE, WILSON, wilson
from vgstudy.claims.networks import arm_cells, named_cells
from vgstudy.schema import arrow_schema
from vgstudy.tasks import TASKS

Array = NDArray[np.float64]
STEPS = 5
# whether a larger value is better
OUTCOMES: Mapping[str, bool] = {"test_accuracy": True, "train_loss": False}


def threshold_rows(study: Mapping[str, Any], outcomes: pd.DataFrame) -> pa.Table:
    """Return the rows of `thresholds` for every network of the study's arms.

    Parameters
    ----------
    outcomes
        Those of all runs, with the factors of their cell. A seed that diverged passes no threshold.

    Returns
    -------
    pa.Table
        Without rows if the study names no reference.
    """
    reference = study["outcome"].get("reference")
    rows = list(_rows(study, outcomes, reference)) if reference else []
    return pa.Table.from_pylist(rows, schema=arrow_schema("thresholds"))


def thresholds(guessing: float, reference: float) -> Array:
    """Return five values, evenly from half-way between guessing and the reference to the latter."""
    return np.linspace((guessing + reference) / 2, reference, STEPS)


def _rows(
    study: Mapping[str, Any], outcomes: pd.DataFrame, reference: str
) -> Iterator[dict[str, Any]]:
    chance = TASKS[study["task"]["name"]].chance
    guessing = {"test_accuracy": chance, "train_loss": -log(chance)}
    known = outcomes[outcomes["status"].notna()]
    by_cell = dict(list(known.groupby("cell")))
    (reference_cell, _), *_ = named_cells(reference, study, known.drop_duplicates("cell"))
    for cell, _ in arm_cells(study, known):
        for quantity, larger in OUTCOMES.items():
            middle = by_cell[reference_cell][quantity].median()
            values = by_cell[cell][quantity].to_numpy(dtype=float)
            for threshold in thresholds(guessing[quantity], middle):
                passed = values >= threshold if larger else values <= threshold
                share = wilson(passed.sum(), len(values))
                yield {
                    "cell": cell,
                    "quantity": quantity,
                    "threshold": float(threshold),
                    **{end: float(getattr(share, end)) for end in ("value", "low", "high")},
                    "method": WILSON,
                    "confidence": CONFIDENCE,
                    "n": len(values),
                }
