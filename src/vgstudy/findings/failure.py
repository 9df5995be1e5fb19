"""At which depth does training fail?"""

import pandas as pd

from vgstudy.findings.finding import Finding, Row, Table, cross_table, estimate, records, setting
from vgstudy.views.frames import Frames, chosen
from vgstudy.wording import plural

SETTING = ("activation", "initializer", "optimizer", "width")
HALF = 0.5
STATES = ("fails", "succeeds", "never", "undecided")


def failure(frames: Frames) -> Finding | None:
    """Up to which depth every setting learns, and at which it fails.

    A depth succeeds where the whole interval of P(learned) lies above one half, and fails where it lies below.
    """
    rows = chosen(frames.estimates, quantity="p_learned")
    rows = rows[rows["value"].notna()]
    if rows.empty:
        return None
    ends = pd.concat([turning_point(group) for _, group in rows.groupby(list(SETTING), observed=True)])
    headline = f"{counts(ends)} {extremes(ends)}".strip()
    return Finding("Depth at which training fails", headline, (), "learned-depth", (failure_table(ends),))


def turning_point(group: pd.DataFrame) -> pd.DataFrame:
    """The row that decides about a setting, with its `state`.

    `fails`: of the first depth that fails beyond the deepest that succeeds; `succeeds`: of the deepest network, which
    does; `never`: of the deepest network, where no depth succeeds and some fail; `undecided`: of the deepest network.
    """
    ordered = group.sort_values("depth")
    succeeds, fails = ordered["low"] > HALF, ordered["high"] < HALF
    beyond = ordered[fails & ~succeeds[::-1].cummax()[::-1]]
    if succeeds.any() and len(beyond):
        return beyond.iloc[[0]].assign(state="fails")
    state = "succeeds" if succeeds.iloc[-1] else "never" if fails.any() and not succeeds.any() else "undecided"
    return ordered.iloc[[-1]].assign(state=state)


def counts(ends: pd.DataFrame) -> str:
    """How many settings fail with depth, succeed in the deepest network, never succeed, or are undecided."""
    fails, succeeds, never, undecided = (int((ends["state"] == state).sum()) for state in STATES)
    return (
        f"Training succeeds in shallower networks and fails in deeper ones in {fails} of {plural(len(ends), 'setting')}; it "
        f"succeeds even in the deepest in {succeeds}, at no depth in {never}, and is undecided in {undecided}. (Succeeds, fails: "
        "the whole interval of P(learned) lies above, below one half.)"
    )


def extremes(ends: pd.DataFrame) -> str:
    """Which settings fail first and last, among those that learn at all."""
    failed = ends[ends["state"] == "fails"].sort_values("depth", kind="stable")
    if failed.empty:
        return ""
    first, last = records(failed)[0], records(failed)[-1]
    equal = len(chosen(failed, depth=first["depth"])) - 1
    others = f" and {plural(equal, 'other setting')}" if equal else ""
    text = f"First to fail, at depth {first['depth']}: {setting(first, SETTING)} (P(learned) {estimate(first)}){others}."
    if last["depth"] == first["depth"]:
        return text
    return f"{text} Last, at depth {last['depth']}: {setting(last, SETTING)} ({estimate(last)})."


def failure_table(ends: pd.DataFrame) -> Table:
    """What becomes of every setting with depth."""
    caption = "First depth that fails beyond the deepest that succeeds"
    return cross_table(caption, ends, ("width", "initializer", "optimizer"), "activation", state_text)


def state_text(row: Row) -> str:
    """A setting's entry in the table."""
    texts = {
        "fails": f"{row['depth']}",
        "succeeds": f"succeeds at {row['depth']}",
        "never": "never succeeds",
        "undecided": "undecided",
    }
    return texts[row["state"]]
