"""The first screen: what all studies together say, what became of their runs, what they cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas as pd

from vgstudy.claims.verdicts import HOLDS, NOT, NOT_RUN, VERDICTS
from vgstudy.figures.frames import Frames
from vgstudy.formatting import listing, plural, ranges, reach
from vgstudy.report.claims_section import TUTORIALS
from vgstudy.report.decay_findings import (
    direction_counts,
    half_widths,
    initial_rows,
    seeds_text,
    strongest_cases,
)
from vgstudy.report.estimate_text import Row, estimate
from vgstudy.report.failure_findings import (
    TUTORIALS_ACTIVATION,
    answer,
    area,
    is_meaningful,
)
from vgstudy.report.provenance import Provenance, cost_sentence
from vgstudy.report.run_outcomes import counts_sentence, status_counts
from vgstudy.report.training_findings import limit_counts, limit_extremes, setting_limits

Studies = Mapping[str, Frames]


@dataclass(frozen=True)
class Point:
    """A finding of the first screen, with anchors and labels of the places that show it."""

    topic: str
    text: str
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Overview:
    """The first screen.

    Attributes
    ----------
    scope
        How many networks were trained with how many seeds.
    warning
        Which studies do not count; empty if all do.
    points
        What was found.
    counts
        Runs by status, of all studies that count.
    accounting, cost
        The same, and what training took, in sentences.
    """

    scope: str
    warning: str
    points: tuple[Point, ...]
    counts: Mapping[str, int]
    accounting: str
    cost: str


def overview(
    studies: Studies, claims: Sequence[Row], provenance: Mapping[str, Provenance]
) -> Overview:
    """Return the first screen from the studies' tables and provenance, and the rows of the claims.

    Studies that are mere trials count only where there is no other.
    """
    trials = [name for name, frames in studies.items() if frames.study["trial"]]
    counted = {name: frames for name, frames in studies.items() if name not in trials}
    counted = counted or dict(studies)
    totals = pd.DataFrame([status_counts(frames) for frames in counted.values()])
    counts = {str(status): int(count) for status, count in totals.sum().items()}
    points = (
        claims_point(claims),
        failure_point(counted),
        decay_point(counted),
        limits_point(counted),
        precision_point(counted),
    )
    costs = [cost for name in counted for cost in provenance[name].costs]
    return Overview(
        scope=scope_sentence(counted),
        warning=warning(trials, only=len(trials) == len(studies)),
        points=tuple(point for point in points if point),
        counts=counts,
        accounting=counts_sentence(counts),
        cost=cost_sentence(costs, sum(provenance[name].jobs for name in counted)),
    )


def warning(trials: Sequence[str], only: bool) -> str:
    """Say that numbers of trials mean nothing."""
    if not trials:
        return ""
    are = "is" if len(trials) == 1 else "are"
    end = (
        "these numbers mean nothing"
        if only
        else "the numbers there mean nothing and are not counted here"
    )
    return f"{listing(trials)} {are} a test of the workflow, trained far too briefly: {end}."


def scope_sentence(studies: Studies) -> str:
    """Say how many networks were trained with how many seeds."""
    cells = sum(frames.runs["cell"].nunique() for frames in studies.values())
    seeds = sorted({len(frames.study["seeds"]) for frames in studies.values()})
    each = plural(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    if seeds == [1]:
        intervals = "one seed has no interval"
    elif seeds[0] == 1:
        intervals = "numbers come with their intervals but for studies of one seed"
    else:
        intervals = "every estimate has an interval where enough seeds gave a value"
    where = f"{len(studies)} studies" if len(studies) > 1 else "one study"
    return (
        "Tutorials train each network once and read their conclusions off one curve. Here "
        f"{plural(cells, 'configuration')} {'was' if cells == 1 else 'were each'} trained with "
        f"{each} in {where}; {intervals}."
    )


def claims_point(rows: Sequence[Row]) -> Point | None:
    """Count the claims by verdict, and name those that hold and those that do not."""
    judged = [row for row in rows if row["verdict"] != NOT_RUN]
    if not judged:
        return None
    claims = {(row["id"], row["study"]): row["claim_verdict"] for row in reversed(judged)}
    tally = {name: sum(verdict == name for verdict in claims.values()) for name in VERDICTS}
    counts = listing(f"{count} {name}" for name, count in tally.items() if count)
    texts = {row["id"]: row["claim"].rstrip(".") for row in judged}
    held = [name for _, name in claims_with(rows, HOLDS)]
    failed = [f"{name} ({texts[key]})" for key, name in claims_with(rows, NOT)]
    sentences = (
        f"Of {plural(len(claims), 'claim')} judged, each in one study: {counts}.",
        not_run([row["study"] for row in rows if row["verdict"] == NOT_RUN]),
        f"In all their parts hold: {listing(held)}." if held else "",
        f"In some part do not hold: {listing(failed)}." if failed else "",
    )
    others = sorted({row["id"][0] for row in rows} - set(TUTORIALS))
    topic = f"The tutorials' claims{f', and those of {listing(others)}' if others else ''}"
    return Point(topic, " ".join(filter(None, sentences)), (("claims", "All claims"),))


def claims_with(rows: Sequence[Row], verdict: str) -> Iterator[tuple[str, str]]:
    """Yield id and name of the claims that have this verdict; claims of several studies are named
    with the study."""
    for key, group in groupby(rows, key=lambda row: row["id"]):
        by_study = {row["study"]: row["claim_verdict"] for row in group}
        studies = [study for study, of_claim in by_study.items() if of_claim == verdict]
        if studies:
            yield key, f"{key} on {listing(studies)}" if len(by_study) > 1 else key


def not_run(studies: Sequence[str]) -> str:
    """Say which studies would judge the other statements."""
    if not studies:
        return ""
    return (
        f"{plural(len(studies), 'statement')} not judged, for lack of the studies "
        f"{listing(dict.fromkeys(studies))} (to be named under studies in config/config.yaml)."
    )


def failure_point(studies: Studies) -> Point | None:
    """Say whether tanh nets failed because of vanishing gradients, by the study with most failures;
    give the AUC of the others."""
    areas = {
        name: area(frames.prediction, TUTORIALS_ACTIVATION, "d_delta")
        for name, frames in studies.items()
    }
    known = {name: row for name, row in areas.items() if row}
    if not known:
        return None
    main = max(known, key=lambda name: known[name]["failures"])
    others = listing(f"{short_area(row)} in {name}" for name, row in known.items() if name != main)
    text = " ".join(
        (*answer(studies[main].prediction, TUTORIALS_ACTIVATION), f"That is of {main}.")
    )
    if others:
        text += f" The AUC of a vanishing signal among {TUTORIALS_ACTIVATION} runs is {others}."
    return Point("Is vanishing the reason of failure?", text, finding_links(known, "failure"))


def finding_links(studies: Mapping[str, object], key: str) -> tuple[tuple[str, str], ...]:
    """Return the anchors of a finding in these studies."""
    return tuple((f"{name}-finding-{key}", name) for name in studies)


def short_area(row: Row) -> str:
    """Return an area under the ROC curve, or why there is none."""
    if is_meaningful(row):
        return estimate(row)
    runs = plural(int(row["n"] - row["n_failed"]), "run")
    return f"not known ({int(row['failures']):,} of {runs} failed)"


def decay_point(studies: Studies) -> Point | None:
    """Say in how many settings the signal vanishes or explodes before training."""
    initial = {name: initial_rows(frames) for name, frames in studies.items()}
    known = {name: rows for name, rows in initial.items() if rows is not None}
    if not known:
        return None
    both = pd.concat(known.values(), ignore_index=True)
    rows = both[both["quantity"] == "d_delta"]
    depths = ranges(rows["depth"].astype(int)).replace("–", " to ")
    text = (
        f"Before any update, at depth {depths}, the backpropagated signal δ "
        f"{direction_counts(rows)}. {strongest_cases(rows)}"
    ).strip()
    return Point("Decay before training", text, finding_links(known, "decay"))


def limits_point(studies: Studies) -> Point | None:
    """Say down to which depth half the seeds still learn."""
    limits = {name: setting_limits(frames) for name, frames in studies.items()}
    known = {name: rows.astype({"n": "int64"}) for name, rows in limits.items() if len(rows)}
    if not known:
        return None
    rows = pd.concat(known.values(), ignore_index=True)
    text = f"{limit_counts(rows)} {limit_extremes(rows)}".strip()
    return Point("Depth limit", text, finding_links(known, "limit"))


def precision_point(studies: Studies) -> Point | None:
    """Give the half-widths of intervals of decay factors, and the seeds that ±5 % would take."""
    known = [rows for frames in studies.values() if len(rows := half_widths(frames))]
    if not known:
        return None
    rows = pd.concat(known, ignore_index=True)
    text = (
        f"In half of {plural(len(rows), 'cell')} the decay factor of δ before training is known to "
        f"within {reach(rows['half'].median())}, in the least precise to "
        f"{reach(rows['half'].max())}; ±5 % would take "
        f"{seeds_text(rows['seeds_needed'].median())} in half of them."
    )
    return Point("Precision", text)
