"""Accuracy, gradients and weights of arms over the epochs: median and central 90 % over seeds.

These are no intervals of estimates: they show how seeds differ, as the tutorials' curves show one.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.claims.register import Tutorial, all_claims, read_register
from vgstudy.design import read_design
from vgstudy.planning.study_cells import named_cells
from vgstudy.schema import PROBE_SET, QUANTILES
from vgstudy.store.parquet import open_writer
from vgstudy.store.tables import read_rows
from vgstudy.tasks.registry import read_task

Array = NDArray[np.float64]

CURVES = (
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "probe_loss",
    "probe_accuracy",
)
LAYERED = ("g_mean", "g_sd", "g_mean_abs", "w_mean", "w_sd")
ENTRIES = ("g_quantiles", "w_quantiles")
# columns of a layer's weights from which its changes are made
CHANGE = ("fan_in", "fan_out", "w_l1", "w_l1_change")
NORMS = "w_l1_layers"
PLACE = ("examples", "epoch", "step", "layer")
OVER_SEEDS = {"q05": 0.05, "median": 0.5, "q95": 0.95}


def write_arms(folder: Path, register: Path) -> None:
    """Write a study's arms.parquet from its curves and probes, and the numbers tutorials report.

    A study without arms has no rows.

    Raises
    ------
    UserError
        If a table is missing, truncated or of another version.
    """
    design = read_design(folder)
    numbers = reported(read_register(register), design.study, design.runs.drop_duplicates("cell"))
    last_epoch = design.study["training"]["epochs"]
    cells = design.runs.groupby("cell", sort=False) if design.study.get("arms") else ()
    with open_writer("arms", folder / "arms.parquet", {"digest": design.digest}) as writer:
        for cell, runs in cells:
            for rows in cell_rows(folder, str(cell), runs):
                quantity = rows["quantity"][0] if rows["quantity"] else ""
                number = numbers.get((str(cell), quantity), np.nan)
                at_last = np.where(rows["epoch"] == last_epoch, number, np.nan)
                writer.write({**rows, "reported": pa.array(at_last, from_pandas=True)})


def reported(
    register: Mapping[str, Tutorial], study: Mapping[str, Any], design: pd.DataFrame
) -> dict[tuple[str, str], float]:
    """Return the number that a tutorial reports at the end of training, by cell and quantity."""
    numbers: dict[tuple[str, str], float] = {}
    # a tutorial that keeps no rows from training reports nothing about fresh ones
    keeps_rows = read_task(study["task"]).holds_rows_out
    columns = [name for name in CURVES if name != "test_accuracy" or keeps_rows]
    statements = [statement for claim in all_claims(register) for statement in claim.statements]
    for statement in statements:
        measure = statement.measure
        at_end = measure.epochs == "last" and not measure.over
        if isinstance(statement.equals, float) and measure.column in columns and at_end:
            for arm in statement.arms:
                if isinstance(arm, str) and arm in study.get("arms", {}):
                    for cell, _ in named_cells(arm, study, design)[:1]:
                        numbers.setdefault((cell, measure.column), statement.equals)
    return numbers


def cell_rows(folder: Path, cell: str, runs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Return the rows of one cell: of the whole network, then of its layers."""
    keys = ["seed", "epoch", "step"]
    curves = _read(folder, "curves", cell, runs, [*keys, *CURVES, NORMS])
    yield from (_banded(cell, name, curves, len(runs)) for name in CURVES)
    yield _banded(cell, "w_l1", _norms(curves), len(runs))
    columns = [*keys, "examples", "layer", *LAYERED, *ENTRIES, *CHANGE]
    probes = _read(folder, "probes", cell, runs, columns)
    yield from (_banded(cell, name, probes, len(runs)) for name in LAYERED)
    changes = _changes(probes)
    yield from (_banded(cell, name, changes, len(runs)) for name in ("w_moved", "w_change"))
    yield from (_spread(cell, name, probes, len(runs)) for name in ENTRIES)


def _norms(curves: pd.DataFrame) -> pd.DataFrame:
    """Return the L1 norm of each layer's weights after every epoch, a row for each layer."""
    logged = curves[curves[NORMS].notna()]
    rows = logged.explode(NORMS).rename(columns={NORMS: "w_l1"})
    return rows.assign(layer=rows.groupby(level=0).cumcount() + 1)


def _changes(probes: pd.DataFrame) -> pd.DataFrame:
    """Return mean |w - w0| of each layer's weights as `w_moved`, and over mean |w0| as
    `w_change`."""
    rows = probes[probes["examples"] == PROBE_SET]
    first = rows[rows["epoch"] == 0].set_index(["seed", "layer"])["w_l1"].rename("first")
    rows = rows.join(first, on=["seed", "layer"])
    change, weights = rows["w_l1_change"], rows["fan_in"] * rows["fan_out"]
    return rows.assign(w_moved=change / weights, w_change=change / rows["first"])


def _read(
    folder: Path, table: str, cell: str, runs: pd.DataFrame, columns: Sequence[str]
) -> pd.DataFrame:
    """Return a cell's rows of a table of jobs, for the seeds in the design."""
    parts = []
    for job, seeds in runs.groupby("job")["seed"]:
        wanted = [("cell", "==", cell), ("seed", "in", list(seeds))]
        parts.append(read_rows(folder, table, columns, wanted, str(job)).to_pandas())
    rows: pd.DataFrame = pd.concat(parts, ignore_index=True)
    whole: pd.DataFrame = (
        rows.astype({"examples": "str"})
        if "layer" in rows
        else rows.assign(layer=0, examples=PROBE_SET)
    )
    return whole


def _banded(cell: str, name: str, rows: pd.DataFrame, n: int) -> dict[str, Any]:
    """Return the median and quantiles of one column wherever it was logged."""
    logged = rows[rows[name].notna()] if name in CURVES else rows
    values = logged[[name]].astype(float)
    groups = _by_place(values, logged)[name]
    band = groups.quantile(np.array(list(OVER_SEEDS.values()))).unstack()
    counts = groups.count().reindex(band.index)
    numbers = {key: band[share].to_numpy() for key, share in OVER_SEEDS.items() if len(band)}
    return _rows(cell, name, counts, n, numbers)


def _spread(cell: str, name: str, rows: pd.DataFrame, n: int) -> dict[str, Any]:
    """Return the median over seeds of each quantile of a layer's entries."""
    logged = rows[rows[name].notna()]
    values = np.stack(list(logged[name])) if len(logged) else np.zeros((0, len(QUANTILES)))
    groups = _by_place(pd.DataFrame(values, logged.index), logged)
    entries = pa.array(groups.median().to_numpy().tolist(), pa.list_(pa.float64()))
    return _rows(cell, name, groups.count()[0], n, {}, entries)


def _by_place(values: pd.DataFrame, rows: pd.DataFrame) -> Any:
    """Group finite values by where and when they were measured; others are NaN."""
    return values.where(np.isfinite(values)).groupby([rows[key] for key in PLACE], sort=True)


def _rows(
    cell: str,
    name: str,
    counts: "pd.Series[int]",
    n: int,
    numbers: Mapping[str, Array],
    entries: pa.Array | None = None,
) -> dict[str, Any]:
    size, places = len(counts), counts.index.to_frame(index=False)
    none = np.full(size, np.nan)
    return {
        "cell": [cell] * size,
        "quantity": [name] * size,
        **{key: places[key].to_numpy() for key in PLACE},
        **{key: pa.array(numbers.get(key, none), from_pandas=True) for key in OVER_SEEDS},
        "entries": pa.nulls(size, pa.list_(pa.float64())) if entries is None else entries,
        "n": np.full(size, n),
        "n_failed": n - counts.to_numpy(),
    }
