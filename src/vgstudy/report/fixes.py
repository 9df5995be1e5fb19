"""What fixes a network that fails, and whether unequal gradients are why it does, from studies that
were run once and whose tables the package keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from operator import itemgetter
from typing import Any

import pandas as pd

from vgstudy.formatting import listing, percent, share
from vgstudy.report.table import (
    DIFFERENCE,
    ESTIMATE,
    SHARE,
    Bar,
    Table,
    column_table,
    frame_table,
    setting,
)
from vgstudy.schema import FACTORS
from vgstudy.store.records import Record, read_record

Row = Mapping[str, Any]
Rows = Sequence[Row]
NETWORK = ("depth", "width", "activation", "initializer")
SETTING = ("activation", "initializer", "optimizer", "width")
HALF = 0.5
A2 = (5, 5, "tanh", "uniform(0,1)")  # of tutorial A: "could not learn"
# arms of the study `interventions`
UNTOUCHED, EQUAL, PROFILE, SIZE, REVERSE = "untouched", "equal", "profile", "size", "reverse"
# of the study `initialisers`
PLACE, TORCH = ("width", "activation", "initializer"), "U(±1/√fan_in)"
NONE = "none"  # the remedy of plain networks in the study `remedies`
# how much more often the profile alone must help than the size alone, by the interval's lower end
LARGE_EFFECT = 0.2
DATED = "run once on {date}, seeds of its own"


@dataclass(frozen=True)
class Fixes:
    """The section: a table in sight, sentences, folded tables; and tutorial A's open question with
    its answer, what the answer stands on, and bars."""

    first: Table
    sentences: tuple[str, ...]
    tables: tuple[Table, ...]
    question: str
    answer: str
    certainty: str
    bars: tuple[Bar, ...]


def fixes() -> Fixes:
    """Return the section from the package's own tables."""
    rates, interventions = read_record("rates"), read_record("interventions")
    remedies, initialisers = read_record("remedies"), read_record("initialisers")
    fair = read_record("fair")
    sentences = (
        rate_sentence(rates.rows),
        depth_sentence(fair.rows),
        remedy_sentence(remedies.rows),
        cause_sentence(interventions.rows),
        initialiser_sentence(initialisers.rows),
    )
    return Fixes(
        rate_table(rates),
        sentences,
        (
            _depth_table(fair),
            _remedy_table(remedies),
            _intervention_table(interventions),
            _initialiser_table(initialisers),
        ),
        "Do unequal gradients make tutorial A's tanh network fail?",
        *answer(interventions.rows),
    )


def rate_table(record: Record) -> Table:
    """Return for each network of tutorial A how often it learns at the given and at its best
    learning rate."""
    rows = [
        {
            "network": setting(row, NETWORK),
            "learns at the given rate": percent(row["at_one"]),
            "at its best rate": share(row["value"], row["low"], row["high"]),
            "which is": f"× {row['rate_factor']:g}",
        }
        for row in sorted(record.rows, key=lambda row: row["at_one"] - row["value"])
    ]
    return frame_table(f"Tutorial A's networks; {_dated(record)}", pd.DataFrame(rows))


def rate_sentence(rows: Rows) -> str:
    """Say how many networks learn more often at another rate."""
    better = sum(row["low"] > row["at_one"] for row in rows)
    return (
        f"{better} of {len(rows)} networks of tutorial A learn more often at another learning rate "
        "than the given one."
    )


def remedy_sentence(rows: Rows) -> str:
    """Say which deep networks need a remedy next to their best learning rate, and which help. The
    rows of an activation are sorted, the best first."""
    none, some = [], []
    for activation, of_activation in groupby(rows, key=itemgetter("activation")):
        good = [row for row in of_activation if row["as_good"]]
        if any(row["remedy"] == NONE for row in good):
            none.append(activation)
        else:
            some.append(f"{activation} needs one of {listing(row['remedy'] for row in good)}")
    depth = rows[0]["depth"]
    needless = f"{listing(none)} need no remedy but the right learning rate" if none else ""
    return f"With {depth} layers {'; '.join(filter(None, [needless, *some]))}."


def answer(rows: Rows) -> tuple[str, str, tuple[Bar, ...]]:
    """Return whether tutorial A's network A2 fails because its layers' gradients are unequal, what
    the answer stands on, and the shares that learn."""
    compared = _compared(rows)
    untouched, profile = compared[A2, EQUAL, UNTOUCHED], compared[A2, PROFILE, SIZE]
    n = profile["n"]
    learned = {
        "untouched": untouched["learned_reference"],
        "made equal": profile["learned"],
        "only size changed": profile["learned_reference"],
    }
    plain, equal, size = learned.values()
    return (
        f"{is_cause(profile, _reverse_harms(rows))}. With equal gradients {equal} of {n} seeds "
        f"learn instead of {plain}; with only their size changed, {size}.",
        f"Difference of the last two: {_difference(profile)}, same seeds.",
        tuple(Bar(name, count / n, f"{count}") for name, count in learned.items()),
    )


def cause_sentence(rows: Rows) -> str:
    """Say how many networks equal gradients cure, and what the failing network's gradients do to a
    healthy one."""
    compared = _compared(rows)
    equal = compared[A2, EQUAL, UNTOUCHED]
    (reverse,) = (row for row in rows if (row["remedy"], row["reference"]) == (REVERSE, UNTOUCHED))
    return (
        f"Equal gradients cure {equal['cured']} seeds of tutorial A's failing network and harm "
        f"{equal['harmed']}; its unequal ones, given to a healthy network, harm "
        f"{reverse['harmed']} of {reverse['n']}."
    )


def initialiser_sentence(rows: Rows) -> str:
    """Say what PyTorch's default does to deep tanh networks, next to Xavier initialisation."""
    torch, xavier = (
        next(row for row in rows if [row[name] for name in PLACE] == [25, "tanh", initializer])
        for initializer in (TORCH, "Xavier")
    )
    return (
        f"PyTorch's default {TORCH} leaves {torch['value']:.2f} of the signal at every tanh layer, "
        f"Xavier {xavier['value']:.2f}: with {torch['depth']} layers of {torch['width']} units "
        f"{percent(torch['learned'])} and {percent(xavier['learned'])} of {torch['n']} seeds learn."
    )


def _compared(rows: Rows) -> dict[tuple[Any, str, str], Row]:
    """Return the rows by network, arm and reference."""
    return {
        (tuple(row[name] for name in NETWORK), row["remedy"], row["reference"]): row for row in rows
    }


def _reverse_harms(rows: Rows) -> bool:
    """Return whether a healthy network fails more often with the failing one's profile."""
    pairs = [row for row in rows if (row["remedy"], row["reference"]) == (REVERSE, UNTOUCHED)]
    return any(row["high"] < 0 for row in pairs)


def is_cause(profile_less_size: Row, reverse_harms: bool) -> str:
    """Return whether a network fails because its layers' gradients are unequal. In part: equal ones
    help it, but the reverse does not harm."""
    if profile_less_size["low"] <= LARGE_EFFECT:
        return "Not shown"
    return "Yes" if reverse_harms else "In part"


def _difference(row: Row) -> str:
    """Return a difference of shares in percentage points."""
    value, low, high = (f"{100 * row[name]:.0f}" for name in ("value", "low", "high"))
    return f"{value} points [{low}, {high}]"


def depth_sentence(rows: Rows) -> str:
    """Say how many settings learn deeper at their best learning rates than at the given ones."""
    limits = depth_limits(rows)
    deeper = sum(best > given for _, given, best in limits)
    shallower = sum(best < given for _, given, best in limits)
    return (
        f"At their best learning rates {deeper} of {len(limits)} settings learn with more layers, "
        f"{shallower} with fewer."
    )


def depth_limits(rows: Rows) -> list[tuple[str, int, int]]:
    """Return for each setting the most layers with which at least half of the seeds learn, at the
    given and at the best rate; 0 if they never do."""
    by_setting = itemgetter(*SETTING)
    return [
        (setting(same[0], SETTING), _deepest(same, "at_one"), _deepest(same, "value"))
        for _, some in groupby(sorted(rows, key=by_setting), key=by_setting)
        for same in [list(some)]
    ]


def _deepest(rows: Rows, share: str) -> int:
    """Return the depth of the last row, by depth, before fewer than half of the seeds learn."""
    by_depth = sorted(rows, key=itemgetter("depth"))
    learning = takewhile(lambda row: row[share] >= HALF, by_depth)
    return max((row["depth"] for row in learning), default=0)


def _depth_table(record: Record) -> Table:
    columns = ("setting", "layers, given rate", "layers, best rate")
    return frame_table(
        "How deep half of the seeds learn, at the given rate (10 seeds) and at the best (20); "
        f"run once on {record.provenance['date']}",
        pd.DataFrame(depth_limits(record.rows), columns=columns),
    )


def _remedy_table(record: Record) -> Table:
    return column_table(
        f"Remedies at twenty layers, each at its best learning rate; {_dated(record)}",
        pd.DataFrame(record.rows),
        (*FACTORS, SHARE, "as_good", "n"),
    )


def _intervention_table(record: Record) -> Table:
    return column_table(
        f"What rescaled gradients cure and harm, each arm at its best rate; {_dated(record)}",
        pd.DataFrame(record.rows),
        (*FACTORS, "reference", "reference_rate", DIFFERENCE, "cured", "harmed", "learned", "n"),
    )


def _initialiser_table(record: Record) -> Table:
    return column_table(
        f"Decay factors of the signal before training next to theory, and who learns; "
        f"run once on {record.provenance['date']}",
        pd.DataFrame(record.rows),
        (*FACTORS, ESTIMATE, "predicted", "learned", "n"),
    )


def _dated(record: Record) -> str:
    return DATED.format(**record.provenance)
