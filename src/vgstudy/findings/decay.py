"""Do gradients vanish or explode before training?"""

import pandas as pd

from vgstudy.findings.finding import Finding, Table, Verdict, cross_table, estimate, extreme, setting, verdict
from vgstudy.views.frames import Frames, chosen
from vgstudy.views.view import nearest
from vgstudy.wording import plural

NAMES = {"d_delta": "δ", "d_g": "g"}
SETTING = ("activation", "initializer", "width")
REFERENCE_DEPTH = 10


def decay(frames: Frames) -> Finding | None:
    """Decay factors at epoch 0 at one depth: how many settings vanish, explode, or show neither."""
    start = chosen(frames.estimates, quantity=list(NAMES), epoch=0, optimizer=frames.first_optimizer)
    rows = chosen(start, depth=nearest([REFERENCE_DEPTH], start[start["value"].notna()]["depth"].astype(int)))
    found = verdict(chosen(rows, quantity="d_delta"), 1.0)
    if not found.n:
        return None
    depth = rows["depth"].iloc[0]
    headline = f"Before any update, at depth {depth}, the backpropagated signal δ {counts(found)}. {extremes(found)}".strip()
    headline += survivors(chosen(rows, quantity="d_delta"))
    more = f"The kernel gradient g, a product of δ and the activations, {counts(verdict(chosen(rows, quantity='d_g'), 1.0))}."
    tables = tuple(decay_table(chosen(rows, quantity=quantity), quantity, depth) for quantity in NAMES)
    return Finding("Decay before training", headline, (more,), "decay-depth-start", tables)


def counts(found: Verdict) -> str:
    """In how many settings a quantity vanishes, explodes, or is undecided."""
    return (
        f"vanishes toward the input in {len(found.below)} of {plural(found.n, 'setting')} and explodes in {len(found.above)}; in "
        f"{len(found.undecided)} the interval does not exclude a factor of 1{found.no_interval}"
    )


def survivors(rows: pd.DataFrame) -> str:
    """In how many settings some seeds have no decay factor, because a layer's gradient is zero or not finite."""
    some = int((rows["n_failed"] > 0).sum())
    return (
        f" Decay factors are of seeds whose gradient is alive; in {plural(some, 'setting')} some seeds' is not." if some else ""
    )


def extremes(found: Verdict) -> str:
    """The strongest vanishing and the strongest explosion, as factors per layer."""
    parts = []
    for name, rows, largest in (("vanishing", found.below, False), ("explosion", found.above, True)):
        if len(rows):
            row = extreme(rows, largest)
            parts.append(f"Strongest {name}: a factor of {estimate(row)} per layer with {setting(row, SETTING)}.")
    return " ".join(parts)


def decay_table(rows: pd.DataFrame, quantity: str, depth: int) -> Table:
    """The decay factors of every setting."""
    caption = f"Decay factor of {NAMES[quantity]} per layer toward the input at epoch 0, depth {depth}, with its interval"
    return cross_table(caption, rows, ("initializer", "width"), "activation")
