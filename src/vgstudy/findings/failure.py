"""At which depth does training fail?"""

import pandas as pd

from vgstudy.findings.finding import Finding, Row, Table, cross_table, estimate, records, setting
from vgstudy.frames import Frames, chosen
from vgstudy.wording import plural

SETTING = ("activation", "initializer", "optimizer", "width")
HALF = 0.5


def failure(frames: Frames) -> Finding | None:
    """The first depth at which the whole interval of P(learned) lies below one half, for every setting."""
    rows = chosen(frames.estimates, quantity="p_learned")
    rows = rows[rows["value"].notna()]
    if rows.empty:
        return None
    ends = pd.concat([turning_point(group) for _, group in rows.groupby(list(SETTING), observed=True)])
    deepest = int(rows["depth"].astype(int).max())
    headline = f"{counts(ends, deepest)} {extremes(ends)}".strip()
    return Finding("Depth at which training fails", headline, (), "learned-depth", (failure_table(ends),))


def turning_point(group: pd.DataFrame) -> pd.DataFrame:
    """The row of the first depth that fails, else of the deepest network, with its `state`.

    `fails`: the interval lies below one half; `learns`: that of the deepest network lies above; else `undecided`.
    """
    ordered = group.sort_values("depth")
    failed = ordered[ordered["high"] < HALF]
    row = failed.iloc[[0]] if len(failed) else ordered.iloc[[-1]]
    state = "fails" if len(failed) else "learns" if row["low"].iloc[0] > HALF else "undecided"
    return row.assign(state=state)


def counts(ends: pd.DataFrame, deepest: int) -> str:
    """In how many settings training fails, holds, or is undecided up to the deepest network."""
    fails, learns, undecided = (int((ends["state"] == state).sum()) for state in ("fails", "learns", "undecided"))
    return (
        f"Training fails (the whole interval of P(learned) is below one half) at some depth up to {deepest} in {fails} of "
        f"{plural(len(ends), 'setting')}; {learns} still {'learns' if learns == 1 else 'learn'} in the deepest network, and in "
        f"{undecided} the interval does not decide."
    )


def extremes(ends: pd.DataFrame) -> str:
    """Which settings fail first and last."""
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
    """The failing depth of every setting."""
    caption = "First depth at which the interval of P(learned) lies below one half"
    return cross_table(caption, ends, ("width", "initializer", "optimizer"), "activation", state_text)


def state_text(row: Row) -> str:
    """A setting's entry in the table."""
    return f"{row['depth']}" if row["state"] == "fails" else f"{row['state']} at {row['depth']}"
