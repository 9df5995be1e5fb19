"""How far do weights move: the first activation against the second?"""

import pandas as pd

from vgstudy.analysis.intervals import Moments, moments_of, welch_difference
from vgstudy.analysis.multiplicity import HOLM, adjusted
from vgstudy.figures.frames import Frames, chosen
from vgstudy.figures.profiles import at_depths
from vgstudy.formatting import plural
from vgstudy.report.finding import (
    Finding,
    Table,
    both_levels,
    cross_table,
    estimate,
    records,
    reference_estimate,
    setting,
    sides_by_test,
)

SETTING = ("initializer", "optimizer", "depth", "width")


def movement(frames: Frames) -> Finding | None:
    """L1 change of the first layer's weights over training, decided by Welch's test with Holm over
    the settings."""
    names = list(frames.study["factors"]["activation"])[:2]
    moved = chosen(
        frames.profiles, quantity="w_l1_change", layer=1, epoch=frames.last_epoch, activation=names
    )
    moved = at_depths(moved[moved["value"].notna()], [5])
    pairs = both_levels(moved, "activation", names[0], names[-1], SETTING)
    if len(names) < 2 or pairs.empty:
        return None
    found = sides_by_test(tested(pairs), 0.0)
    headline = (
        f"{names[0]} against {names[1]}: over training, at depth {moved['depth'].iloc[0]}, the weights of layer 1 move "
        f"further (mean L1 change) in {len(found.above)} of {plural(found.n, 'setting')}, less far in {len(found.below)} and "
        f"undecided in {len(found.undecided)} (Welch's test, Holm over the settings{found.no_interval})."
    )
    row = records(pairs)[0]
    example = f"With {setting(row, SETTING)}: {estimate(row)} with {names[0]}, {reference_estimate(row)} with {names[1]}."
    caption = "L1 change of layer 1 over training (sum of absolute changes of its weights), mean over seeds, with its interval"
    table: Table = cross_table(caption, moved, ("width", "initializer", "optimizer"), "activation")
    return Finding("How far weights move", headline, (example,), "l1-epochs", (table,))


def tested(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs with the difference of their means as value, and the p value of none, corrected
    together."""
    found = welch_difference(side(pairs, ""), side(pairs, "_reference"))
    family = pd.Series("activation", pairs.index)
    return pairs.assign(value=found.value, p_adjusted=adjusted(found.p, family, HOLM))


def side(pairs: pd.DataFrame, suffix: str) -> Moments:
    """The moments of one side of the pairs."""
    value, low, high, n = (
        pairs[name + suffix].to_numpy(dtype=float) for name in ("value", "low", "high", "n_alive")
    )
    return moments_of(value, low, high, n)
