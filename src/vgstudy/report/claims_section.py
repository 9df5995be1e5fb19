"""The tutorials' claims on the page: a row for each claim and study, its statements on request."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import log
from pathlib import Path

from vgstudy.analysis.share_intervals import WILSON
from vgstudy.claims.judging import ANSWERED, NOT_RUN, VERDICTS
from vgstudy.formatting import interval, listing, number, share
from vgstudy.report.repeats import Repeat, judged, repeats, run_again, share_text, verdict_giver
from vgstudy.report.table import Row, Table
from vgstudy.store.parquet import read_footer
from vgstudy.store.tables import shared_rows

COLUMNS = 40  # of dots, side by side
LOGARITHMIC_FROM = 20  # ratio of largest to smallest value from which a strip is logarithmic
CODE_CAPTION = "Outdated lines of the tutorials' code (TensorFlow 2.21, Keras 3.15)"


@dataclass(frozen=True)
class Strip:
    """Dots for the seeds, each with its place from 0 to 1 across and upward, and the range across
    that the tutorial reports."""

    dots: tuple[tuple[float, float], ...]
    reported: tuple[float, float] | None


@dataclass(frozen=True)
class Claim:
    """A claim as one study judges it.

    Attributes
    ----------
    reported
        What the tutorial reports, once.
    headline
        The run that gives the verdict: the confirmation where its verdict differs from the first
        run's.
    statements
        Each a row of the table with the texts of `statement`, of the first run.
    runs
        The first run, then how the claim was judged again.
    later
        Whether all, or only some, of its statements were added or changed after results had been
        seen; empty if none was.
    """

    id: str
    study: str
    claim: str
    setup: str
    reported: str
    headline: Repeat
    statements: tuple[Row, ...]
    runs: tuple[Repeat, ...]
    later: str

    @property
    def verdict(self) -> str:
        """The verdict on the whole claim, which is that on its worst statement."""
        return self.headline.verdict

    @property
    def deciding(self) -> Row:
        """The row of the statement that decides the verdict, with the seeds of the first run."""
        decides = (self.headline.statement, self.headline.arm)
        same = (row for row in self.statements if (row["statement"], row["arm"]) == decides)
        return next(same, self.statements[0])

    @property
    def decides(self) -> str:
        """The statement that decides the verdict, with its network if there are several; empty
        where a claim has one statement."""
        several = len({row["arm"] for row in self.statements}) > 1
        text = self.deciding["statement"]
        if len(self.statements) == 1:
            return ""
        return f"{self.deciding['arm']}: {text}" if several else text


@dataclass(frozen=True)
class ClaimsSection:
    """The section.

    Attributes
    ----------
    claims, counts
        The claims that were run, and how many have each verdict.
    not_run
        Of each tutorial by its letter the ids of the other claims.
    lacking
        The studies that would judge these, in words.
    titles
        Of each tutorial by its letter the title.
    code
        The lines of the tutorials' code that no longer do what they did.
    """

    claims: tuple[Claim, ...]
    counts: Mapping[str, int]
    not_run: Mapping[str, tuple[str, ...]]
    lacking: str
    titles: Mapping[str, str]
    code: Table

    @property
    def judged(self) -> tuple[Claim, ...]:
        """The claims that have a verdict."""
        return tuple(claim for claim in self.claims if claim.verdict != ANSWERED)

    @property
    def questions(self) -> tuple[Claim, ...]:
        """The open questions, which have an answer instead."""
        return tuple(claim for claim in self.claims if claim.verdict == ANSWERED)

    def of_study(self, name: str) -> tuple[Claim, ...]:
        """Return the claims that one study judges."""
        return tuple(claim for claim in self.claims if claim.study == name)


def claims_section(results: Path) -> ClaimsSection | None:
    """Return the section made from `results/claims.parquet`; see `shared_rows`."""
    if (rows := shared_rows(results, "claims")) is None:
        return None
    footer = read_footer(results / "claims.parquet")
    claims = tuple(judged_claims(rows, run_again(results, footer["studies"])))
    verdicts, judged = [each.verdict for each in claims], {each.id for each in claims}
    others = dict.fromkeys((row["tutorial"], row["id"]) for row in rows if row["id"] not in judged)
    tutorials = footer["tutorials"]
    lacking = dict.fromkeys(row["study"] for row in rows if row["verdict"] == NOT_RUN)
    return ClaimsSection(
        claims,
        counts={name: verdicts.count(name) for name in VERDICTS if name in verdicts},
        not_run={
            letter: tuple(name for tutorial, name in others if tutorial == letter)
            for letter in tutorials
        },
        lacking=listing(lacking),
        titles={letter: text["title"] for letter, text in tutorials.items()},
        code=code_table(tutorials),
    )


def code_table(tutorials: Mapping[str, Row]) -> Table:
    """Return the lines of the tutorials' code that no longer do what they did."""
    rows = tuple(
        (letter, line["line"], line["today"], line["instead"])
        for letter, tutorial in tutorials.items()
        for line in tutorial["code"]
    )
    return Table(CODE_CAPTION, ("tutorial", "line", "today", "write instead"), rows)


def judged_claims(rows: Sequence[Row], confirmed: Collection[str] = ()) -> Iterator[Claim]:
    """Yield the claims that were run, one for each study that judges them."""
    for _, group in groupby(rows, key=lambda row: (row["id"], row["study"])):
        of_claim = list(group)
        if any(row["verdict"] != NOT_RUN for row in of_claim):
            yield claim(of_claim, confirmed)


def claim(rows: Sequence[Row], confirmed: Collection[str] = ()) -> Claim:
    """Return one claim; what the tutorial reports is shown once, from all its statements.

    Parameters
    ----------
    confirmed
        The studies that are the same as those that were run again.
    """
    first = rows[0]
    run = judged("First run", rows)
    again = tuple(repeats(rows)) if first["study"] in confirmed else ()
    texts = dict.fromkeys(row["reported"] for row in rows)
    # without those that are part of a longer one
    kept = [text for text in texts if sum(text in other for other in texts) == 1]
    return Claim(
        id=first["id"],
        study=first["study"],
        claim=first["claim"],
        setup=first["setup"],
        reported="; ".join(kept),
        headline=verdict_giver(run, again),
        statements=tuple(statement(row) for row in rows),
        runs=(run, *again),
        later=later_text([row["version"] for row in rows]),
    )


def later_text(versions: Sequence[int]) -> str:
    """Say whether a claim, or part of it, was written after results had been seen."""
    later = [version > 1 for version in versions]
    if not any(later):
        return ""
    return "written after results" if all(later) else "in part written after results"


def statement(row: Row) -> Row:
    """Return a row with `estimate`, `brief`, `share_text` and `others_text` in words, and the
    `strip` of its seeds."""
    values = row["sample"] or []
    reported = [end for end in (row["reported_low"], row["reported_high"]) if end is not None]
    if set(values) <= {0.0, 1.0}:
        reported = {"learns": [1.0, 1.0], "does not learn": [0.0, 0.0]}.get(row["comparator"], [])
    return {
        **row,
        "estimate": estimate_text(row),
        "brief": brief_text(row),
        "share_text": share_text(row["share"], row["n"] - row["n_failed"]),
        "others_text": others_text(row["others"], row["others_fail"]),
        "strip": strip(values, reported),
    }


def others_text(names: Sequence[str], shares: Sequence[float]) -> str:
    """Return which share of the seeds of each other network fails: ``A1 62 %, A3 100 %``."""
    return ", ".join(
        f"{name} {100 * share:.0f} %" for name, share in zip(names, shares, strict=True)
    )


def number_text(row: Row) -> str:
    """Return the estimate with its interval; a share of the seeds in percent."""
    if row["value"] is None:
        return ""
    ends = (row["value"], row["low"], row["high"])
    return share(*ends) if row["method"] == WILSON else interval(*ends)


def brief_text(row: Row) -> str:
    """Return what the dots are of, in few words, and the estimate."""
    text = number_text(row)
    return text if row["method"] == WILSON else f"{kind_text(row['quantity'])} {text}"


def kind_text(quantity: str) -> str:
    """Return the words of a quantity in short: ``ratio``, ``change of test accuracy``,
    ``accuracy``."""
    if "; over: " in quantity:
        return "ratio"
    name, _, rest = quantity.partition(", ")
    kind = name.removesuffix(" on the probe set")
    return f"change of {kind}" if rest.startswith("change") else kind


def estimate_text(row: Row) -> str:
    """Return the estimate with its interval, where one more seed would fall, and how many seeds
    have no value."""
    if row["value"] is None:
        return ""
    text = number_text(row)
    if row["prediction_low"] is not None:
        ends = f"{number(row['prediction_low'])} to {number(row['prediction_high'])}"
        text += f"; one more seed: {ends}"
    return f"{text}; {row['n_failed']:,} without a value" if row["n_failed"] else text


def strip(values: Sequence[float], reported: Sequence[float]) -> Strip:
    """Stack a dot for each value in columns along a line that also has room for the reported
    range."""
    if not values:
        return Strip((), None)
    numbers = [*values, *reported]
    if min(numbers) > 0 and max(numbers) > LOGARITHMIC_FROM * min(numbers):
        numbers = [log(each) for each in numbers]
    first, length = min(numbers), max(numbers) - min(numbers)
    places = [(each - first) / length if length else 0.5 for each in numbers]
    columns = [round(place * (COLUMNS - 1)) for place in places[: len(values)]]
    highest = max(map(columns.count, columns))
    dots = [
        (column / (COLUMNS - 1), columns[:number].count(column) / max(highest, 6))
        for number, column in enumerate(columns)
    ]
    return Strip(tuple(dots), (places[-2], places[-1]) if reported else None)
