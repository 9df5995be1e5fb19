"""The tutorials' claims on the page: a row for each claim and study, its statements on request."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import log
from pathlib import Path
from typing import Any

from vgstudy.analysis.intervals import WILSON
from vgstudy.claims.judging import NOT_RUN, VERDICTS
from vgstudy.formatting import interval, listing, number, plural, share
from vgstudy.report.table import Row, Table
from vgstudy.store.parquet import read_footer
from vgstudy.store.tables import shared_rows

TUTORIALS = ("A", "B", "C")
COLUMNS = 40  # of dots, side by side
LOGARITHMIC_FROM = 20  # ratio of largest to smallest value from which a strip is logarithmic
CODE_CAPTION = "Lines of its code that no longer do what they did (TensorFlow 2.21, Keras 3.15)"


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
    verdict, share
        On the whole claim; the share of seeds in words.
    statements
        Each a row of the table with the texts of `statement`; `deciding` is the first that has the
        claim's verdict.
    later
        Whether all, or only some, of its statements were added or changed after results had been
        seen; empty if none was.
    """

    id: str
    study: str
    claim: str
    setup: str
    reported: str
    verdict: str
    share: str
    statements: tuple[Row, ...]
    later: str

    @property
    def deciding(self) -> Row:
        """The statement that decides the verdict on the claim."""
        same = (row for row in self.statements if row["verdict"] == self.verdict)
        return next(same, self.statements[0])


@dataclass(frozen=True)
class Tutorial:
    """A tutorial: letter, title, claims that were run, ids of the others, code that has aged."""

    letter: str
    title: str
    claims: tuple[Claim, ...]
    not_run: tuple[str, ...]
    code: Table

    @property
    def name(self) -> str:
        """What the page calls it: other letters are a user's own files."""
        return f"{'Tutorial' if self.letter in TUTORIALS else 'Claims'} {self.letter}"


@dataclass(frozen=True)
class ClaimsSection:
    """The tutorials, claims by verdict, and the studies that would judge what was not run."""

    tutorials: tuple[Tutorial, ...]
    counts: Mapping[str, int]
    lacking: tuple[str, ...]

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims that were run, of all tutorials."""
        return tuple(claim for tutorial in self.tutorials for claim in tutorial.claims)

    @property
    def studies(self) -> tuple[str, ...]:
        """The studies that judge them."""
        return tuple(dict.fromkeys(claim.study for claim in self.claims))

    @property
    def lacking_studies(self) -> str:
        """The studies that were not run, in words."""
        return listing(self.lacking)

    def of_study(self, name: str) -> tuple[Claim, ...]:
        """Return the claims that one study judges."""
        return tuple(claim for claim in self.claims if claim.study == name)


def claims_section(results: Path) -> ClaimsSection | None:
    """Return the section made from `results/claims.parquet`; see `shared_rows`."""
    if (rows := shared_rows(results, "claims")) is None:
        return None
    texts = read_footer(results / "claims.parquet")["tutorials"]
    tutorials = tuple(tutorial(letter, text, rows) for letter, text in texts.items())
    verdicts = [claim.verdict for each in tutorials for claim in each.claims]
    counts = {name: verdicts.count(name) for name in VERDICTS if name in verdicts}
    lacking = dict.fromkeys(row["study"] for row in rows if row["verdict"] == NOT_RUN)
    return ClaimsSection(tutorials, counts, tuple(lacking))


def tutorial(letter: str, text: Mapping[str, Any], rows: Sequence[Row]) -> Tutorial:
    """Return one tutorial with its claims."""
    of_tutorial = [row for row in rows if row["tutorial"] == letter]
    claims = tuple(judged_claims(of_tutorial))
    judged = {claim.id for claim in claims}
    not_run = dict.fromkeys(row["id"] for row in of_tutorial if row["id"] not in judged)
    code = tuple((line["line"], line["today"], line["instead"]) for line in text["code"])
    table = Table(CODE_CAPTION, ("line", "today", "write instead"), code)
    return Tutorial(letter, text["title"], claims, tuple(not_run), table)


def judged_claims(rows: Sequence[Row]) -> Iterator[Claim]:
    """Yield the claims that were run, one for each study that judges them."""
    for _, group in groupby(rows, key=lambda row: (row["id"], row["study"])):
        of_claim = list(group)
        if any(row["verdict"] != NOT_RUN for row in of_claim):
            yield claim(of_claim)


def claim(rows: Sequence[Row]) -> Claim:
    """Return one claim; what the tutorial reports is shown once, from all its statements."""
    first = rows[0]
    texts = dict.fromkeys(row["reported"] for row in rows)
    # without those that are part of a longer one
    kept = [text for text in texts if sum(text in other for other in texts) == 1]
    return Claim(
        id=first["id"],
        study=first["study"],
        claim=first["claim"],
        setup=first["setup"],
        reported="; ".join(kept),
        verdict=first["claim_verdict"],
        share=share_text(first["claim_share"], first["claim_n"]),
        statements=tuple(statement(row) for row in rows),
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


def share_text(share: float | None, seeds: int) -> str:
    """Return a share as a number of seeds: ``96 of 100 seeds``."""
    return "" if share is None else f"{round(share * seeds):,} of {plural(seeds, 'seed')}"


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
    return f"{share(*ends)} of seeds" if row["method"] == WILSON else interval(*ends)


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
