"""Does what a gradient looks like before training foretell failure to learn?"""

import pandas as pd

from vgstudy.claims.checks import ALL
from vgstudy.findings.finding import Finding, Row, Table, estimate, records
from vgstudy.views.frames import Frames, chosen
from vgstudy.views.prediction import AREAS, MODELS, NAMES
from vgstudy.wording import ABSENT, number, percent

CHANCE = 0.5
ASKED = "tanh"  # the activation of the tutorials' open question


def prediction(frames: Frames) -> Finding | None:
    """How well vanishing before training foretells failure, over all runs and within activations, and what is left open."""
    rows = frames.prediction
    if rows.empty or area(rows, ALL, "d_delta") is None:
        return None
    group = ASKED if area(rows, ASKED, "d_delta") is not None else ALL
    more = (*within(rows, group), *rules(rows, group), *unexplained(rows, group))
    return Finding(
        "Does vanishing foretell failure?",
        f"{answer(rows, group)} {others(rows, group)}".strip(),
        more,
        "foretelling",
        (table(rows),),
    )


def area(rows: pd.DataFrame, group: str, predictor: str, quantity: str = "AUC") -> Row | None:
    """The row of a predictor, if it has a value."""
    found = chosen(rows, group=group, predictor=predictor, quantity=quantity)
    found = found[found["value"].notna()]
    return records(found)[0] if len(found) else None


def side(row: Row) -> int:
    """1 where the interval lies above chance, -1 where it lies below, 0 otherwise."""
    return int(row["low"] > CHANCE) - int(row["high"] < CHANCE)


def answer(rows: pd.DataFrame, group: str) -> str:
    """Did nets fail because of vanishing gradients? What the numbers allow to say."""
    vanishing, either = area(rows, group, "d_delta"), area(rows, group, "distance")
    if vanishing is None or either is None:
        return ""
    name = "all activations" if group == ALL else group
    question = f"Did {name} nets fail because of vanishing gradients?"
    told = f"a signal that vanishes before training foretells failure with an AUC of {estimate(vanishing)} (one half is chance)"
    exploding = f"a decay factor far from 1 either way with {estimate(either)}"
    if side(vanishing) <= 0:
        return f"{question} The runs do not say so: {told}, {exploding}."
    if either["low"] > vanishing["high"]:
        alone = "Nets whose signal explodes fail too, so vanishing alone is not the reason."
        return f"{question} In part: {told}, yet {exploding}. {alone}"
    return f"{question} The runs agree with it: {told}, {exploding}."


def others(rows: pd.DataFrame, group: str) -> str:
    """The same predictor in the other groups, where it points elsewhere."""
    listed = [area(rows, name, "d_delta") for name in dict.fromkeys(rows["group"]) if name not in (group, ALL)]
    against = [row for row in listed if row and side(row) < 0]
    if not against:
        return ""
    texts = ", ".join(f"{row['group']} ({estimate(row)})" for row in against)
    return f"It points the other way, the more vanishing the fewer failures, in {texts}."


def within(rows: pd.DataFrame, group: str) -> list[str]:
    """What is left of it among runs that differ in nothing but their seed."""
    row = area(rows, group, "d_delta", "AUC within cells")
    if row is None:
        return []
    says = {
        1: "seeds whose signal vanishes more fail more often there, too",
        0: "there it tells nothing: what foretells failure is the configuration, not the seed's own gradient",
        -1: "there it points the other way",
    }
    return [f"Among runs of one cell, which differ in their seed alone, the AUC is {estimate(row)}; {says[side(row)]}."]


def rules(rows: pd.DataFrame, group: str) -> list[str]:
    """How published rules of thumb do."""
    found = []
    for name in (name for name in NAMES if name.startswith("autotrainer")):
        hit, spared = area(rows, group, name, "sensitivity"), area(rows, group, name, "specificity")
        if hit and spared:
            found.append(
                f"{NAMES[name]}, applied before training, finds {percent(hit['value'])} of the runs that fail and leaves "
                f"{percent(spared['value'])} of those that learn alone."
            )
    return found


def unexplained(rows: pd.DataFrame, group: str) -> list[str]:
    """How much models explain in cells they have not seen."""
    found = [(text, area(rows, group, name, "deviance explained")) for name, text in MODELS.items()]
    texts = [f"{text} {percent(max(row['value'], 0.0))}" for text, row in found if row]
    if not texts:
        return []
    models = ", ".join(texts)
    return [f"Of the deviance of failure in cells that a logistic model has not seen, it explains: {models}; the rest is open."]


def table(rows: pd.DataFrame) -> Table:
    """AUC of every predictor and rule by group."""
    groups = list(dict.fromkeys(rows["group"]))
    kinds = [(name, quantity) for name in NAMES for quantity in AREAS]
    listed = [(NAMES[name], quantity, [area(rows, g, name, quantity) for g in groups]) for name, quantity in kinds]
    body = [
        (text, quantity, *(estimate(row) if row else ABSENT for row in found)) for text, quantity, found in listed if any(found)
    ]
    scores = [(f"model of {text}", "Brier score", *(score(rows, g, name) for g in groups)) for name, text in MODELS.items()]
    return Table(
        "What foretells failure: AUC with its interval (seeds resampled within cells)",
        ("predictor", "quantity", *groups),
        (*body, *scores),
    )


def score(rows: pd.DataFrame, group: str, name: str) -> str:
    """A model's Brier score as text."""
    row = area(rows, group, name, "Brier score")
    return number(row["value"]) if row else ABSENT
