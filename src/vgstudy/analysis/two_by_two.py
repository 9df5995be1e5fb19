"""Compare two changes made at once.

The effect of a factor is the difference of shares that learned between its levels, averaged over
the levels of the other one. Both: the share with both changes less the share with neither. The
interaction is how much more the second change does after the first than without it."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vgstudy.analysis.depth_limit import SETTING
from vgstudy.analysis.share_intervals import weighted_sum, wilson

Array = NDArray[np.float64]
BOTH, INTERACTION = "both together", "interaction"
# for each effect, the weights of the shares with neither change, the first, the second, both
WEIGHTS = np.array(
    [
        [-0.5, 0.5, -0.5, 0.5],
        [-0.5, -0.5, 0.5, 0.5],
        [-1.0, 0.0, 0.0, 1.0],
        [1.0, -1.0, -1.0, 1.0],
    ]
)


def two_by_two_rows(
    shares: pd.DataFrame, crossed: Mapping[str, Any] | None
) -> Iterator[dict[str, Any]]:
    """Yield the rows of `two_by_two`: four effects at each depth, then over all depths.

    Parameters
    ----------
    shares
        Of `shares_learned`.
    crossed
        Two levels of each of two factors, or None.
    """
    if not crossed:
        return
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
    for weight, (effect, change) in zip(WEIGHTS, _changes(crossed).items(), strict=True):
        yield {
            **keys,
            "effect": effect,
            "change": change,
            **weighted_sum(np.tile(weight, len(n)) / len(n), *ends).columns(),
            "depths": len(n),
            "n": int(n.sum()),
        }


def _changes(crossed: Mapping[str, Any]) -> dict[str, str]:
    """Return in words what each effect compares, in the order of `WEIGHTS`."""
    (without, after), _ = crossed.values()
    one, other = (f"{first} to {second}" for first, second in crossed.values())
    return {
        **dict(zip(crossed, (one, other), strict=True)),
        BOTH: f"{one} and {other}",
        INTERACTION: f"{other} with {after}, less the same with {without}",
    }
