"""The tutorials' claims on the page: every statement with its estimate, verdict and seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import log
from pathlib import Path
from typing import Any

from vgstudy.analysis.intervals import WILSON
from vgstudy.claims.statements import LEARNED, NOT_LEARNED
from vgstudy.claims.verdicts import NOT_RUN, VERDICTS, WORST_FIRST
from vgstudy.formatting import interval, listing, number, percent, plural
from vgstudy.report.estimate_text import Row
from vgstudy.report.table import Table
from vgstudy.store.parquet import read_footer
from vgstudy.store.tables import shared_rows

TUTORIALS = ("A", "B", "C")
LOGARITHMIC_FROM = 20  # ratio of largest to smallest value from which a strip is logarithmic
CODE_CAPTION = "Lines of its code that no longer do what they did (TensorFlow 2.21, Keras 3.15)"


@dataclass(frozen=True)
class Strip:
    """Values of the seeds and the reported range, as shares of a line's length."""

    values: tuple[float, ...]
    reported: tuple[float, float] | None


@dataclass(frozen=True)
class Claim:
    """A claim with its statements, each a row of the table with the texts of `statement`."""

    id: str
    claim: str
    setup: str
    reported: str
    statements: tuple[Row, ...]

    @property
    def is_run(self) -> bool:
        """Whether the study of any statement was run."""
        return any(statement["verdict"] != NOT_RUN for statement in self.statements)


@dataclass(frozen=True)
class Tutorial:
    """A tutorial: letter, title, claims, code that no longer does what it did."""

    letter: str
    title: str
    claims: tuple[Claim, ...]
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
class ClaimsSection:
    """The tutorials, counts in a sentence, and the verdicts and studies to filter by."""

    tutorials: tuple[Tutorial, ...]
    counts: str
    verdicts: tuple[str, ...]
    studies: tuple[str, ...]

    @property
    def is_run(self) -> bool:
        """Whether the study of any claim was run."""
        return any(tutorial.is_run for tutorial in self.tutorials)

    @property
    def study_list(self) -> str:
        """The studies that the claims are about."""
        return listing(self.studies)


def claims_section(results: Path) -> ClaimsSection | None:
    """Return the section made from `results/claims.parquet`; see `shared_rows`."""
    if (rows := shared_rows(results, "claims")) is None:
        return None
    texts = read_footer(results / "claims.parquet")["tutorials"]
    tutorials = [tutorial(letter, text, rows) for letter, text in texts.items()]
    verdicts = {row["verdict"] for row in rows}
    return ClaimsSection(
        tutorials=tuple(sorted(tutorials, key=lambda each: not each.is_run)),
        counts=counts_sentence(rows),
        verdicts=tuple(name for name in VERDICTS if name in verdicts),
        studies=tuple(dict.fromkeys(row["study"] for row in rows)),
    )


def tutorial(letter: str, text: Mapping[str, Any], rows: Sequence[Row]) -> Tutorial:
    """Return one tutorial with its claims."""
    of_tutorial = (row for row in rows if row["tutorial"] == letter)
    claims = tuple(claim(list(group)) for _, group in groupby(of_tutorial, key=lambda r: r["id"]))
    code = tuple((line["line"], line["today"], line["instead"]) for line in text["code"])
    table = Table(CODE_CAPTION, ("line", "today", "write instead"), code)
    return Tutorial(letter, text["title"], claims, table)


def claim(rows: Sequence[Row]) -> Claim:
    """Return one claim; what the tutorial reports is shown once, from all its statements."""
    first = rows[0]
    texts = dict.fromkeys(row["reported"] for row in rows)
    # without those that are part of a longer one
    kept = [text for text in texts if sum(text in other for other in texts) == 1]
    statements = tuple(statement(row) for row in rows)
    return Claim(first["id"], first["claim"], first["setup"], "; ".join(kept), statements)


def statement(row: Row) -> Row:
    """Return a row with `estimate` and `verdict_text` in words, and the `strip` of its seeds."""
    return {
        **row,
        "estimate": estimate_text(row),
        "verdict_text": verdict_text(row),
        "strip": strip(row["sample"] or [], row["reported_low"], row["reported_high"]),
    }


def verdict_text(row: Row) -> str:
    """Return the verdict, with the share of seeds that it follows from."""
    if row["verdict"] not in WORST_FIRST or row["share"] is None:
        return str(row["verdict"])
    return f"{row['verdict']} ({percent(row['share'])} of the seeds)"


def about_runs(row: Row) -> bool:
    """Return whether the row is about all runs of a study, not about the seeds of one network."""
    return "AUC" in row["quantity"]


def estimate_text(row: Row) -> str:
    """Return the estimate with its interval, and how many seeds it is made of."""
    if row["value"] is None:
        return ""
    seeds = row["n"] - row["n_failed"]
    without = f", {row['n_failed']:,} without a value" if row["n_failed"] else ""
    if row["quantity"] == LEARNED:
        return f"{learned_text(row, seeds)}{without}"
    count = plural(seeds, "run") if about_runs(row) else f"n = {seeds:,}"
    if row["method"] == WILSON:
        ends = f"{percent(row['low'])} to {percent(row['high'])}"
        return f"holds for {percent(row['value'])} of the seeds [{ends}]; {count}{without}"
    further = ""
    if row["prediction_low"] is not None:
        ends = f"{number(row['prediction_low'])} to {number(row['prediction_high'])}"
        further = f"; one more seed: {ends}"
    return f"{interval(row['value'], row['low'], row['high'])}{further}; {count}{without}"


def learned_text(row: Row, seeds: int) -> str:
    """Return how many seeds learned, of a claim that they do or that they do not."""
    value, low, high = row["value"], row["low"], row["high"]
    if row["comparator"] == NOT_LEARNED:
        value, low, high = 1 - value, 1 - high, 1 - low
    ends = f"{percent(low)} to {percent(high)}"
    return f"{round(value * seeds):,} of {plural(seeds, 'seed')} learned [{ends}]"


def strip(values: Sequence[float], low: float | None, high: float | None) -> Strip:
    """Place the values and the reported number along a line that has room for all of them."""
    reported = [end for end in (low, high) if end is not None]
    if not values:
        return Strip((), None)
    numbers = [*values, *reported]
    if min(numbers) > 0 and max(numbers) > LOGARITHMIC_FROM * min(numbers):
        numbers = [log(each) for each in numbers]
    first, length = min(numbers), max(numbers) - min(numbers)
    places = [(each - first) / length if length else 0.5 for each in numbers]
    ends = (places[-2], places[-1]) if reported else None
    return Strip(tuple(places[: len(values)]), ends)


def counts_sentence(rows: Sequence[Row]) -> str:
    """Say how many statements there are, and how many of them have each verdict."""
    counts = {name: sum(row["verdict"] == name for row in rows) for name in VERDICTS}
    claims = len({row["id"] for row in rows})
    texts = listing(f"{count:,} {name}" for name, count in counts.items() if count)
    return (
        f"{plural(claims, 'claim')}, {plural(len(rows), 'statement')}, each about one network or "
        f"one group of runs: {texts}."
    )
