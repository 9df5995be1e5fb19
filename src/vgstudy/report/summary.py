"""The first screen: the question, and at most five findings filled into fixed sentences, each with
a few bars that show it."""

from collections.abc import Iterable, Mapping
from math import isnan, log
from typing import Any

import pandas as pd

from vgstudy.claims.judging import HOLDS, NOT, NOT_RUN, UNDECIDED
from vgstudy.figures.frames import REFERENCE_DEPTH, Frames, at_depths, chosen, first_optimizer_only
from vgstudy.figures.outcomes import FAILING, main_failures
from vgstudy.figures.signal import LARGE, end_to_end, relative_signal
from vgstudy.formatting import listing, percent, plural, reach
from vgstudy.report.claims_section import ClaimsSection
from vgstudy.report.table import Bar, Finding, records, setting

Studies = Mapping[str, Frames]
MAX_BARS = 3


def summary(
    studies: Studies, claims: ClaimsSection | None, fixed: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the first screen: its `scope`, a `warning` of trials, `findings`, and what is
    `unknown`.

    Trials of the workflow count only where there is no other study.
    """
    trials = [name for name, each in studies.items() if each.study["trial"]]
    counted = {name: each for name, each in studies.items() if name not in trials} or studies
    findings = (
        claims_finding(claims),
        signal_finding(counted),
        failure_finding(counted),
        fixed["finding"],
        limit_finding(counted),
    )
    return {
        "scope": scope_sentence(counted),
        "warning": f"{listing(trials)} only tests the workflow; ignore its numbers."
        if trials
        else "",
        "findings": [finding for finding in findings if finding],
        "unknown": unknown_sentence(claims),
    }


def scope_sentence(studies: Studies) -> str:
    """Say how many networks were trained with how many seeds."""
    counts = pd.concat([each.runs.groupby("cell").size() for each in studies.values()])
    low, high = counts.min(), counts.max()
    seeds = plural(low, "seed") if low == high else f"{low} to {high} seeds"
    have = f"1 network has {seeds}" if len(counts) == 1 else f"{len(counts):,} have {seeds} each"
    return f"The tutorials train each network once; here {have}."


def confirmation_sentence(claims: ClaimsSection) -> str:
    """Say how many verdicts fresh seeds confirm, if the claims were judged again."""
    pairs = [(each.runs[0], run) for each in claims.claims for run in each.runs if run.confirms]
    if not pairs:
        return "Judged by 95 % intervals."
    same = sum(first.verdict == again.verdict for first, again in pairs)
    return f"Fresh seeds confirm {same} of {len(pairs)}."


def claims_finding(claims: ClaimsSection | None) -> Finding | None:
    """Count the claims by verdict."""
    if claims is None or not claims.claims:
        return None
    total, counts = len(claims.claims), claims.counts
    return Finding(
        topic="Do the tutorials' claims hold?",
        text=f"{counts.get(HOLDS, 0)} of {total:,} hold, {counts.get(NOT, 0)} do not.",
        certainty=confirmation_sentence(claims),
        link="claims",
        what="claims",
        bars=tuple(Bar(name, count / total, str(count), name) for name, count in counts.items()),
    )


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


def shares_by_activation(rows: pd.DataFrame, flags: "pd.Series[bool]") -> Iterable[Bar]:
    """Yield a bar of the share of flagged rows for each activation, the most frequent first."""
    for name in rows["activation"].value_counts().index[:MAX_BARS]:
        flagged = flags[rows["activation"] == name]
        yield Bar(name, float(flagged.mean()), percent(round(flagged.mean(), 2)))


def signal_finding(studies: Studies) -> Finding | None:
    """Say in how many networks the backpropagated signal vanishes before training."""
    signals = {
        name: end_to_end(first_optimizer_only(relative_signal(each, epoch=0)))
        for name, each in studies.items()
    }
    ends = pooled(signals)
    if ends.empty:
        return None
    lost, grown = ends["value"] < 1 / LARGE, int((ends["value"] > LARGE).sum())
    return Finding(
        topic="Where is the signal lost?",
        text=(
            "Before training it shrinks more than tenfold toward the input in "
            f"{lost.sum()} of {plural(len(ends), 'network')} and grows as much in {grown}."
        ),
        certainty=precision(studies),
        link=f"{by_size(ends)[0]}-signal-start",
        what="networks losing it",
        bars=tuple(shares_by_activation(ends, lost)),
    )


def precision(studies: Studies) -> str:
    """Say how precisely the decay factors before training are known."""
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
    if not widths:
        return "One seed has no interval."
    return f"Half the decay factors are known to within {reach(sorted(widths)[len(widths) // 2])}."


def failure_finding(studies: Studies) -> Finding | None:
    """Say how many runs learn, and what most of the others do, by activation."""
    columns = ["status", "activation", "initializer", "optimizer"]
    rows = pooled({name: each.outcomes[columns] for name, each in studies.items()})
    learned = rows["status"] == "learned"
    failed = rows[rows["status"].isin(FAILING)]
    if failed.empty:
        return None
    texts = main_failures(rows)
    others = f" Of the others, {listing(texts)}." if texts else ""
    return Finding(
        topic="Who fails, and how?",
        text=f"{percent(round(learned.mean(), 2))} of the runs learn.{others}",
        certainty=f"{plural(len(rows), 'run')} counted.",
        link=f"{by_size(failed)[0]}-accounting",
        what="runs that learn",
        bars=tuple(shares_by_activation(rows, learned)),
    )


def limit_finding(studies: Studies) -> Finding | None:
    """Say down to which depth half the seeds still learn, of studies that cross depths."""
    crossed = {name: each for name, each in studies.items() if not each.study.get("arms")}
    limits = {name: each.limits.assign(depth=0) for name, each in crossed.items()}
    rows = pooled(limits) if limits else pd.DataFrame({"value": []})
    known = rows[rows["value"].notna()].sort_values("value")
    if known.empty:
        return None
    ends = records(known.iloc[[0, -1]] if len(known) > 1 else known)
    factors = ("activation", "initializer", "width")
    low, high = ends[0], ends[-1]
    beyond = int((rows["range"] == "deeper").sum())
    deepest = f"{rows['deepest'].max():.0f}"
    further = f"; in {plural(beyond, 'setting')} even with {deepest}" if beyond else ""
    spans = (f"{_end(row['low'], '1')} to {_end(row['high'], deepest)}" for row in (low, high))
    return Finding(
        topic="How deep can networks be?",
        text=(
            f"Half the seeds still learn with {low['value']:.0f} to {high['value']:.0f} layers, "
            f"by setting{further}."
        ),
        certainty=f"95 % intervals: {listing(spans)}.",
        link=f"{by_size(known)[0]}-depth-limit",
        what="layers",
        bars=tuple(
            Bar(setting(row, factors), row["value"] / row["deepest"], f"{row['value']:.0f}")
            for row in ends
        ),
    )


def _end(value: float, beyond: str) -> str:
    """Return an end of an interval of depths; one beyond the depths tried by their end."""
    return beyond if isnan(value) else f"{value:.0f}"


def unknown_sentence(claims: ClaimsSection | None) -> str:
    """Say what is not known: claims that are undecided, and those not run."""
    if claims is None:
        return "The tutorials' claims were not judged."
    undecided = claims.counts.get(UNDECIDED, 0)
    missing = sum(map(len, claims.not_run.values()))
    texts = [
        f"{plural(undecided, 'claim')} undecided" if undecided else "",
        f"{plural(missing, 'claim')} {NOT_RUN}" if missing else "",
        "recurrent networks",
    ]
    return f"Not known: {listing(filter(None, texts))}."
