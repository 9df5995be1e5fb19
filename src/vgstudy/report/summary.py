"""The first screen: the question, and at most five findings filled into fixed sentences.

A finding names the figure that shows it; the template puts that figure next to it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import pandas as pd

from vgstudy.claims.judging import ANSWERED, DEPENDS, HOLDS, NOT, NOT_RUN, UNDECIDED
from vgstudy.figures.frames import REFERENCE_DEPTH, Frames, at_depths, chosen, first_optimizer_only
from vgstudy.figures.signal import LARGE, end_to_end, signal_start
from vgstudy.formatting import listing, plural, reach
from vgstudy.report.claims_section import ClaimsSection
from vgstudy.report.embedded_figures import EmbeddedFigure
from vgstudy.report.fixes import Fixes
from vgstudy.report.study_section import StudySection
from vgstudy.report.table import records, setting

Studies = Mapping[str, Frames]
MOST_ACTIVATIONS = 3  # in the finding on failures
VERBS = {  # of one claim and of several
    HOLDS: ("holds", "hold"),
    DEPENDS: ("depends on the seed", "depend on the seed"),
    NOT: ("does not hold", "do not hold"),
    UNDECIDED: ("is undecided", "are undecided"),
    ANSWERED: ("is an open question, answered", "are open questions, answered"),
}
FAILURES = {
    "slow": "still learn when training ends",
    "stuck": "get stuck",
    "dead": "end with a dead gradient",
    "diverged": "diverge",
}


@dataclass(frozen=True)
class Finding:
    """A finding.

    Attributes
    ----------
    topic, text
        A heading and at most two short sentences.
    certainty
        How sure it is.
    link
        The anchor of the place that shows it.
    figure
        The figure there; None for the claims, which the template draws as a bar of verdicts.
    """

    topic: str
    text: str
    certainty: str
    link: str
    figure: EmbeddedFigure | None = None


@dataclass(frozen=True)
class Summary:
    """The first screen: scope, a warning of trials, findings, what is not known."""

    scope: str
    warning: str
    findings: tuple[Finding, ...]
    unknown: str


def summary(
    studies: Studies,
    sections: Sequence[StudySection],
    claims: ClaimsSection | None,
    fixed: Fixes,
) -> Summary:
    """Return the first screen; trials of the workflow count only where there is no other study."""
    trials = [section.name for section in sections if section.trial]
    counted = [section for section in sections if not section.trial] or list(sections)
    frames = {section.name: studies[section.name] for section in counted}
    findings = (
        claims_finding(claims),
        signal_finding(frames, counted),
        failure_finding(frames, counted),
        cause_finding(fixed),
        limit_finding(frames, counted),
    )
    return Summary(
        scope=scope_sentence(frames),
        warning=f"{listing(trials)} only tests the workflow; ignore its numbers." if trials else "",
        findings=tuple(finding for finding in findings if finding),
        unknown=unknown_sentence(claims),
    )


def scope_sentence(studies: Studies) -> str:
    """Say how many networks were trained with how many seeds."""
    cells = sum(frames.runs["cell"].nunique() for frames in studies.values())
    seeds = sorted({len(frames.study["seeds"]) for frames in studies.values()})
    each = plural(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    return (
        "The tutorials train each network once. Here "
        f"{plural(cells, 'network')} {'is' if cells == 1 else 'are each'} trained with {each}."
    )


def claims_finding(claims: ClaimsSection | None) -> Finding | None:
    """Count the claims by verdict."""
    if claims is None or not claims.claims:
        return None
    counts = listing(f"{count} {VERBS[name][count > 1]}" for name, count in claims.counts.items())
    return Finding(
        topic="The claims",
        text=f"Of {plural(len(claims.claims), 'claim')} of the tutorials, {counts}.",
        certainty="By the 95 % interval of the share of seeds that agree.",
        link="claims",
    )


def place(
    sections: Sequence[StudySection], studies: Sequence[str], name: str
) -> tuple[str, EmbeddedFigure | None]:
    """Return the anchor and the figure of the first of these studies that has it drawn."""
    by_name = {section.name: section for section in sections}
    for study in studies:
        if figure := by_name[study].figure(name):
            return f"{study}-{name}", figure
    return f"{studies[0]}-results", None


def by_size(rows: pd.DataFrame) -> list[str]:
    """Return the studies of some rows, that with most rows first."""
    return [str(name) for name in rows["study"].value_counts().index]


def pooled(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several studies with a column `study`; levels become text."""
    texts = ["activation", "initializer", "optimizer"]
    parts = [
        rows.astype(dict.fromkeys(texts, "str")).assign(study=study)
        for study, rows in frames.items()
    ]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def signal_finding(studies: Studies, sections: Sequence[StudySection]) -> Finding | None:
    """Say in how many networks the backpropagated signal vanishes before training, and where."""
    ends = pooled({name: end_to_end(signal_start(each).frame) for name, each in studies.items()})
    if ends.empty:
        return None
    lost = ends["value"] < 1 / LARGE
    grown = int((ends["value"] > LARGE).sum())
    shares = lost.groupby(ends["activation"]).agg(["sum", "size"])
    texts = [f"{lost} of {size} {name}" for name, lost, size in shares.itertuples() if lost]
    factors = pooled(
        {
            name: at_depths(
                first_optimizer_only(chosen(each.estimates, quantity="d_delta", epoch=0)),
                [REFERENCE_DEPTH],
            )
            for name, each in studies.items()
        }
    )
    widths = [log(row["high"] / row["low"]) / 2 for row in records(factors) if row["low"] > 0]
    sure = (
        f"Half of the decay factors are known to within {reach(sorted(widths)[len(widths) // 2])}."
        if widths
        else "One seed has no interval."
    )
    link, figure = place(sections, by_size(ends), "signal-start")
    return Finding(
        topic="Where the signal is lost",
        text=(
            "Before training, the backpropagated signal shrinks more than tenfold toward the input "
            f"in {int(lost.sum())} of {plural(len(ends), 'network')} and grows more than tenfold "
            f"in {grown}.{f' It shrinks in {listing(texts)} networks.' if texts else ''}"
        ),
        certainty=sure,
        link=link,
        figure=figure,
    )


def failure_finding(studies: Studies, sections: Sequence[StudySection]) -> Finding | None:
    """Say for each activation how many runs fail, and how most of them do."""
    columns = ["status", "activation", "initializer", "optimizer"]
    rows = pooled({name: each.outcomes[columns] for name, each in studies.items()})
    failed = rows[rows["status"].isin(FAILURES)]
    if failed.empty:
        return None
    texts = []
    for activation in failed["activation"].value_counts().index[:MOST_ACTIVATIONS]:
        kinds = failed[failed["activation"] == activation]["status"].value_counts()
        runs = int((rows["activation"] == activation).sum())
        texts.append(
            f"{activation}: {int(kinds.sum()):,} of {plural(runs, 'run')} fail; "
            f"{int(kinds.iloc[0]):,} {FAILURES[str(kinds.index[0])]}."
        )
    link, figure = place(sections, by_size(failed), "accounting")
    return Finding(
        topic="Who fails, and how",
        text=" ".join(texts),
        certainty="Counts of all runs of these networks.",
        link=link,
        figure=figure,
    )


def cause_finding(fixed: Fixes) -> Finding:
    """Say whether unequal gradients are why the tutorials' tanh network fails."""
    return Finding(
        topic="Is that why tanh networks fail?",
        text=fixed.answer,
        certainty=fixed.certainty,
        link="fixes",
    )


def limit_finding(studies: Studies, sections: Sequence[StudySection]) -> Finding | None:
    """Say down to which depth half the seeds still learn."""
    limits = {name: each.limits.assign(depth=0) for name, each in studies.items()}
    rows = pooled(limits)
    known = rows[rows["value"].notna()].sort_values("value")
    if known.empty:
        return None
    ends = records(known.iloc[[0, -1]] if len(known) > 1 else known)
    factors = ("activation", "initializer", "width")
    texts = [f"{row['value']:.1f} ({setting(row, factors)})" for row in ends]
    spans = [
        f"{row['low']:.0f} to {row['high']:.0f}" if row["low"] == row["low"] else "open"
        for row in ends
    ]
    link, figure = place(sections, by_size(known), "depth-limit")
    others = len(rows) - len(known)
    beyond = f" {plural(others, 'limit')} lie beyond the depths tried." if others > 1 else ""
    return Finding(
        topic="How deep",
        text=f"Half the seeds still learn with {' and '.join(texts)} hidden layers.{beyond}",
        certainty=f"95 % intervals: {listing(spans)} layers.",
        link=link,
        figure=figure,
    )


def unknown_sentence(claims: ClaimsSection | None) -> str:
    """Say what is not known: claims that are undecided, and those not run."""
    if claims is None:
        return "The tutorials' claims were not judged."
    undecided = claims.counts.get(UNDECIDED, 0)
    missing = sum(len(each.not_run) for each in claims.tutorials)
    texts = [
        f"{plural(undecided, 'claim')} undecided" if undecided else "",
        f"{plural(missing, 'claim')} {NOT_RUN} (studies {claims.lacking_studies})"
        if missing
        else "",
        "recurrent networks",
    ]
    return f"Not known: {listing(filter(None, texts))}."
