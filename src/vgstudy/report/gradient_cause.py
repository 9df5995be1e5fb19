"""Whether unequal gradients are why tutorial A's network A2 fails, from the kept study
`interventions`."""

from collections.abc import Mapping, Sequence
from typing import Any

from vgstudy.formatting import number, percent
from vgstudy.report.table import Bar, Finding

Row = Mapping[str, Any]
Rows = Sequence[Row]
NETWORK = ("depth", "width", "activation", "initializer")
A2 = (5, 5, "tanh", "uniform(0,1)")  # of tutorial A: "could not learn"
# arms of the study
UNTOUCHED, EQUAL, PROFILE, SIZE = "untouched", "equal", "profile", "size"
FIXED, REVERSE = "fixed", "reverse"
# how much more often the profile alone must help than the size alone, by the interval's lower end
LARGE_EFFECT = 0.2


def cause_finding(rows: Rows, rates: Rows) -> Finding:
    """Say whether tutorial A's network A2 fails because its layers' gradients are unequal, with the
    shares that learn, each arm at its best rate.

    Parameters
    ----------
    rates
        Of the study `rates`, which has the share at the tutorial's rate.
    """
    profile, reverse = _compared(rows)[A2, PROFILE, SIZE], _reverse(rows)
    counts = _learned(rows)
    given = next(row["at_one"] for row in rates if _network(row) == A2)
    names = {UNTOUCHED: "unchanged", PROFILE: "equal layers", SIZE: "size alone changed"}
    return Finding(
        topic="Do unequal gradients make tutorial A's tanh network fail?",
        text=(
            f"{is_cause(profile, reverse)}: at best learning rates {counts[PROFILE]} of "
            f"{profile['n']} seeds learn with equal gradients in all layers, "
            f"{counts[UNTOUCHED]} without. Unequal gradients harm {reverse['harmed']} of "
            f"{reverse['n']} healthy networks."
        ),
        certainty=(
            f"That is {_difference(profile)} more than with size alone changed. At the tutorial's "
            f"rate {percent(given)} learn."
        ),
        link="fixes",
        what="learn",
        bars=tuple(Bar(names[arm], counts[arm] / profile["n"], f"{counts[arm]}") for arm in names),
    )


def cause_sentence(rows: Rows) -> str:
    """Say what each way to rescale gradients does to the failing network, and what its gradients do
    to a healthy one."""
    compared, counts, reverse = _compared(rows), _learned(rows), _reverse(rows)
    fixed, profile = compared[A2, FIXED, UNTOUCHED], compared[A2, PROFILE, SIZE]
    return (
        f"Each arm at its best rate, {counts[UNTOUCHED]} of {profile['n']} seeds of tutorial A's "
        "failing network learn. If every layer's gradient gets the output layer's size at every "
        f"step, {counts[EQUAL]} learn; if the overall size also stays as it was, "
        f"{counts[PROFILE]}; if only the overall size changes, {counts[SIZE]}. Scaling by fixed "
        f"factors that make layers equal before training lets {counts[FIXED]} learn "
        f"({_difference(fixed)}), so normalising at every step may be what helps. The failing "
        f"network's unequal gradients, given to a healthy network, harm {reverse['harmed']} of "
        f"{reverse['n']} seeds. Are unequal gradients the cause, by the rule set before looking? "
        f"{is_cause(profile, reverse)}."
    )


def _network(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in NETWORK)


def _compared(rows: Rows) -> dict[tuple[Any, str, str], Row]:
    """Return the rows by network, arm and reference."""
    return {(_network(row), row["remedy"], row["reference"]): row for row in rows}


def _learned(rows: Rows) -> dict[str, int]:
    """Return how many seeds of the failing network learn in each arm."""
    compared = _compared(rows)
    arms = (PROFILE, EQUAL, FIXED, SIZE)
    counts = {arm: compared[A2, arm, UNTOUCHED]["learned"] for arm in arms}
    return {UNTOUCHED: compared[A2, SIZE, UNTOUCHED]["learned_reference"], **counts}


def _reverse(rows: Rows) -> Row:
    """Return what the failing network's gradients do to a healthy one."""
    return next(row for row in rows if (row["remedy"], row["reference"]) == (REVERSE, UNTOUCHED))


def is_cause(profile_less_size: Row, reverse: Row) -> str:
    """Return whether a network fails because its layers' gradients are unequal: equal ones help it,
    by more than a large effect, and unequal ones harm a healthy network."""
    helps = profile_less_size["low"] > LARGE_EFFECT
    return "Yes" if helps and reverse["high"] < 0 else "Not shown"


def _difference(row: Row) -> str:
    """Return a difference of shares in percentage points."""
    value, low, high = (number(100 * row[name], 0) for name in ("value", "low", "high"))
    return f"{value} points [{low}, {high}]"
