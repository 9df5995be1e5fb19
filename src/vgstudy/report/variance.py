"""How much of what varies is due to which factor, and how much to the seed?"""

import pandas as pd

from vgstudy.figures.frames import Frames, chosen
from vgstudy.formatting import listing, percent, plural
from vgstudy.report.finding import Finding, Row, Table, cross_table, estimate, records

NAMES = {
    "log d_delta": "log decay factor of δ",
    "log d_g": "log decay factor of g",
    "test_accuracy": "test accuracy",
}

# share of the variance that no source alone explains, from which it is told: factors are not
# crossed
TOGETHER = 0.05


def variance(frames: Frames) -> Finding | None:
    """The largest sources of variance of the decay factor of δ before training and of the test
    accuracy after it."""
    rows = frames.variances[frames.variances["value"].notna()]
    rows = rows.assign(what=rows["quantity"].map(NAMES) + ", epoch " + rows["epoch"].astype("str"))
    wanted = (("log d_delta", 0), ("test_accuracy", frames.last_epoch))
    parts = [sentence(chosen(rows, quantity=name, epoch=epoch)) for name, epoch in wanted]
    told = [part for part in parts if part]
    if not told:
        return None
    return Finding(
        "What explains the variance", told[0], tuple(told[1:]), "accuracy-depth", (account(rows),)
    )


def sentence(rows: pd.DataFrame) -> str:
    """The three largest sources and the seed's share."""
    if rows.empty:
        return ""
    listed = records(rows.sort_values("value", ascending=False, kind="stable"))
    largest = [row for row in listed if row["source"] != "seed"][:3]
    seed = next(row for row in listed if row["source"] == "seed")
    first = listed[0]
    parts = [
        f"{row['source']} explain{'' if row['source'].endswith('s') else 's'} {share(row)}"
        for row in largest
    ]
    left = 1 - sum(row["value"] for row in listed)
    shared = (
        f"; {percent(left)} goes to factors that vary together, which cannot be told apart"
        if left > TOGETHER
        else ""
    )
    return (
        f"Of the variance of the {NAMES[first['quantity']]} at epoch {first['epoch']} over {plural(int(first['n']), 'run')}, "
        f"{f'{listing(parts)}; ' * bool(parts)}the seed {'' if parts else 'explains '}{share(seed)}{shared}."
    )


def share(row: Row) -> str:
    """A share of the variance in percent, with its interval."""
    return f"{estimate({end: 100 * row[end] for end in ('value', 'low', 'high')})} %"


def account(rows: pd.DataFrame) -> Table:
    """Every source of every quantity."""
    caption = (
        "Shares of the variance over runs in percent, with intervals (approximate below 10 seeds); a pair of factors is what "
        "they do together"
    )
    order = pd.CategoricalDtype(list(dict.fromkeys(rows["source"])), ordered=True)
    frame = rows.assign(source=rows["source"].astype(order))
    return cross_table(
        caption, frame, ("source",), "what", lambda row: share(row).removesuffix(" %")
    )
