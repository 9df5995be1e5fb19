"""How much narrower intervals get when arms are paired by seed.

`python benchmarks/pairing.py results/NAME ...` compares, for every row of `paired` in which some
seeds learned and others did not, Newcombe's paired interval with that of independent shares.
"""

import sys
from pathlib import Path

import pandas as pd

from vgstudy.analysis.share_intervals import newcombe, wilson
from vgstudy.study_results import load

COLUMNS = ["factor", "learned", "learned_reference", "cured", "low", "high", "n"]


def widths(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the widths of both intervals and the correlation of the pairs, a row each."""
    one, other = (rows[name] / rows["n"] for name in ("learned", "learned_reference"))
    both = (rows["learned"] - rows["cured"]) / rows["n"]
    independent = [
        newcombe(wilson(row.learned, row.n), wilson(row.learned_reference, row.n))
        for row in rows.itertuples()
    ]
    return pd.DataFrame(
        {
            "paired": rows["high"] - rows["low"],
            "independent": [each.high - each.low for each in independent],
            "correlation": (both - one * other) / (one * (1 - one) * other * (1 - other)) ** 0.5,
        }
    )


def varies(rows: pd.DataFrame) -> pd.Series:
    """Return in which rows each of both arms has seeds that learned and seeds that did not."""
    shares = rows[["learned", "learned_reference"]].div(rows["n"], axis=0)
    return ((shares > 0) & (shares < 1)).all(axis=1)


if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        rows = load(folder).read("paired", COLUMNS)
        table = widths(rows[varies(rows)])
        ratio = table["paired"] / table["independent"]
        print(
            f"{folder.name}: {len(table)} of {len(rows)} pairs vary in both arms; "
            f"width paired / independent: median {ratio.median():.2f}, "
            f"{ratio.min():.2f} to {ratio.max():.2f}; "
            f"correlation: median {table['correlation'].median():.2f}"
        )
