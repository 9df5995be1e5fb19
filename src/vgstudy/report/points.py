"""The findings that matter, each over several studies together: sentences for the first screen,
with places that show them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pandas as pd

from vgstudy.analysis.predictors import ALL
from vgstudy.claims.verdicts import (
    FEW,
    FIRM,
    INCONCLUSIVE,
    NOT,
    NOT_RUN,
    REPLICATED,
    SOME,
    VERDICTS,
)
from vgstudy.figures.frames import Frames
from vgstudy.formatting import listing, plural, ranges, reach
from vgstudy.report.claims import TUTORIALS
from vgstudy.report.decay import counts as decays
from vgstudy.report.decay import extremes as strongest
from vgstudy.report.decay import start as at_start
from vgstudy.report.failure import area, enough, short_answer
from vgstudy.report.finding import estimate
from vgstudy.report.limit import counts as limited
from vgstudy.report.limit import extremes as outermost
from vgstudy.report.limit import own_limits
from vgstudy.report.precision import known as with_width
from vgstudy.report.precision import seeds_text
from vgstudy.report.prediction import ASKED, unexplained

Row = Mapping[str, Any]
Named = Mapping[str, Frames]

DECIDED = (REPLICATED, SOME, FEW, NOT)


@dataclass(frozen=True)
class Point:
    """One of the findings that matter: what it is about, what was found, and the places on the page
    that show it."""

    topic: str
    text: str
    links: tuple[tuple[str, str], ...]


def claims_point(rows: Sequence[Row]) -> Point | None:
    """How many statements of the tutorials hold, and the claims that hold or fail in all their
    parts, study by study."""
    judged = [row for row in rows if row["verdict"] != NOT_RUN]
    if not judged:
        return None
    tally = {name: sum(row["verdict"] == name for row in judged) for name in VERDICTS}
    told = listing(f"{count} {name}" for name, count in tally.items() if count)
    texts = {row["id"]: row["claim"] for row in judged}
    never = [f"{name} ({texts[key].rstrip('.')})" for key, name in alike(rows, NOT)]
    always = [name for _, name in alike(rows, REPLICATED)]
    lists = (("In all their parts replicated", always), ("in none", never))
    whole = "; ".join(f"{words}: {listing(found)}" for words, found in lists if found)
    sentences = (
        f"Of {plural(len(judged), 'statement')} judged, {told}.",
        few_seeds(judged),
        not_run([row["study"] for row in rows if row["verdict"] == NOT_RUN]),
        f"{whole[:1].upper()}{whole[1:]}." if whole else "",
    )
    own = sorted({row["id"][0] for row in rows} - set(TUTORIALS))
    topic = f"The tutorials' claims{f', and those of {listing(own)}' if own else ''}"
    return Point(topic, " ".join(filter(None, sentences)), (("claims", "All claims"),))


def alike(rows: Sequence[Row], verdict: str) -> Iterator[tuple[str, str]]:
    """Id and name of the claims that have this verdict in all their parts; claims of several
    studies are named with the study."""
    for key, group in groupby(rows, key=lambda row: row["id"]):
        parts: dict[str, set[str]] = {}
        for row in group:
            parts.setdefault(row["study"], set()).add(row["verdict"])
        found = [study for study, verdicts in parts.items() if verdicts == {verdict}]
        if found:
            yield key, f"{key} on {listing(found)}" if len(parts) > 1 else key


def few_seeds(judged: Sequence[Row]) -> str:
    """How many verdicts rest on few seeds."""
    few = sum(row["n"] - row["n_failed"] < FIRM for row in judged if row["verdict"] in DECIDED)
    return (
        f"{few} of these verdicts {'rests' if few == 1 else 'rest'} on fewer than {FIRM} seeds and may change."
        if few
        else ""
    )


def not_run(studies: Sequence[str]) -> str:
    """Which studies would judge the other statements."""
    if not studies:
        return ""
    one, named = len(studies) == 1, list(dict.fromkeys(studies))
    to = "these studies" if len(named) > 1 else "this study"
    more = f"{len(studies)} more {'waits' if one else 'wait'} for {to}, not run"
    return f"{more}: {listing(named)} (to be named under studies in config/config.yaml)."


def prediction(named: Named) -> Point | None:
    """Did tanh nets fail because of vanishing gradients: the answer of the study with most
    failures, and the AUC in others."""
    rows = {name: area(frames.prediction, ASKED, "d_delta") for name, frames in named.items()}
    known = {name: row for name, row in rows.items() if row}
    if not known:
        return None
    main = max(known, key=lambda name: known[name]["failures"])
    others = listing(f"{in_short(row)} in {name}" for name, row in known.items() if name != main)
    told = (
        f"That is of {main}.",
        f"The AUC of a vanishing signal among {ASKED} runs is {others}." if others else "",
    )
    text = " ".join([short_answer(named[main].prediction, ASKED), *filter(None, told)])
    return Point(
        "Is vanishing the reason of failure?",
        text,
        tuple((f"{name}-accounting", name) for name in known),
    )


def in_short(row: Row) -> str:
    """An area under the ROC curve, or why there is none."""
    if enough(row):
        return estimate(row)
    return f"not told ({int(row['failures']):,} of {plural(int(row['n'] - row['n_failed']), 'run')} failed)"


def start(named: Named) -> Point | None:
    """In how many settings the signal vanishes or explodes before training, and the strongest
    cases."""
    found = {name: rows for name, frames in named.items() if (rows := at_start(frames)) is not None}
    if not found:
        return None
    rows = pd.concat(
        [rows[rows["quantity"] == "d_delta"] for rows in found.values()], ignore_index=True
    )
    depths = ranges(rows["depth"].astype(int)).replace("–", " to ")
    text = f"Before any update, at depth {depths}, the backpropagated signal δ {decays(rows)}. {strongest(rows)}".strip()
    return Point(
        "Decay before training", text, tuple((f"{name}-profile-start", name) for name in found)
    )


def limits(named: Named) -> Point | None:
    """Down to which depth half the seeds still learn."""
    own = {name: own_limits(frames) for name, frames in named.items()}
    some = {name: rows.astype({"n": "int64"}) for name, rows in own.items() if len(rows)}
    if not some:
        return None
    rows = pd.concat([*some.values()], ignore_index=True)
    text = f"{limited(rows)} {outermost(rows)}".strip()
    return Point("Depth limit", text, tuple((f"{name}-depth-limit", name) for name in some))


def open_questions(named: Named, claims: Sequence[Row]) -> Point | None:
    """How precise the decay factors are, and what is not settled."""
    text = " ".join([*precise(named), *unsettled(claims), *unforeseen(named)])
    return Point("Precision, and what is open", text, ()) if text else None


def precise(named: Named) -> Iterator[str]:
    """Half-widths of the intervals of decay factors over all studies, and the seeds that 5 % would
    take."""
    known = [rows for frames in named.values() if len(rows := with_width(frames))]
    if known:
        rows = pd.concat(known, ignore_index=True)
        median, most = reach(rows["half"].median()), reach(rows["half"].max())
        seeds = seeds_text(rows["seeds_needed"].median())
        yield (
            f"Half of {plural(len(rows), 'cell')} know the decay factor of δ before training to within {median}, the least "
            f"precise to {most}; ±5 % would take {seeds} in half of them."
        )


def unsettled(claims: Sequence[Row]) -> Iterator[str]:
    """How many statements are inconclusive, and how many seeds would settle them."""
    needed = [row["needed_n"] for row in claims if row["verdict"] == INCONCLUSIVE]
    if needed:
        known = [count for count in needed if count]
        settle = (
            f"; it would take at least {max(known):,} seeds to settle {len(known)} of them"
            if known
            else ""
        )
        told = f"{plural(len(needed), 'statement')} of the claims {'is' if len(needed) == 1 else 'are'}"
        yield f"{told} inconclusive{settle}."


def unforeseen(named: Named) -> Iterator[str]:
    """How much of failure models leave open, in the study with most runs."""
    largest = max(named, key=lambda name: len(named[name].runs))
    for sentence in unexplained(named[largest].prediction, ALL):
        yield f"In {largest}: {sentence[:1].lower()}{sentence[1:]}"
