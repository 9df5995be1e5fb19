"""Predictions next to the measurements before any update: a row for each cell and predicted
quantity."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.analysis.interval_rows import APPROXIMATE
from vgstudy.analysis.intervals import Moments, chi_squared
from vgstudy.cells import Cell
from vgstudy.config.study import Study
from vgstudy.planning.study_cells import cells_of
from vgstudy.schema import ON_PROBE_SET, arrow_schema
from vgstudy.store.parquet import read_footer, write_table
from vgstudy.store.tables import read_rows
from vgstudy.theory import kernels
from vgstudy.theory.predictions import (
    DECAYS,
    ONE_INPUT,
    Prediction,
    is_predictable,
    log_factor_of,
    predict_decays,
)

Array = NDArray[np.float64]

VARIANCE = "var_interior_delta"
# the quantity of `estimates` that each prediction is compared with
MEASURED = {**{name: name for name in DECAYS}, VARIANCE: "interior_delta"}
_INTERVAL = ("value", "low", "high", "method", "label", "confidence")
_COUNTS = ("n", "n_alive", "n_failed", "spread")


def write_overlays(folder: Path) -> None:
    """Write a study's overlays.parquet from its design and its estimates at epoch 0.

    Raises
    ------
    UserError
        If a table is missing, damaged or of another version.
    """
    stored = read_footer(folder / "runs.parquet")["study"]
    study = Study.model_validate({**stored, "path": str(folder)})
    cells = [labelled.cell for labelled in cells_of(study)]
    write_overlaid(folder, [*predict_decays(cells), *variances(cells)])


def write_overlaid(folder: Path, predictions: Iterable[Prediction]) -> None:
    """Write overlays.parquet with these predictions; see `write_overlays`."""
    digest = read_footer(folder / "runs.parquet")["digest"]
    quantities = ("quantity", "in", sorted(set(MEASURED.values())))
    columns = ["cell", "quantity", *_INTERVAL, *_COUNTS]
    filters = [("epoch", "==", 0), ON_PROBE_SET, quantities]
    estimates = read_rows(folder, "estimates", columns, filters).to_pandas()
    schema = arrow_schema("overlays")
    frame = overlaid(predictions, estimates)[schema.names]
    rows = pa.Table.from_pandas(frame, schema, preserve_index=False)
    write_table("overlays", rows, folder / "overlays.parquet", {"digest": digest})


def variances(cells: Iterable[Cell]) -> Iterator[Prediction]:
    """Yield the variance over seeds of log interior_delta, for networks of piecewise linear
    activations with one kink, at 0.

    At one input it is a quarter of the variance of a layer's log factor (the factor is of squares)
    times the L - 2 layers between. Many inputs, and kernels that are not normal, make it an
    approximation.
    """
    for cell in filter(is_predictable, cells):
        square = kernels.moments(cell.initializer, cell.width, cell.width)
        if cell.depth >= 3 and (factor := log_factor_of(cell, square)):
            value = (cell.depth - 2) * (factor.variance / 4)
            yield Prediction(cell.id, VARIANCE, value, "approximation", ONE_INPUT)


def overlaid(predictions: Iterable[Prediction], estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the predictions merged with `estimates`, rows at epoch 0 on the probe set; z is the
    log of measured over predicted in standard errors."""
    columns = ["cell", "quantity", "predicted", "basis", "source"]
    rows_of_theory = [(p.cell, p.quantity, p.value, p.basis, p.source) for p in predictions]
    predicted = pd.DataFrame(rows_of_theory, columns=columns)
    predicted = predicted.astype({"predicted": "float64"})  # there may be no row
    predicted["measured"] = predicted["quantity"].map(MEASURED)
    texts = dict.fromkeys(("cell", "quantity", "method", "label"), "str")
    measured = estimates.astype(texts).rename(columns={"quantity": "measured"})
    rows = predicted.merge(measured, on=["cell", "measured"])
    is_variance = rows["quantity"] == VARIANCE
    rows.loc[is_variance] = _of_variance(rows[is_variance])
    df = rows["n_alive"].where(rows["n_alive"] > 1) - 1
    error = np.where(is_variance, np.sqrt(2 / df), rows["spread"] / np.sqrt(df + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.log(rows["value"] / rows["predicted"]) / error
    return rows.assign(z=z.where(np.isfinite(z)))


def _of_variance(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the variance of the logs and its chi-squared interval in place of the
    geometric mean and its interval."""
    n, variance = rows["n_alive"].to_numpy(dtype=float), rows["spread"].to_numpy(dtype=float) ** 2
    interval = chi_squared(Moments(n, np.full_like(n, np.nan), variance))
    value = np.where(n > 1, interval.value, np.nan)
    label = pd.Series(APPROXIMATE, rows.index, dtype=object).where(n > 1, None)
    return rows.assign(
        value=value, low=interval.low, high=interval.high, method=interval.method, label=label
    )
