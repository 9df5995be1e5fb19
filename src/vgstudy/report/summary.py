"""The first screen: the question, and at most four findings filled into fixed sentences, each with
a few bars that show it."""

from collections.abc import Iterable, Mapping
from math import isnan
from typing import Any

import pandas as pd

from vgstudy.claims.judging import ANSWERED, HOLDS, UNDECIDED
from vgstudy.figures.depth import NAMED_BY, has_one, with_limit
from vgstudy.figures.frames import Frames, chosen, first_optimizer_only
from vgstudy.figures.outcomes import FAILING, main_failures
from vgstudy.figures.signal import (
    close_calls,
    end_to_end,
    exploding,
    relative_signal,
    vanishing,
)
from vgstudy.formatting import levels_text, listing, number, percent, plural
from vgstudy.report.claims_section import ClaimsSection
from vgstudy.report.gradient_cause import A2, NETWORK
from vgstudy.report.table import Bar, Finding, Row, records

Studies = Mapping[str, Frames]
MAX_BARS, MAX_FINDINGS = 3, 4
QUESTION = "Do gradients vanish, and is that why training fails?"


def summary(
    studies: Studies, claims: ClaimsSection | None, fixed: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the first screen: its `question`, its `scope`, a `warning` of trials, `findings`, and
    what is `unknown`.

    The question, and what fixes tutorial A's network, are the tutorials'; studies that judge no
    claim have their titles instead. Trials of the workflow count only where there is no other
    study.
    """
    trials = [name for name, each in studies.items() if each.study["trial"]]
    kept = {name: each for name, each in studies.items() if name not in trials} or studies
    findings = (
        claims_finding(claims),
        signal_finding(kept),
        effects_finding(kept) or failure_finding(kept),
        fixed["finding"] if claims and claims.claims else None,
        limit_finding(kept),
    )
    titles = "; ".join(each.study["title"] for each in studies.values())
    return {
        "question": QUESTION if claims and claims.claims else titles,
        "scope": scope_sentence(kept),
        "warning": f"{listing(trials)} only tests the workflow; ignore its numbers."
        if trials
        else "",
        "findings": [finding for finding in findings if finding][:MAX_FINDINGS],
        "unknown": unknown_sentence(claims),
    }


def scope_sentence(studies: Studies) -> str:
    """Say how many networks were trained with how many seeds."""
    counts = pd.concat([each.runs.groupby("cell").size() for each in studies.values()])
    low, high = counts.min(), counts.max()
    seeds = plural(low, "seed") if low == high else f"{low} to {high} seeds"
    get = "gets" if len(counts) == 1 else "get"
    return (
        f"The tutorials train each network once. Here {plural(len(counts), 'network')} {get} "
        f"{seeds} (random starts)."
    )


def confirmation_sentence(claims: ClaimsSection) -> str:
    """Say how many verdicts stayed the same with new seeds, if the claims were judged again; open
    questions have none."""
    pairs = [(each.runs[0], run) for each in claims.judged for run in each.runs if run.confirms]
    if not pairs:
        return "By the 95 % interval of the share of seeds for which a claim is true."
    same = sum(first.verdict == again.verdict for first, again in pairs)
    return f"New seeds confirm {same} of {plural(len(pairs), 'verdict')}."


def claims_finding(claims: ClaimsSection | None) -> Finding | None:
    """Count the claims by verdict; open questions apart."""
    if claims is None or not claims.judged:
        return None
    total, counts = len(claims.judged), dict(claims.counts)
    asked = counts.pop(ANSWERED, 0)
    questions = f" {asked} more {'is an open question' if asked == 1 else 'are open questions'}."
    return Finding(
        topic="Do the tutorials' claims hold?",
        text=(
            f"{counts.get(HOLDS, 0)} of {total:,} claims hold in most seeds."
            f"{questions if asked else ''}"
        ),
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
        name: end_to_end(each, first_optimizer_only(relative_signal(each, epoch=0)))
        for name, each in studies.items()
    }
    ends = pooled(signals)
    if ends.empty:
        return None
    lost = vanishing(ends)
    return Finding(
        topic="Where is the signal lost?",
        text=(
            "Before training, layer 1 receives less than a tenth of the last hidden layer's "
            f"gradient signal in {lost.sum()} of {plural(len(ends), 'network')}, and over ten "
            f"times as much in {exploding(ends).sum()}."
        ),
        certainty=f"{_sets(studies, signals)}; {close_calls(ends)} borderline.",
        link=f"{by_size(ends)[0]}-signal-start",
        what="below a tenth",
        bars=tuple(shares_by_activation(ends, lost)),
    )


def _sets(studies: Studies, ends: Mapping[str, pd.DataFrame]) -> str:
    """Say which networks are counted: those of arms, and those at one depth of crossed studies."""
    arms = sum(len(rows) for name, rows in ends.items() if studies[name].study.get("arms"))
    crossed = (ends[name] for name in studies if not studies[name].study.get("arms"))
    named = [f"{arms} named in studies"] if arms else []
    others = (f"{len(rows)} with {rows['depth'].iloc[0]} layers" for rows in crossed if len(rows))
    return f"Networks: {', '.join([*named, *others])}"


def effects_finding(studies: Studies) -> Finding | None:
    """Say which of the two changes of tutorial A's cure helps its network, where a study makes each
    without the other."""
    levels = dict(zip(NETWORK, A2, strict=True))
    at = {"depth": levels["depth"], "width": levels["width"], "optimizer": "SGD"}
    for name, each in studies.items():
        effects = chosen(each.two_by_two, **at, effect=["activation", "initializer"])
        shares = chosen(each.estimates, quantity="p_learned", epoch=each.last_epoch, **at)
        crossed = each.study.get("two_by_two") or {}
        shares = chosen(shares, **{factor: list(pair) for factor, pair in crossed.items()})
        if len(effects) == 2 and len(shares) == 4:
            return Finding(
                topic="What cures tutorial A's tanh network?",
                text=(
                    "The share that learns changes by "
                    f"{' and by '.join(map(_effect, records(effects)))}."
                ),
                certainty=f"{plural(shares['n'].iloc[0], 'seed')} each; 95 % intervals.",
                link=f"{name}-two-by-two",
                what="learn",
                bars=tuple(
                    Bar(levels_text(row, crossed), row["value"], percent(row["value"]))
                    for row in records(shares.sort_values("value", kind="stable"))
                ),
            )
    return None


def _effect(row: Row) -> str:
    """Return an effect in percentage points: ``−15 points [−36, 7] from tanh to ReLU``."""
    value = number(100 * row["value"], 0, signed=True)
    low, high = (number(100 * row[name], 0) for name in ("low", "high"))
    return f"{value} points [{low}, {high}] from {row['change']}"


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
        text=f"{percent(round(learned.mean(), 2))} of the training runs learn.{others}",
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
    if rows.empty or with_limit(rows).empty:
        return None
    known = with_limit(rows)
    ends = records(known.iloc[sorted({0, len(known) - 1})])
    depths = " to ".join(str(int(row["value"])) for row in ends)
    counts = rows.loc[has_one(rows), "range"].value_counts()
    return Finding(
        topic="How deep can networks be?",
        text=(
            f"Half of the seeds still learn with {depths} layers, depending on the other settings. "
            f"In {counts.get('deeper', 0)} of {len(rows)} settings they do even with "
            f"{rows['deepest'].max()}, in {counts.get('shallower', 0)} not even with "
            f"{rows['shallowest'].min()}."
        ),
        certainty="Setting: activation, initializer, optimizer and width. 95 % intervals.",
        link=f"{by_size(known)[0]}-depth-limit",
        what="layers",
        bars=tuple(
            Bar(levels_text(row, NAMED_BY), row["value"] / row["deepest"], _span(row))
            for row in ends
        ),
    )


def _span(row: Row) -> str:
    """Return a depth limit and its interval in whole layers; an end may be outside the depths
    run."""
    low, high = row["low"], row["high"]
    start = f"<{row['shallowest']}" if isnan(low) else int(low)
    end = f">{row['deepest']}" if isnan(high) else int(high)
    return f"{int(row['value'])} [{start}, {end}]"


def unknown_sentence(claims: ClaimsSection | None) -> str:
    """Say what is not covered: claims that are undecided, and those not run."""
    if claims is None:
        return "The tutorials' claims were not judged."
    undecided = claims.counts.get(UNDECIDED, 0)
    missing = sum(map(len, claims.not_run.values()))
    texts = [
        f"{plural(undecided, 'claim')} with too few seeds" if undecided else "",
        f"{plural(missing, 'claim')} not run" if missing else "",
        "recurrent networks",
    ]
    return f"Not answered: {'; '.join(filter(None, texts))}."
