"""Do gradients before training predict failure to learn? Over all runs, and within activations."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.analysis.auc import auc, auc_within, resampled
from vgstudy.analysis.design import Design, plain, read_design
from vgstudy.analysis.intervals import CONFIDENCE, equal_tails
from vgstudy.analysis.predictors import ALL, CONSTANT, SIGNS
from vgstudy.schema import FACTORS, ON_PROBE_SET, arrow_schema
from vgstudy.store.parquet import write_table
from vgstudy.store.tables import read_rows

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Cells = NDArray[np.int64]
Row = dict[str, Any]

PROBED = ("cell", "seed", "layer", "fan_in", "fan_out", "g_rms", "g_l2", "g_zero_float32")
BEFORE = [("epoch", "==", 0), ON_PROBE_SET]

# Zhang et al. 2021, AUTOTRAINER, ICSE: thresholds of its symptoms "vanishing gradient" and "dying
# ReLU"
RULES: Mapping[str, Callable[[pd.DataFrame], "pd.Series[bool]"]] = MappingProxyType(
    {
        "autotrainer vanishing": lambda runs: (
            (runs["l2 first"] < 1e-3 * runs["l2 output"]) & (runs["l2 first"] < 1e-4)
        ),
        "autotrainer dying": lambda runs: runs["zeros"] >= 0.7,
    }
)
REPETITIONS = 400
# further digits are rounding of sums of weights, such as a share above 1
DIGITS = 12
RESAMPLED = "seeds resampled within cells"


def write_prediction(folder: Path) -> None:
    """Write a study's prediction.parquet from its outcomes, and decays and probes at epoch 0.

    Raises
    ------
    UserError
        If a table is missing, damaged or of another version.
    """
    design = read_design(folder)
    rows = list(
        prediction_rows(
            early_runs(design), np.random.default_rng(design.study.get("study_seed", 0))
        )
    )
    table = pa.Table.from_pylist(rows, schema=arrow_schema("prediction"))
    write_table("prediction", table, folder / "prediction.parquet", {"digest": design.digest})


def early_runs(design: Design) -> pd.DataFrame:
    """Return a row per measured run: factors, `failed`, the PREDICTORS and what RULES need.

    Predictors are of epoch 0.
    Raises
    ------
    UserError
        If a table is missing, damaged, of another version or of another design.
    """
    keys = ["cell", "seed"]
    folder, runs = design.folder, design.runs
    status = plain(read_rows(folder, "outcomes", [*keys, "status"]).to_pandas())
    parts = [_of_job(folder, str(job)).assign(job=job) for job in sorted(set(runs["job"]))]
    decays = plain(read_rows(folder, "decays", [*keys, "d_g", "d_delta"], BEFORE).to_pandas())
    measured = (
        runs[[*keys, "job", *FACTORS]]
        .merge(status.dropna(), on=keys)
        .merge(decays, on=keys)
        # a job may hold runs that the design takes from another one
        .merge(pd.concat(parts), on=[*keys, "job"])
    )
    return measured.assign(
        failed=measured["status"] != "learned", distance=np.abs(np.log(measured["d_delta"]))
    )


def _of_job(folder: Path, job: str) -> pd.DataFrame:
    keys = ["cell", "seed"]
    probes = plain(read_rows(folder, "probes", PROBED, BEFORE, job).to_pandas())
    entries = probes["fan_in"] * probes["fan_out"]
    probes = probes.assign(entries=entries, zero=entries * probes["g_zero_float32"])
    found = probes.sort_values([*keys, "layer"]).groupby(keys)
    measures = {
        "first layer": found["g_rms"].first(),
        "smallest layer": found["g_rms"].min(),
        "zeros": found["zero"].sum() / found["entries"].sum(),
        "l2 first": found["g_l2"].first(),
        "l2 output": found["g_l2"].last(),
    }
    return pd.DataFrame(measures).reset_index()


def prediction_rows(runs: pd.DataFrame, rng: np.random.Generator) -> Iterator[Row]:
    """Return the rows of `prediction`: of all runs, then of each activation.

    Parameters
    ----------
    runs
        As `early_runs` gives them.
    """
    for group in [ALL, *dict.fromkeys(runs["activation"])]:
        own = (runs if group == ALL else runs[runs["activation"] == group]).reset_index(drop=True)
        cell = pd.factorize(own["cell"])[0]
        weight = resampled(cell, REPETITIONS, rng)
        for name, sign in SIGNS.items():
            yield from _scored(
                group, name, "predictor", own, sign * own[name].to_numpy(dtype=float), cell, weight
            )
        for name, rule in RULES.items():
            fires: Array = rule(own).to_numpy().astype(float)
            yield from _scored(group, name, "rule", own, fires, cell, weight)
            yield from _rates(group, name, own["failed"].to_numpy(dtype=bool), fires, cell, weight)


def _scored(
    group: str, name: str, kind: str, own: pd.DataFrame, score: Array, cell: Cells, weight: Array
) -> Iterator[Row]:
    """Return the AUC of a score over all pairs of runs, and over pairs of runs of the same cell."""
    known, failed = ~np.isnan(score), own["failed"].to_numpy(dtype=bool)
    counts = {"n": len(known), "n_failed": int((~known).sum())}
    about = _about(group, name, kind, failed[known], cell[known]) | counts
    yield from _areas(about, score[known], failed[known], cell[known], weight[:, known])


def _about(group: str, name: str, kind: str, failed: Mask, cell: Cells) -> Row:
    """Return what all rows of a predictor share."""
    mixed = len(np.intersect1d(cell[failed], cell[~failed]))
    counts = {"n": len(failed), "n_failed": 0, "failures": int(failed.sum()), "mixed": mixed}
    return {"group": group, "predictor": name, "kind": kind, **counts}


def _areas(about: Row, score: Array, failed: Mask, cell: Cells, weight: Array) -> Iterator[Row]:
    once = np.ones((1, len(score)))
    yield _row(about, "AUC", auc(score, failed, once), auc(score, failed, weight))
    if len(score) and about["predictor"] not in CONSTANT:
        value, repeated = (auc_within(score, failed, cell, each) for each in (once, weight))
        yield _row(about, "AUC within cells", value, repeated)


def _rates(
    group: str, name: str, failed: Mask, fires: Array, cell: Cells, weight: Array
) -> Iterator[Row]:
    """Return the sensitivity and the specificity of a rule."""
    about = _about(group, name, "rule", failed, cell)
    for quantity, of, right in (
        ("sensitivity", failed, fires),
        ("specificity", ~failed, 1 - fires),
    ):
        with np.errstate(invalid="ignore", divide="ignore"):
            repeated = (weight[:, of] @ right[of]) / weight[:, of].sum(axis=1)
        yield _row(about, quantity, right[of].mean() if of.any() else np.nan, repeated)


def _row(about: Mapping[str, Any], quantity: str, value: Any, repeated: Array) -> Row:
    """Return one row.

    Where all runs of every cell failed or all learned, resampling seeds changes nothing: there is
    no interval.
    """
    if not about["mixed"]:
        repeated = np.zeros(0)
    low, high = equal_tails(repeated)
    ends = {"value": value, "low": low, "high": high}
    numbers = {name: round(float(np.squeeze(end)), DIGITS) for name, end in ends.items()}
    absent = {name: None if np.isnan(number) else number for name, number in numbers.items()}
    return {
        **about,
        "quantity": quantity,
        **absent,
        "method": RESAMPLED,
        "confidence": CONFIDENCE,
    }
