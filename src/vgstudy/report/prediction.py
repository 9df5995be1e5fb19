"""Does what a gradient looks like before training predict failure to learn?"""

import pandas as pd

from vgstudy.analysis.predictors import ALL, PREDICTORS
from vgstudy.figures.frames import Frames
from vgstudy.formatting import ABSENT, number, percent, plural
from vgstudy.report.failure import answer, area, enough, learned, many, side
from vgstudy.report.finding import Finding, Row, Table, estimate

RULES = {
    "autotrainer vanishing": "AUTOTRAINER's rule for vanishing gradients",
    "autotrainer dying": "AUTOTRAINER's rule for dying ReLU",
}
MODELS = {
    "depth and width": "depth and width",
    "gradients": "gradients before training",
    "everything": "both",
}
NAMES = {**PREDICTORS, **RULES}
AREAS = ("AUC", "AUC within cells")
ASKED = "tanh"  # the activation of the tutorials' open question
RULED = {
    "autotrainer vanishing": (ASKED, ALL),
    "autotrainer dying": ("ReLU",),
}  # the runs that a rule is about, in this order


def prediction(frames: Frames) -> Finding | None:
    """How well vanishing before training predicts failure, over all runs and within activations,
    and what is left open."""
    rows = frames.prediction
    if rows.empty or area(rows, ALL, "d_delta") is None:
        return None
    group = ASKED if area(rows, ASKED, "d_delta") is not None else ALL
    more = (*within(rows, group), *rules(rows), *unexplained(rows, group))
    return Finding(
        "Does vanishing predict failure?",
        f"{answer(rows, group)} {others(rows, group)}".strip(),
        more,
        "accounting",
        (table(rows),),
    )


def others(rows: pd.DataFrame, group: str) -> str:
    """The same predictor over all runs, and in other activations where it points elsewhere."""
    names = [name for name in dict.fromkeys(rows["group"]) if name != group]
    found = {name: row for name in names if (row := area(rows, name, "d_delta")) and enough(row)}
    inside = area(rows, ALL, "d_delta", "AUC within cells")
    seeds = f", {estimate(inside)} among runs of one cell" if inside and enough(inside) else ""
    over = (
        f"Over all activations the AUC of a vanishing signal is {estimate(found[ALL])}{seeds}. "
        if ALL in found
        else ""
    )
    against = ", ".join(
        f"{name} ({estimate(row)})" for name, row in found.items() if name != ALL and side(row) < 0
    )
    return f"{over}{f'It points the other way, the more vanishing the fewer failures, in {against}.' if against else ''}".strip()


def within(rows: pd.DataFrame, group: str) -> list[str]:
    """What is left of it among runs that differ in nothing but their seed."""
    row = area(rows, group, "d_delta", "AUC within cells")
    if row is None or not enough(row):
        return []
    overall = area(rows, group, "d_delta")
    says = {
        1: "seeds whose signal vanishes more fail more often there"
        + ", too" * (overall is not None and side(overall) > 0),
        0: "there it is not told from chance: the configuration may predict failure, the seed's own gradient is not shown to",
        -1: "there it points the other way",
    }
    kind = "" if group == ALL else f"{group} "
    return [
        f"Among {kind}runs of one cell, which differ in their seed alone, the AUC is {estimate(row)}; {says[side(row)]}."
    ]


def rules(rows: pd.DataFrame) -> list[str]:
    """How published rules of thumb do among the runs that they are about."""
    found = []
    for name, groups in RULED.items():
        group = next((group for group in groups if area(rows, group, name)), None)
        if (
            group
            and (hit := area(rows, group, name, "sensitivity"))
            and (spared := area(rows, group, name, "specificity"))
        ):
            kind = "" if group == ALL else f"{group} "
            found.append(
                f"{NAMES[name]}, applied before training, finds {percent(hit['value'])} of the "
                f"{plural(int(hit['failures']), f'{kind}run')} that fail and leaves {percent(spared['value'])} of the "
                f"{int(hit['n'] - hit['failures']):,} that learn alone."
            )
    return found


def unexplained(rows: pd.DataFrame, group: str) -> list[str]:
    """How much models explain in cells they have not seen."""
    found = [(text, area(rows, group, name, "deviance explained")) for name, text in MODELS.items()]
    texts = [f"{text} {explained(row['value'])}" for text, row in found if row]
    if not texts:
        return []
    models = ", ".join(texts)
    of = f"failure of {'all' if group == ALL else group} runs in cells that a logistic model has not seen"
    return [f"Of the deviance of {of}, it explains: {models}; the rest is open."]


def explained(share: float) -> str:
    """A share of the deviance; below zero a model is worse than the share of failures given to
    every run."""
    return f"{100 * share:.2g} %" if share > 0 else "nothing (worse than guessing)"


def table(rows: pd.DataFrame) -> Table:
    """AUC of every predictor and rule by group."""
    groups = list(dict.fromkeys(rows["group"]))
    kinds = [(name, quantity) for name in NAMES for quantity in AREAS]
    listed = [
        (NAMES[name], quantity, [area(rows, g, name, quantity) for g in groups])
        for name, quantity in kinds
    ]
    body = [(text, quantity, *map(told, found)) for text, quantity, found in listed if any(found)]
    scores = [
        (f"model of {text}", "Brier score", *(score(rows, g, name) for g in groups))
        for name, text in MODELS.items()
    ]
    return Table(
        "What predicts failure: AUC with its interval (seeds resampled within cells)",
        ("predictor", "quantity", *groups),
        (*body, *scores),
    )


def told(row: Row | None) -> str:
    """An area, or why it says nothing."""
    if row is None or enough(row):
        return estimate(row) if row else ABSENT
    return (
        "cells fail as a whole"
        if many(row)
        else "too few failed"
        if row["failures"] < learned(row)
        else "too few learned"
    )


def score(rows: pd.DataFrame, group: str, name: str) -> str:
    """A model's Brier score as text."""
    row = area(rows, group, name, "Brier score")
    return number(row["value"]) if row else ABSENT
