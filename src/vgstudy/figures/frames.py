"""A study folder's finished tables as data frames, every row with the factor levels of its cell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from vgstudy.design import plain
from vgstudy.formatting import listing
from vgstudy.quantities import names
from vgstudy.results import Results
from vgstudy.schema import FACTORS, PROBE_SET
from vgstudy.tasks.registry import TASKS

# the depth, or the nearest to it, at which numbers of one depth are shown
REFERENCE_DEPTH = 10
OPTIMIZER = "optimizer"
PROFILED = (*names("probes", "geometric mean"), *names("probes", "mean"))
# what is read of a table, where not all of it is
PARTS: Mapping[str, Any] = {
    "estimates": {"examples": PROBE_SET},
    "profiles": {"examples": PROBE_SET, "quantity": PROFILED},
}


@dataclass(frozen=True)
class Frames:
    """A study and its tables; `runs` is the design. Tables of cells carry the factor columns
    next to their own, `pooled` and `limits` all but depth, `two_by_two` all but those crossed.

    Factor columns are ordered categoricals in the study's order of levels. `arms`
    has rows only for a study with arms.
    """

    study: Mapping[str, Any]
    runs: pd.DataFrame
    outcomes: pd.DataFrame
    estimates: pd.DataFrame
    trajectories: pd.DataFrame
    profiles: pd.DataFrame
    layer_decays: pd.DataFrame
    thresholds: pd.DataFrame
    depth_curves: pd.DataFrame
    pooled: pd.DataFrame
    two_by_two: pd.DataFrame
    limits: pd.DataFrame
    best_rates: pd.DataFrame
    paired: pd.DataFrame
    variances: pd.DataFrame
    overlays: pd.DataFrame
    arms: pd.DataFrame

    @property
    def last_epoch(self) -> int:
        """The epoch at which training ends."""
        return int(self.study["training"]["epochs"])

    @property
    def chance(self) -> float:
        """Accuracy of guessing."""
        return TASKS[self.study["task"]["name"]].chance


def read_frames(folder: Path) -> Frames:
    """Return the tables of `folder`, a study's results.

    Raises
    ------
    UserError
        If a table is missing, damaged or of another version.
    """
    results = Results(folder)
    tables = [each.name for each in fields(Frames) if each.name != "study"]
    read = {name: plain(results.read(name, **PARTS.get(name, {}))) for name in tables}
    return Frames(
        results.study, **{name: leveled(frame, results.study) for name, frame in read.items()}
    )


def leveled(frame: pd.DataFrame, study: Mapping[str, Any]) -> pd.DataFrame:
    """Return the frame with its factor columns as ordered categoricals, levels in the study's
    order."""
    present = [factor for factor in FACTORS if factor in frame]
    return frame.astype(
        {
            factor: pd.CategoricalDtype(list(study["factors"][factor]), ordered=True)
            for factor in present
        }
    )


def first_optimizer_only(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the first optimizer of each setting: before any update the optimizer has
    no effect."""
    code = frame[OPTIMIZER].cat.codes
    first = code.groupby(
        [frame[factor].astype(str) for factor in FACTORS if factor != OPTIMIZER]
    ).transform("min")
    return frame[code == first]


def optimizers(frame: pd.DataFrame) -> str:
    """Return the optimizers of some rows, as text."""
    return listing(frame[OPTIMIZER].drop_duplicates().sort_values().astype(str))


def chosen(frame: pd.DataFrame, **levels: Any) -> pd.DataFrame:
    """Return the rows with these levels in the named columns; a list stands for any of its
    entries."""
    for column, level in levels.items():
        frame = frame[frame[column].isin(level if isinstance(level, list) else [level])]
    return frame


def nearest(numbers: Iterable[int], available: Iterable[int]) -> list[int]:
    """Return for each number the nearest available one, ascending, without repeats.

    Of two equally near ones, the smaller.
    """
    choices = sorted(available)
    return sorted(
        {min(choices, key=lambda choice: abs(choice - number)) for number in numbers}
        if choices
        else set()
    )


def at_depths(frame: pd.DataFrame, depths: list[int]) -> pd.DataFrame:
    """Return the rows whose depth is the nearest available to one of these."""
    return chosen(frame, depth=nearest(depths, frame["depth"].astype(int)))
