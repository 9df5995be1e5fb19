"""Comparisons at fair learning rates: each network at the rate that suits it best.

Some seeds choose the rate of each network, others estimate at it, so that the best of several rates
does not look better than it is. The rule: the rate factor with the highest share of learned runs;
of equal ones that with the lowest median training loss, one that is not finite counting as
infinite; of these the smallest.
"""

from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from ruamel.yaml import YAML
from scipy.stats import binomtest

from vgstudy.analysis.intervals import CONFIDENCE, mean_t, moments
from vgstudy.analysis.share_intervals import newcombe, newcombe_paired, wilson
from vgstudy.config.study import Study
from vgstudy.errors import UserError
from vgstudy.schema import FACTORS
from vgstudy.store.parquet import read_footer
from vgstudy.store.tables import read_rows

RATE = "rate_factor"
# share of learned runs below which a grid of rates ends far enough from the good ones
EDGE = 0.1


def best_rate_rows(runs: pd.DataFrame, choosing: Sequence[int]) -> list[dict[str, Any]]:
    """Return the rows of `best_rates`, one for each network that has one rate or can choose.

    Parameters
    ----------
    runs
        Cell, seed, factors, `learned` (0 or 1) and `train_loss` of each run.
    choosing
        The seeds that choose; the others estimate.
    """
    networks = [rows for _, rows in runs.groupby(_others(RATE), observed=True)]
    return [_row(rows, choosing) for rows in networks if choosing or rows[RATE].nunique() == 1]


def _others(*names: str) -> list[str]:
    return [factor for factor in FACTORS if factor not in names]


def _row(rows: pd.DataFrame, choosing: Sequence[int]) -> dict[str, Any]:
    chooses = rows["seed"].isin(choosing)
    best = best_rate(rows[chooses]) if rows[RATE].nunique() > 1 else rows[RATE].iloc[0]
    estimating = rows[~chooses]
    at_best = estimating[estimating[RATE] == best]
    at_one = estimating[estimating[RATE] == 1]
    return {
        **{name: rows[name].iloc[0] for name in _others(RATE)},
        "cell": rows.loc[rows[RATE] == best, "cell"].iloc[0],
        RATE: best,
        "rates": rows[RATE].nunique(),
        "chosen_on": int(rows.loc[chooses, "seed"].nunique()),
        **wilson(at_best["learned"].sum(), len(at_best)).columns(),
        "n": len(at_best),
        "at_one": at_one["learned"].mean() if len(at_one) else np.nan,
        **_area(estimating),
    }


def best_rate(rows: pd.DataFrame) -> float:
    """Return the rate factor that the rule above chooses for one network."""
    loss = rows["train_loss"].where(np.isfinite(rows["train_loss"]), np.inf)
    by_rate = rows.assign(loss=loss).groupby(RATE)
    table = pd.DataFrame({"learned": by_rate["learned"].mean(), "loss": by_rate["loss"].median()})
    order = ["learned", "loss", RATE]
    ordered = table.reset_index().sort_values(order, ascending=[False, True, True])
    return float(ordered[RATE].iloc[0])


def _area(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the area under learned over log10 of the rate, one number a seed, with Student's t
    interval; a lower bound unless few runs learn at both ends of the grid."""
    by_seed = rows.pivot_table("learned", "seed", RATE) if len(rows) else pd.DataFrame()
    if by_seed.shape[1] < 2:
        return dict.fromkeys(("area", "area_low", "area_high", "area_bound"))
    areas = np.trapezoid(by_seed.to_numpy(), np.log10(by_seed.columns.to_numpy(float)), axis=1)
    interval = mean_t(moments(areas))
    shares = by_seed.mean().to_numpy()
    return {
        "area": float(interval.value),
        "area_low": float(interval.low),
        "area_high": float(interval.high),
        "area_bound": "exact" if max(shares[0], shares[-1]) < EDGE else "at least",
    }


def paired_rows(
    runs: pd.DataFrame, best: Sequence[Mapping[str, Any]], declared: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of `paired`: each level of a declared factor against its reference, seed by
    seed, each network at its best rate.

    Parameters
    ----------
    runs
        As for `best_rate_rows`, only of the seeds that estimate.
    best
        The rows of `best_rates`.
    declared
        The study's contrasts: `factor` and the level that is its `reference`.
    """
    learned = {cell: rows.set_index("seed")["learned"] for cell, rows in runs.groupby("cell")}
    for contrast in declared:
        for row, other in _pairs(pd.DataFrame(best), **contrast):
            if row["cell"] in learned and other["cell"] in learned:
                pair = pd.concat([learned[row["cell"]], learned[other["cell"]]], axis=1).dropna()
                yield {
                    **{name: row[name] for name in FACTORS},
                    "factor": contrast["factor"],
                    "reference": str(contrast["reference"]),
                    "reference_rate": other[RATE],
                    **compared(*pair.to_numpy(bool).T),
                }


def _pairs(
    best: pd.DataFrame, factor: str, reference: str | float, **_: Any
) -> Iterator[tuple["pd.Series[Any]", "pd.Series[Any]"]]:
    """Yield each network with another level of the factor, and the same one with the reference."""
    for _levels, rows in best.groupby(_others(RATE, factor), observed=True):
        is_reference = rows[factor].astype(str) == str(reference)
        for _index, other in rows[is_reference].iterrows():
            for _place, row in rows[~is_reference].iterrows():
                yield row, other


def compared(learned: NDArray[np.bool_], reference: NDArray[np.bool_]) -> dict[str, Any]:
    """Return what one treatment changes for the same seeds as another, both axis (seed,)."""
    cured, harmed = int((learned & ~reference).sum()), int((~learned & reference).sum())
    both, n = int((learned & reference).sum()), len(learned)
    changed = cured + harmed
    return {
        "learned": int(learned.sum()),
        "learned_reference": int(reference.sum()),
        "cured": cured,
        "harmed": harmed,
        **newcombe_paired(both, cured, harmed, n - both - cured - harmed).columns(),
        "p": binomtest(cured, changed).pvalue if changed else 1.0,
        "n": n,
    }


def ranked(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of `best_rates` by depth and activation, the highest share first, with `as_good`:
    whether the share may equal the highest.

    It may where Newcombe's interval of their difference contains 0, at a confidence that holds for
    all comparisons of the activation at this depth at once (Bonferroni).
    """
    together = itemgetter("depth", "activation")
    ordered = sorted(rows, key=lambda row: (*together(row), -row["value"]))
    return [row for _, some in groupby(ordered, key=together) for row in _with_ties(list(some))]


def _with_ties(rows: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(rows) - 1)
    shares = [wilson(row["value"] * row["n"], row["n"], confidence) for row in rows]
    for row, share in zip(rows, shares, strict=True):
        yield {**row, "as_good": bool(newcombe(shares[0], share).low <= 0)}


def fresh_study(folder: Path, seeds: str) -> str:
    """Return the text of a study file with the networks of a study at their best rates.

    Parameters
    ----------
    folder
        The results of a study of several rates.
    seeds
        As a study file has them, such as `330-429`.

    Raises
    ------
    UserError
        If the study has no best rates, or a table is missing or damaged.
    """
    best = read_rows(folder, "best_rates").to_pylist()
    if not best:
        keys = "several levels of rate_factor, and choosing_seeds"
        raise UserError(f"{folder} has no best rates: its study file needs {keys}")
    return study_at_best_rates(read_footer(folder / "runs.parquet")["study"], best, seeds)


def study_at_best_rates(
    study: Mapping[str, Any], best: Sequence[Mapping[str, Any]], seeds: str
) -> str:
    """Return the text of a study file: every network at its best rate, with seeds of its own.

    `best` are the rows of `best_rates` of the resolved study; seeds as for `fresh_study`.
    """
    arms = {f"network {i}": {name: row[name] for name in FACTORS} for i, row in enumerate(best, 1)}
    rates = sorted({row["rate_factor"] for row in best})
    left_out = {"name", "path", "arms", "seeds", "choosing_seeds", "trial"}
    fields = Study.model_validate({"path": "", **study}).model_dump(
        mode="json", exclude=left_out, exclude_defaults=True
    )
    text = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(
        {
            **fields,
            "title": f"{study['title']}, fresh seeds",
            "factors": {**fields["factors"], "rate_factor": rates},
            "arms": arms,
            "seeds": seeds,
        },
        text,
    )
    return text.getvalue()
