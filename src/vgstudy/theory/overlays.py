"""Predictions beside what was measured before any update: a row for each cell and quantity that
theory speaks of."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.analysis.interval_rows import APPROXIMATE
from vgstudy.analysis.intervals import CHI_SQUARED, Moments, chi_squared
from vgstudy.cells import Cell
from vgstudy.config.study import Study
from vgstudy.planning import design
from vgstudy.schema import ON_PROBE_SET, arrow_schema
from vgstudy.store.parquet import read_footer, write_table
from vgstudy.store.tables import read_rows
from vgstudy.theory import activations, finite_width, kernels
from vgstudy.theory.predictions import DECAYS, ONE_INPUT, Prediction, is_predictable, predict_decays

Array = NDArray[np.float64]

VARIANCE = "var_interior_delta"
MEASURED = {
    **{name: name for name in DECAYS},
    VARIANCE: "interior_delta",
}  # the quantity of estimates compared with
_TAKEN = (
    "value",
    "low",
    "high",
    "method",
    "label",
    "confidence",
    "n",
    "n_alive",
    "n_failed",
    "spread",
)


def write_overlays(folder: Path) -> None:
    """Write a study's overlays.parquet from its design and its estimates at epoch 0.

    Raises
    ------
    UserError
        If a table is missing, damaged or of another version.
    """
    study = Study.model_validate(
        {**read_footer(folder / "runs.parquet")["study"], "path": str(folder)}
    )
    cells = [labelled.cell for labelled in design.cells(study)]
    write_overlaid(folder, [*predict_decays(cells), *variances(cells)])


def write_overlaid(folder: Path, predictions: Iterable[Prediction]) -> None:
    """Write overlays.parquet with these predictions; see `write_overlays`."""
    digest = read_footer(folder / "runs.parquet")["digest"]
    wanted = [("epoch", "==", 0), ON_PROBE_SET, ("quantity", "in", sorted(set(MEASURED.values())))]
    columns = ["cell", "quantity", *_TAKEN]
    estimates = read_rows(folder, "estimates", columns, wanted).to_pandas()
    schema = arrow_schema("overlays")
    rows = pa.Table.from_pandas(
        overlaid(predictions, estimates)[schema.names], schema, preserve_index=False
    )
    write_table("overlays", rows, folder / "overlays.parquet", {"digest": digest})


def variances(cells: Iterable[Cell]) -> Iterator[Prediction]:
    """The variance over seeds of log interior_delta, for nets that are linear but for a slope below
    0.

    With one input it is a quarter of the variance of a layer's log factor, times the L - 2 layers
    between: half the log of a square each. Many inputs, and kernels that are not normal, make it an
    approximation.
    """
    for cell in cells:
        slope = activations.negative_slope(cell.activation)
        square = kernels.moments(cell.initializer, cell.width, cell.width)
        if (
            slope is None
            or cell.depth < 3
            or square.mean
            or not square.variance
            or not is_predictable(cell)
        ):
            continue
        if cell.initializer.class_name != "Orthogonal":
            layer = (
                finite_width.log_factor(cell.width, cell.width * square.variance, slope).variance
                / 4
            )
            yield Prediction(
                cell.id, VARIANCE, (cell.depth - 2) * layer, "approximation", ONE_INPUT
            )


def overlaid(predictions: Iterable[Prediction], estimates: pd.DataFrame) -> pd.DataFrame:
    """The predictions with what `estimates`, rows at epoch 0 on the probe set, measured; z counts
    standard errors of its log."""
    predicted = pd.DataFrame(
        list(predictions), columns=["cell", "quantity", "value", "standing", "source"]
    )
    predicted = predicted.astype({"value": "float64"})  # theory may say nothing at all
    predicted = predicted.rename(columns={"value": "predicted"}).assign(
        measured=predicted["quantity"].map(MEASURED)
    )
    found = estimates.astype(
        {"cell": "str", "quantity": "str", "method": "str", "label": "str"}
    ).rename(columns={"quantity": "measured"})
    rows = predicted.merge(found, on=["cell", "measured"])
    is_variance = rows["quantity"] == VARIANCE
    rows.loc[is_variance] = _of_variance(rows[is_variance])
    freedom = rows["n_alive"].where(rows["n_alive"] > 1) - 1
    error = np.where(is_variance, np.sqrt(2 / freedom), rows["spread"] / np.sqrt(freedom + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.log(rows["value"] / rows["predicted"]) / error
    return rows.assign(z=z.where(np.isfinite(z)))


def _of_variance(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the variance of the logs and its chi-squared interval in place of the geometric
    mean and its own."""
    n, variance = rows["n_alive"].to_numpy(dtype=float), rows["spread"].to_numpy(dtype=float) ** 2
    found = chi_squared(Moments(n, np.full_like(n, np.nan), variance))
    value = np.where(n > 1, found.value, np.nan)
    label = pd.Series(APPROXIMATE, rows.index, dtype=object).where(n > 1, None)
    return rows.assign(value=value, low=found.low, high=found.high, method=CHI_SQUARED, label=label)
