"""A study's design as it was planned: its settings, and its runs as a frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from vgstudy.store.parquet import read_footer
from vgstudy.store.tables import read_rows


@dataclass(frozen=True)
class Design:
    """A study's folder, its settings, the digest of its design, and a row for each run with labels
    as text."""

    folder: Path
    study: Mapping[str, Any]
    digest: str
    runs: pd.DataFrame


def read_design(folder: Path) -> Design:
    """Return the design in `folder`, a study's results.

    Raises
    ------
    UserError
        If runs.parquet is missing, damaged or of another version.
    """
    footer = read_footer(folder / "runs.parquet")
    return Design(
        folder, footer["study"], footer["digest"], plain(read_rows(folder, "runs").to_pandas())
    )


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with label columns as text, so that frames of different files merge and
    group by what they hold."""
    return frame.astype(dict.fromkeys(frame.select_dtypes("category"), "str"))
