"""Read, edit and analyse the tables of made-up studies, and recompute estimates the plain way."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from vgstudy.analysis.study_estimates import STREAMED, write_estimates
from vgstudy.design import plain
from vgstudy.store.parquet import read_footer, read_table, write_table

# depth 3 has no decay factor, ReLU runs die, uniform kernels saturate
DESIGN = {
    "depths": (1, 3, 8),
    "activations": ("tanh", "ReLU"),
    "initializers": ("Xavier", "uniform(0, 1)"),
    "optimizers": ("SGD",),
    "seeds": range(5),
}
COMPARED = (
    "thresholds",
    "contrasts",
    "depth_curves",
    "pooled",
    "two_by_two",
    "limits",
    "variances",
)
RESULTS = (*STREAMED[1:], *COMPARED)
INTERVAL = ["value", "low", "high"]
KEYS, LAYERS = ["cell", "epoch"], ["cell", "epoch", "layer"]

Frame = pd.DataFrame


def load(folder: Path, table: str, quantity: str | None = None) -> Frame:
    """A table of a study, or its rows of a quantity."""
    frame = plain(read_table(table, folder / f"{table}.parquet").to_pandas())
    return frame if quantity is None else frame[frame["quantity"] == quantity]


def trained(folder: Path, table: str) -> Frame:
    """The rows of measurements that belong to the design."""
    paths = sorted((folder / table).glob("*.parquet")) or [folder / f"{table}.parquet"]
    rows = pd.concat([plain(read_table(table, path).to_pandas()) for path in paths])
    return rows.merge(load(folder, "runs")[["cell", "seed", "depth"]], on=["cell", "seed"])


def change(folder: Path, table: str, edit: Callable[[Frame], Frame]) -> None:
    """Edit every job file of a table."""
    for path in (folder / table).iterdir():
        edited = edit(read_table(table, path).to_pandas())
        write_table(table, pa.Table.from_pandas(edited, preserve_index=False), path, {})


def redesign(folder: Path, keep: Callable[[Frame], pd.Series], **study) -> None:
    """Keep some runs of the design, and set keys of its study; the job files stay as they are."""
    path = folder / "runs.parquet"
    runs, footer = load(folder, "runs"), read_footer(path)
    kept = pa.Table.from_pandas(runs[keep(runs)], preserve_index=False)
    write_table("runs", kept, path, {**footer, "study": {**footer["study"], **study}})


def analyse(folder: Path, batch_runs: int = 40) -> dict[str, Frame]:
    """The tables of a study, estimated again."""
    write_estimates(folder, batch_runs)
    return {name: load(folder, name) for name in RESULTS}


def naive_t(values: pd.Series) -> list[float]:
    return [values.mean(), *stats.ttest_1samp(values, 0).confidence_interval(0.95)]


def naive_geometric(values: pd.Series) -> list[float]:
    return np.exp(naive_t(np.log(values))).tolist()


def naive_share(flags: pd.Series) -> list[float]:
    interval = stats.binomtest(int(flags.sum()), len(flags)).proportion_ci(method="wilson")
    return [flags.mean(), *interval]


def assert_rows(found: Frame, keys: list[str], groups, naive: Callable) -> None:
    """The rows are those of the groups, each with value, low and high as computed from it."""
    rows = found.set_index(keys)[INTERVAL]
    assert rows.index.is_unique
    expected = {key: naive(values) for key, values in groups}
    assert set(rows.index) == set(expected)
    for key, numbers in expected.items():
        assert rows.loc[key].tolist() == pytest.approx(numbers, rel=1e-9, nan_ok=True), key
