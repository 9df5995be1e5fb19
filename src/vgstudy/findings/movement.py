"""How far do weights move: the first activation against the second?"""

from vgstudy.findings.finding import Finding, Table, apart, cross_table, estimate, records, reference_estimate, setting
from vgstudy.views.frames import Frames, chosen
from vgstudy.views.layers import at_depths
from vgstudy.wording import plural

SETTING = ("initializer", "optimizer", "depth", "width")


def movement(frames: Frames) -> Finding | None:
    """L1 change of the first layer's weights over training, decided where two intervals do not overlap."""
    names = list(frames.study["factors"]["activation"])[:2]
    moved = chosen(frames.profiles, quantity="w_l1_change", layer=1, epoch=frames.last_epoch, activation=names)
    moved = at_depths(moved[moved["value"].notna()], [5])
    pairs = apart(moved, "activation", names[0], names[-1], SETTING)
    if len(names) < 2 or pairs.empty:
        return None
    further, less = int((pairs["sign"] > 0).sum()), int((pairs["sign"] < 0).sum())
    headline = (
        f"{names[0]} against {names[1]}: over training, at depth {moved['depth'].iloc[0]}, the weights of layer 1 move further "
        f"(L1 change) in {further} of {plural(len(pairs), 'setting')}, less far in {less} and undecided in "
        f"{len(pairs) - further - less} (the two intervals overlap)."
    )
    row = records(pairs)[0]
    example = f"With {setting(row, SETTING)}: {estimate(row)} with {names[0]}, {reference_estimate(row)} with {names[1]}."
    caption = "L1 change of layer 1 over training (sum of absolute changes of its weights), mean over seeds, with its interval"
    table: Table = cross_table(caption, moved, ("width", "initializer", "optimizer"), "activation")
    return Finding("How far weights move", headline, (example,), "l1-epochs", (table,))
