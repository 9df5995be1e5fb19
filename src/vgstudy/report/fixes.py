"""What fixes a network that fails, and whether unequal gradients are why it does, from studies that
were run once and whose tables the package keeps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import pandas as pd

from vgstudy.formatting import interval, listing, number
from vgstudy.report.table import ESTIMATE, Table, column_table, setting
from vgstudy.schema import FACTORS
from vgstudy.store.records import Record, read_record

Row = Mapping[str, Any]
Rows = Sequence[Row]
NETWORK = ("depth", "width", "activation", "initializer")
A2 = (5, 5, "tanh", "uniform(0,1)")  # of tutorial A: "could not learn"
# arms of the study `interventions`
UNTOUCHED, EQUAL, PROFILE, SIZE, REVERSE = "untouched", "equal", "profile", "size", "reverse"
NONE = "none"  # the remedy of plain networks in the study `remedies`
# how much more often the profile alone must help than the size alone, by the interval's lower end
LARGE_EFFECT = 0.2
# share of learned seeds from which on a network does not fail
HEALTHY = 0.9
DATED = "run once on {date}, seeds of its own"


@dataclass(frozen=True)
class Fixes:
    """The section: sentences and tables, and the answer to tutorial A's open question, with what
    it stands on."""

    sentences: tuple[str, ...]
    tables: tuple[Table, ...]
    answer: str
    certainty: str


def fixes() -> Fixes:
    """Return the section from the package's own tables."""
    rates, interventions = read_record("rates"), read_record("interventions")
    remedies = read_record("remedies")
    return Fixes(
        (
            rate_sentence(rates.rows),
            *remedy_sentences(remedies.rows),
            *causes(interventions.rows),
            reverse_sentence(interventions.rows),
        ),
        (_rate_table(rates), _remedy_table(remedies), _intervention_table(interventions)),
        *answer(interventions.rows),
    )


def rate_sentence(rows: Rows) -> str:
    """Say how many networks learn more often at another rate, and which gains most."""
    better = [row for row in rows if row["low"] > row["at_one"]]
    start = (
        f"{len(better)} of {len(rows)} networks of tutorial A learn more often at another learning "
        "rate than the given one"
    )
    if not better:
        return f"{start}."
    most = max(better, key=lambda row: row["value"] - row["at_one"])
    return (
        f"{start}. {setting(most, NETWORK)}: {_share(most)} of the seeds learn at "
        f"{most['rate_factor']:g} times the rate, {number(most['at_one'], 2)} at the given one."
    )


def remedy_sentences(rows: Rows) -> Iterator[str]:
    """Yield for each activation whether deep networks need a remedy, and which are as good as the
    best. The rows of an activation are sorted, the best first."""
    for activation, some in groupby(rows, key=itemgetter("activation")):
        best, *others = some
        plain = next((row for row in (best, *others) if row["remedy"] == NONE), best)
        start = f"{best['depth']} {activation} layers of {best['width']}"
        if plain["as_good"]:
            yield (
                f"{start} need no remedy but the right learning rate: {_share(plain)} of the seeds "
                f"learn with {_remedy(plain)}."
            )
            continue
        ties = [_remedy(row) for row in others if row["as_good"]]
        yield (
            f"{start}: {_share(best)} of the seeds learn with {_remedy(best)}, {_share(plain)} "
            f"with {_remedy(plain)}. "
            + (f"As good as the best: {listing(ties)}." if ties else "No other is as good.")
        )


def _remedy(row: Row) -> str:
    """Return what a network has: its remedy, or its initializer and optimizer without one."""
    plain = f"{row['initializer']} and {row['optimizer']}"
    return plain if row["remedy"] == NONE else str(row["remedy"])


def _share(row: Row) -> str:
    return interval(row["value"], row["low"], row["high"])


def causes(rows: Rows) -> Iterator[str]:
    """Yield for each network that fails whether unequal gradients are why.

    They are if the profile alone makes it learn in clearly more seeds than the size alone, and the
    reverse harms the healthy network that has it.
    """
    compared, harms = _compared(rows), _reverse_harms(rows)
    for network in dict.fromkeys(network for network, _, _ in compared):
        equal = compared[network, EQUAL, UNTOUCHED]
        if equal["learned_reference"] < HEALTHY * equal["n"]:
            yield cause_sentence(equal, compared[network, PROFILE, SIZE], harms)


def answer(rows: Rows) -> tuple[str, str]:
    """Return whether tutorial A's network A2 fails because its layers' gradients are unequal, and
    what the answer stands on."""
    compared = _compared(rows)
    untouched, profile = compared[A2, EQUAL, UNTOUCHED], compared[A2, PROFILE, SIZE]
    start = is_cause(profile, _reverse_harms(rows))
    return (
        f"{start}: of {profile['n']} seeds of five tanh layers from U(0, 1), "
        f"{untouched['learned_reference']} learn, {profile['learned']} with the profile of their "
        f"gradients made equal, {profile['learned_reference']} with only its size changed.",
        f"Each at its best learning rate; profile less size {_share(profile)}, paired by seed.",
    )


def _compared(rows: Rows) -> dict[tuple[Any, str, str], Row]:
    """Return the rows by network, arm and reference."""
    return {(_network(row), row["remedy"], row["reference"]): row for row in rows}


def _reverse_harms(rows: Rows) -> bool:
    """Return whether a healthy network fails more often with the failing one's profile."""
    pairs = [row for row in rows if (row["remedy"], row["reference"]) == (REVERSE, UNTOUCHED)]
    return any(row["high"] < 0 for row in pairs)


def _network(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in NETWORK)


def is_cause(profile_less_size: Row, reverse_harms: bool) -> str:
    """Return whether a network fails because its layers' gradients are unequal. In part: equal ones
    help it, but the reverse does not harm."""
    if profile_less_size["low"] <= LARGE_EFFECT:
        return "Not shown"
    return "Yes" if reverse_harms else "In part"


def cause_sentence(equal: Row, profile_less_size: Row, reverse_harms: bool) -> str:
    """Say whether a network fails because its layers' gradients are unequal."""
    return (
        f"{setting(equal, NETWORK)}: {equal['learned_reference']} of {equal['n']} seeds learn at "
        "their best rate. Because gradients are unequal? "
        f"{is_cause(profile_less_size, reverse_harms)}: profile less size "
        f"{_share(profile_less_size)}; equal gradients cure {equal['cured']} and harm "
        f"{equal['harmed']}."
    )


def reverse_sentence(rows: Rows) -> str:
    """Say what the failing network's profile does to a healthy one."""
    (row,) = (row for row in rows if (row["remedy"], row["reference"]) == (REVERSE, UNTOUCHED))
    return (
        f"{setting(row, NETWORK)}, with the gradients' profile of tutorial A's failing network: "
        f"{row['learned']} of {row['n']} seeds learn at {row['rate_factor']:g} times the given "
        f"rate; untouched, {row['learned_reference']} at {row['reference_rate']:g} times."
    )


def _rate_table(record: Record) -> Table:
    return column_table(
        f"Tutorial A's networks at their best learning rates; {_dated(record)}",
        pd.DataFrame(record.rows),
        (*FACTORS, ESTIMATE, "n", "at_one"),
    )


def _remedy_table(record: Record) -> Table:
    return column_table(
        f"Remedies at twenty layers, each at its best learning rate; {_dated(record)}",
        pd.DataFrame(record.rows),
        (*FACTORS, ESTIMATE, "as_good", "n"),
    )


def _intervention_table(record: Record) -> Table:
    return column_table(
        f"What rescaled gradients cure and harm, each arm at its best rate; {_dated(record)}",
        pd.DataFrame(record.rows),
        (*FACTORS, "reference", "reference_rate", ESTIMATE, "cured", "harmed", "learned", "n"),
    )


def _dated(record: Record) -> str:
    return DATED.format(**record.provenance)
