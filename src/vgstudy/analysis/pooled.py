"""Compare how often two levels of a factor learn: one test for each setting, over all depths."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vgstudy.analysis.contrasts import EXPLORATORY, HOLM, adjusted
from vgstudy.analysis.depth_limit import SETTING, Difference, Limit, difference
from vgstudy.analysis.intervals import CONFIDENCE
from vgstudy.analysis.strata import Strata, homogeneity, odds_ratio
from vgstudy.schema import TABLES

Setting = tuple[Any, ...]
METHOD = "exact, common odds ratio"
LEARNED = "p_learned"
UNKNOWN = Difference(np.nan, np.nan, np.nan, "unknown")


def pooled_rows(
    shares: pd.DataFrame,
    limits: Mapping[Setting, Limit],
    declared: Sequence[Mapping[str, Any]],
) -> pd.DataFrame:
    """Return the rows of `pooled`: each setting against that with the reference's level.

    Parameters
    ----------
    shares, limits
        Of `shares_learned` and `fitted_limits`.
    declared
        The study's contrasts: `factor`, the level that is its `reference`, and `quantities`.
    """
    rows = [row for contrast in declared for row in _of_contrast(shares, limits, contrast)]
    frame = pd.DataFrame(rows, columns=list(TABLES["pooled"].columns))
    for correction in (HOLM, EXPLORATORY):
        some = frame.index[frame["correction"] == correction]
        for name in ("p", "p_depth"):
            p = frame.loc[some, name].to_numpy(dtype=float)
            corrected = adjusted(p, frame.loc[some, "family"], correction)
            frame.loc[some, f"{name}_adjusted"] = corrected
    return frame


def _of_contrast(
    shares: pd.DataFrame, limits: Mapping[Setting, Limit], contrast: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one contrast, not yet corrected."""
    factor, reference = contrast["factor"], contrast["reference"]
    # depths are what is pooled
    if factor == "depth":
        return
    settings = dict(iter(shares.groupby(list(SETTING))))
    for setting in settings:
        other = _with_level(setting, factor, reference)
        if other == setting or other not in settings:
            continue
        both = settings[setting].merge(settings[other], on="depth", suffixes=("", "_reference"))
        if len(both):
            yield {
                **dict(zip(SETTING, setting, strict=True)),
                "factor": factor,
                "reference": str(reference),
                **_tests(both, [*setting, reference]),
                **_limits(limits.get(setting), limits.get(other)),
                "family": f"{factor} against {reference}",
                "correction": HOLM if LEARNED in contrast["quantities"] else EXPLORATORY,
                "method": METHOD,
                "confidence": CONFIDENCE,
            }


def _with_level(setting: Setting, factor: str, level: Any) -> Setting:
    at = SETTING.index(factor)
    return (*setting[:at], level, *setting[at + 1 :])


def _tests(both: pd.DataFrame, names: list[Any]) -> dict[str, Any]:
    """Return counts, odds ratio and tests of two settings at the depths that both have."""
    counts = both[["learned", "n", "learned_reference", "n_reference"]].astype(int)
    strata = Strata.of(*counts.to_numpy().T)
    ratio = odds_ratio(strata)
    # each comparison has its own stream, whatever other comparisons there are
    stream = np.random.default_rng(list(repr(list(map(str, names))).encode()))
    return {
        "depths": len(both),
        **{str(name): int(total) for name, total in counts.sum().items()},
        **{name: getattr(ratio, name) for name in ("value", "low", "high", "p")},
        "p_depth": homogeneity(strata, stream),
    }


def _limits(one: Limit | None, other: Limit | None) -> dict[str, Any]:
    """Return the difference of two depth limits."""
    found = difference(one, other) if one and other else UNKNOWN
    return {
        "limit_difference": found.value,
        "limit_low": found.low,
        "limit_high": found.high,
        "limit_bound": found.bound,
    }
