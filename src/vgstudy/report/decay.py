"""Do gradients vanish or explode before training?"""

import numpy as np
import pandas as pd

from vgstudy.analysis.intervals import ALPHA
from vgstudy.figures.frames import Frames, chosen, optimizers, untrained
from vgstudy.figures.view import REFERENCE_DEPTH, nearest
from vgstudy.formatting import plural
from vgstudy.report.finding import Finding, Table, cross_table, estimate, extreme, setting

NAMES = {"d_delta": "δ", "d_g": "g"}
SETTING = ("activation", "initializer", "width")
BOUND = (
    "Vanishes, explodes: the whole interval lies below, above 1. Does neither: the factor is shown to be within 5 % of 1 "
    "(equivalence by two one-sided tests)."
)


def decay(frames: Frames) -> Finding | None:
    """Decay factors at epoch 0 at one depth: how many settings vanish, explode, or show neither."""
    rows = start(frames)
    if rows is None:
        return None
    depth, delta, g = (
        rows["depth"].iloc[0],
        chosen(rows, quantity="d_delta"),
        chosen(rows, quantity="d_g"),
    )
    several = frames.estimates["optimizer"].nunique() > 1
    trained = f", in the networks for {optimizers(rows)}" * several
    headline = f"Before any update, at depth {depth}{trained}, the backpropagated signal δ {counts(delta)}. {extremes(delta)}".strip()
    headline += survivors(delta)
    more = (
        f"The kernel gradient g, a product of δ and the activations, {counts(g)}.",
        BOUND,
        *bent(frames),
    )
    tables = tuple(
        decay_table(chosen(rows, quantity=quantity), quantity, depth) for quantity in NAMES
    )
    return Finding("Decay before training", headline, more, "profile-start", tables)


def start(frames: Frames) -> pd.DataFrame | None:
    """The decay factors at epoch 0 at the depth nearest to the reference; None where no interval is
    known.

    Depths at which less than half as many settings were run as at another do not count: they would
    speak for few.
    """
    first = untrained(chosen(frames.estimates, quantity=list(NAMES), epoch=0))
    settings = first[first["value"].notna()]["depth"].astype(int).value_counts()
    rows = chosen(
        first, depth=nearest([REFERENCE_DEPTH], settings[2 * settings >= settings.max()].index)
    )
    return None if rows["low"].isna().all() else rows


def counts(rows: pd.DataFrame) -> str:
    """In how many settings a quantity vanishes, explodes, does neither, or is undecided."""
    vanishes, explodes, equivalent, undecided = (
        int((rows["direction"] == name).sum())
        for name in ("vanishes", "explodes", "equivalent", "undecided")
    )
    unknown = int(rows["direction"].isna().sum())
    return (
        f"vanishes toward the input in {vanishes} of {plural(len(rows), 'setting')}, explodes in {explodes}, does neither in "
        f"{equivalent} and is undecided in {undecided}"
        + f"; {unknown} without an interval"
        * (unknown > 0)
    )


def bent(frames: Frames) -> tuple[str, ...]:
    """In how many cells one factor per layer is the wrong description of δ, and where most."""
    rows = untrained(chosen(frames.linearity, quantity="curvature_delta"))
    rows = rows[rows["p_adjusted"].notna()]
    if rows.empty:
        return ()
    found = rows[rows["p_adjusted"] < ALPHA]
    text = f"One factor per layer is too simple a description of δ in {len(found)} of {plural(len(rows), 'cell')} (curvature, Holm)."
    if found.empty:
        return (text,)
    with np.errstate(divide="ignore"):
        row = extreme(found.assign(size=np.abs(np.log(found["bend"].astype(float)))), by="size")
    return (f"{text} Most bent: {setting(row, (*SETTING, 'depth'))}.",)


def survivors(rows: pd.DataFrame) -> str:
    """In how many settings some seeds have no decay factor, because a layer's gradient is zero or
    not finite."""
    some = int((rows["n_failed"] > 0).sum())
    return (
        f" Decay factors are of seeds whose gradient is alive; in {plural(some, 'setting')} some seeds' is not."
        if some
        else ""
    )


def extremes(rows: pd.DataFrame) -> str:
    """The strongest vanishing and the strongest explosion, as factors per layer."""
    parts = []
    for name, direction, largest in (
        ("vanishing", "vanishes", False),
        ("explosion", "explodes", True),
    ):
        if len(some := chosen(rows, direction=direction)):
            row = extreme(some, largest)
            parts.append(
                f"Strongest {name}: a factor of {estimate(row)} per layer with {setting(row, SETTING)}."
            )
    return " ".join(parts)


def decay_table(rows: pd.DataFrame, quantity: str, depth: int) -> Table:
    """The decay factors of every setting."""
    caption = f"Decay factor of {NAMES[quantity]} per layer toward the input at epoch 0, depth {depth}, with its interval"
    return cross_table(caption, rows, ("initializer", "width"), "activation")
