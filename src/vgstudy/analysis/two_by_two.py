"""Two changes made at once: what each does to the share of runs that learn, and both together.

Two factors have two levels each. The effect of a factor is the difference of shares between its
levels, averaged over the levels of the other one; the interaction is how much more the second
factor does at the second level of the first one than at its first.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from vgstudy.analysis.depth_limit import SETTING
from vgstudy.analysis.intervals import CONFIDENCE, WEIGHTED_SUM, weighted_sum, wilson
from vgstudy.schema import arrow_schema

Array = NDArray[np.float64]
INTERACTION = "interaction"
# of the shares with first levels, the second of the first factor, that of the second factor, both
WEIGHTS = np.array([[-0.5, 0.5, -0.5, 0.5], [-0.5, -0.5, 0.5, 0.5], [1.0, -1.0, -1.0, 1.0]])


def two_by_two_rows(shares: pd.DataFrame, crossed: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the columns of `two_by_two`: three effects at each depth, then over all depths.

    Parameters
    ----------
    shares
        Of `shares_learned`.
    crossed
        Two levels of each of two factors, or None.
    """
    rows = list(_rows(shares, crossed)) if crossed else []
    return {
        field.name: pa.array(
            [row.get(field.name) for row in rows],
            pa.string() if pa.types.is_dictionary(field.type) else field.type,
        )
        for field in arrow_schema("two_by_two")
    }


def _rows(shares: pd.DataFrame, crossed: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    one, other = crossed
    rest = [factor for factor in SETTING if factor not in crossed]
    corners = [(a, b) for b in crossed[other] for a in crossed[one]]
    for levels, rows in shares.groupby(rest):
        setting = dict(zip(rest, levels, strict=True))
        by_corner = {pair: some.set_index("depth") for pair, some in rows.groupby([one, other])}
        if any(corner not in by_corner for corner in corners):
            continue
        counts = pd.concat([by_corner[corner][["learned", "n"]] for corner in corners], axis=1)
        counts = counts.dropna()
        # axes (depth, corner)
        learned, n = counts["learned"].to_numpy(), counts["n"].to_numpy()
        for depth, k, m in zip(counts.index, learned, n, strict=True):
            yield from _effects(crossed, {**setting, "depth": depth}, k[None], m[None])
        if len(counts):
            yield from _effects(crossed, {**setting, "depth": None}, learned, n)


def _effects(
    crossed: Mapping[str, Any], keys: Mapping[str, Any], learned: Array, n: Array
) -> Iterator[dict[str, Any]]:
    """Yield the effects, averaged over depths; axes (depth, corner)."""
    shares = wilson(learned, n)
    ends = [end.reshape(-1) for end in (shares.value, shares.low, shares.high)]
    changes = [f"{first} to {second}" for first, second in crossed.values()]
    effects = zip([*crossed, INTERACTION], [*changes, " and ".join(changes)], strict=True)
    for weight, (effect, change) in zip(WEIGHTS, effects, strict=True):
        found = weighted_sum(np.tile(weight, len(n)) / len(n), *ends)
        yield {
            **keys,
            "effect": effect,
            "change": change,
            "value": float(found.value),
            "low": float(found.low),
            "high": float(found.high),
            "depths": len(n),
            "n": int(n.sum()),
            "method": WEIGHTED_SUM,
            "confidence": CONFIDENCE,
        }
