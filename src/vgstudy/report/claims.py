"""The tutorials' claims on the page: every statement with what was found, its verdict, and how the
seeds spread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import log
from pathlib import Path
from typing import Any

from vgstudy.analysis.intervals import WILSON
from vgstudy.claims.verdicts import FEW, FIRM, NOT, NOT_RUN, REPLICATED, SOME, VERDICTS
from vgstudy.claims.statements import LEARNED, NOT_LEARNED
from vgstudy.formatting import interval, listing, number, percent, plural
from vgstudy.report.findings import Table
from vgstudy.store.parquet import read_footer
from vgstudy.store.tables import shared_rows

Row = Mapping[str, Any]
SHARES = (WILSON,)  # methods whose estimate is a share of seeds
TUTORIALS = ("A", "B", "C")
FAR = 20  # ratio of largest to smallest value from which a strip is logarithmic


@dataclass(frozen=True)
class Strip:
    """Values of the seeds along a line, and the reported number or range, as shares of its length;
    empty without values."""

    values: tuple[float, ...]
    reported: tuple[float, float] | None


@dataclass(frozen=True)
class Line:
    """One statement about one network; texts, and the strip of its seeds."""

    statement: str
    arm: str
    study: str
    compared: str
    found: str
    verdict: str
    reasons: str
    quantity: str
    strip: Strip


@dataclass(frozen=True)
class ClaimPart:
    """A claim with its lines."""

    id: str
    claim: str
    setup: str
    reported: str
    lines: tuple[Line, ...]

    @property
    def is_run(self) -> bool:
        """Whether the study of any line was run."""
        return any(line.verdict != NOT_RUN for line in self.lines)


@dataclass(frozen=True)
class TutorialPart:
    """A tutorial: letter, title, claims, code that no longer does what it did."""

    letter: str
    title: str
    claims: tuple[ClaimPart, ...]
    code: Table

    @property
    def name(self) -> str:
        """What the page calls it: other letters are a user's own files."""
        return f"{'Tutorial' if self.letter in TUTORIALS else 'Claims'} {self.letter}"

    @property
    def is_run(self) -> bool:
        """Whether the study of any claim was run; those of which none was come last."""
        return any(claim.is_run for claim in self.claims)


@dataclass(frozen=True)
class ClaimsPart:
    """What the page says about the claims: the tutorials, counts in a sentence, and what a reader
    may choose from."""

    tutorials: tuple[TutorialPart, ...]
    counts: str
    verdicts: tuple[str, ...]
    studies: tuple[str, ...]

    @property
    def is_run(self) -> bool:
        """Whether the study of any claim was run."""
        return any(tutorial.is_run for tutorial in self.tutorials)

    @property
    def unrun(self) -> str:
        """What to say instead of the claims if no study of theirs was run."""
        return (
            f"{self.counts} No study here trained the networks that they are about. To have them judged, add "
            f"{listing(self.studies)} to the studies in config/config.yaml; claims.csv lists them."
        )


def claims_part(results: Path) -> ClaimsPart | None:
    """The section made from `results/claims.parquet`; see `shared_rows`."""
    if (rows := shared_rows(results, "claims")) is None:
        return None
    tutorials = read_footer(results / "claims.parquet")["tutorials"]
    parts = [tutorial_part(letter, told, rows) for letter, told in tutorials.items()]
    return ClaimsPart(
        tutorials=tuple(sorted(parts, key=lambda part: not part.is_run)),
        counts=counts_sentence(rows),
        verdicts=tuple(name for name in VERDICTS if any(row["verdict"] == name for row in rows)),
        studies=tuple(dict.fromkeys(row["study"] for row in rows)),
    )


def tutorial_part(letter: str, told: Mapping[str, Any], rows: Sequence[Row]) -> TutorialPart:
    """One tutorial's part."""
    own = [row for row in rows if row["tutorial"] == letter]
    parts = tuple(claim_part(list(group)) for _, group in groupby(own, key=lambda row: row["id"]))
    code = tuple((line["line"], line["today"], line["instead"]) for line in told["code"])
    caption = "Lines of its code that no longer do what they did (TensorFlow 2.21, Keras 3.15)"
    return TutorialPart(
        letter, told["title"], parts, Table(caption, ("line", "today", "write instead"), code)
    )


def claim_part(rows: Sequence[Row]) -> ClaimPart:
    """One claim from its rows; what the tutorial reports is told once, from all its statements."""
    first = rows[0]
    texts = dict.fromkeys(row["reported"] for row in rows)
    reported = "; ".join(
        text for text in texts if not any(text in other for other in texts if other != text)
    )
    return ClaimPart(first["id"], first["claim"], first["setup"], reported, tuple(map(line, rows)))


def line(row: Row) -> Line:
    """One row in words."""
    return Line(
        statement=row["statement"],
        arm=row["arm"],
        study=row["study"],
        compared=row["comparator"],
        found=found(row),
        verdict=verdict(row),
        reasons=row["reasoning"],
        quantity=row["quantity"],
        strip=strip(row["sample"] or [], row["reported_low"], row["reported_high"]),
    )


def verdict(row: Row) -> str:
    """The verdict, with the share of seeds where it is one in between, and how few they are or how
    many would settle it."""
    seeds, judged = row["n"] - row["n_failed"], row["verdict"] in (REPLICATED, SOME, FEW, NOT)
    told = [
        f"{percent(row['share'])} of them"
        if row["verdict"] in (SOME, FEW) and row["share"] is not None
        else "",
        f"only {plural(seeds, 'seed')}" if judged and seeds < FIRM and not about_runs(row) else "",
        f"at least {row['needed_n']:,} seeds would settle it" if row["needed_n"] else "",
    ]
    text = ", ".join(filter(None, told))
    return f"{row['verdict']} ({text})" if text else str(row["verdict"])


def about_runs(row: Row) -> bool:
    """Whether the row is about all runs of a study, not about the seeds of one network."""
    return "AUC" in row["quantity"]


def found(row: Row) -> str:
    """The estimate with its interval, and how many seeds it is made of."""
    if row["value"] is None:
        return ""
    seeds = (
        plural(row["n"] - row["n_failed"], "run")
        if about_runs(row)
        else f"n = {row['n'] - row['n_failed']:,}"
    )
    without = f", {row['n_failed']:,} without a value" if row["n_failed"] else ""
    if row["quantity"] == LEARNED:
        learned = row["value"] if row["comparator"] != NOT_LEARNED else 1 - row["value"]
        seen = row["n"] - row["n_failed"]
        low, high = sorted(
            end if row["comparator"] != NOT_LEARNED else 1 - end
            for end in (row["low"], row["high"])
        )
        return f"{round(learned * seen):,} of {plural(seen, 'seed')} learned [{percent(low)} to {percent(high)}]{without}"
    if row["method"] in SHARES:
        ends = f"{percent(row['low'])} to {percent(row['high'])}"
        return f"holds for {percent(row['value'])} of the seeds [{ends}]; {seeds}{without}"
    next_seed = row["seed_low"] is not None
    further = (
        f"; one more seed: {number(row['seed_low'])} to {number(row['seed_high'])}"
        if next_seed
        else ""
    )
    return f"{interval(row['value'], row['low'], row['high'])}{further}; {seeds}{without}"


def strip(values: Sequence[float], low: float | None, high: float | None) -> Strip:
    """Places of the values and of the reported number along a line that has room for all of
    them."""
    told = [number for number in (low, high) if number is not None]
    every = [*values, *told]
    if not values:
        return Strip((), None)
    logarithmic = min(every) > 0 and max(every) > FAR * min(every)
    scaled = [log(x) if logarithmic else x for x in every]
    first, length = min(scaled), max(scaled) - min(scaled)
    places = [(x - first) / length if length else 0.5 for x in scaled]
    ends = (places[-2], places[-1]) if told else None
    return Strip(tuple(places[: len(values)]), ends)


def counts_sentence(rows: Sequence[Row]) -> str:
    """How many statements there are, and how many of them have each verdict."""
    counts = {name: sum(row["verdict"] == name for row in rows) for name in VERDICTS}
    claims = len({row["id"] for row in rows})
    told = listing(f"{number(count, 0)} {name}" for name, count in counts.items() if count)
    return f"{plural(claims, 'claim')}, {plural(len(rows), 'statement')}, each about one network or one group of runs: {told}."
