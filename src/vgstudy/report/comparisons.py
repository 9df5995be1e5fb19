"""What the tests over all depths say of the contrasts that a study declares."""

from math import isfinite

import pandas as pd

from vgstudy.analysis.contrasts import HOLM
from vgstudy.analysis.intervals import ALPHA
from vgstudy.figures.frames import Frames, chosen
from vgstudy.formatting import interval, level_text, number, plural
from vgstudy.report.table import Row, Table, column_table, records
from vgstudy.schema import FACTORS

BOUNDS = {"exact": "", "at least": "≥ ", "at most": "≤ ", "unknown": ""}
COLUMNS = (
    *FACTORS[1:],
    "reference",
    *("odds ratio [interval]", "p_adjusted", "p_depth_adjusted", "limit difference [interval]"),
    *("learned", "n", "learned_reference", "n_reference"),
)


def comparison_sentences(frames: Frames) -> tuple[str, ...]:
    """Return a sentence for each two levels of a declared contrast."""
    declared = chosen(frames.pooled, correction=HOLM)
    levels = [level_text(row["factor"], row[row["factor"]]) for row in records(declared)]
    pairs = declared.assign(level=levels).groupby(
        ["factor", "reference", "level"], sort=False, observed=True
    )
    return tuple(
        f"{level} against {level_text(str(factor), reference)}: {_counts(rows)}"
        for (factor, reference, level), rows in pairs
    )


def _counts(rows: pd.DataFrame) -> str:
    """Count the settings in which the level learns more often, or less often.

    Where the odds ratio changes with depth, no single one speaks for the setting.
    """
    changes = rows["p_depth_adjusted"] < ALPHA
    decided = (rows["p_adjusted"] < ALPHA) & ~changes
    more, fewer = decided & (rows["value"] > 1), decided & (rows["value"] < 1)
    undecided = int((~decided & ~changes).sum())
    count = int(changes.sum())
    depends = f", {count} change{'s' * (count == 1)} with depth" if count else ""
    return (
        f"of {plural(len(rows), 'setting')}, more runs learn in {int(more.sum())} and fewer in "
        f"{int(fewer.sum())}{depends}, {undecided} undecided."
    )


def comparison_table(frames: Frames) -> Table:
    """Return the odds ratio of each setting, its tests, and the difference of depth limits."""
    rows = frames.pooled
    texts = [(_odds(row), _limits(row)) for row in records(rows)]
    columns = ["odds ratio [interval]", "limit difference [interval]"]
    joined = rows.join(pd.DataFrame(texts, rows.index, columns))
    return column_table("Levels compared over all depths (p by Holm)", joined, COLUMNS)


def _odds(row: Row) -> str:
    """Return an odds ratio with its interval; either may be infinite."""
    numbers = [row[name] for name in ("value", "low", "high")]
    if all(map(isfinite, numbers)):
        return interval(*numbers)
    value, low, high = (
        "∞" if x == float("inf") else number(x, 0 if x == 0 else None) for x in numbers
    )
    return f"{value} [{low}, {high}]"


def _limits(row: Row) -> str:
    """Return a difference of depth limits, as a bound where a limit is beyond the depths run."""
    value, low, high = (row[f"limit_{name}"] for name in ("difference", "low", "high"))
    return BOUNDS[row["limit_bound"]] + interval(value, low, high, signed=True)
