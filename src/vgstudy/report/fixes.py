"""What fixes a network that fails, and whether unequal gradients are why it does, from studies that
were run once and whose tables the package keeps."""

from collections.abc import Mapping, Sequence
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
    Finding,
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
# folded, by the kept table that they are of: caption and columns
TABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "remedies": (
        f"Remedies at twenty layers, each at its best learning rate; {DATED}",
        (*FACTORS, SHARE, "as_good", "n"),
    ),
    "interventions": (
        f"What rescaled gradients cure and harm, each arm at its best rate; {DATED}",
        (*FACTORS, "reference", "reference_rate", DIFFERENCE, "cured", "harmed", "learned", "n"),
    ),
    "initialisers": (
        "Decay factors of the signal before training next to theory, and who learns; "
        "run once on {date}",
        (*FACTORS, ESTIMATE, "predicted", "learned", "n"),
    ),
}


def fixes() -> dict[str, Any]:
    """Return the section from the package's own tables: a table in sight, `first`; `sentences`;
    folded `tables`; and the `finding` for the first screen."""
    names = ("rates", "fair", "remedies", "interventions", "initialisers")
    kept = {name: read_record(name) for name in names}
    return {
        "first": rate_table(kept["rates"]),
        "sentences": [
            rate_sentence(kept["rates"].rows),
            depth_sentence(kept["fair"].rows),
            remedy_sentence(kept["remedies"].rows),
            cause_sentence(kept["interventions"].rows),
            initialiser_sentence(kept["initialisers"].rows),
        ],
        "tables": [
            depth_table(kept["fair"]),
            *(record_table(kept[name], *table) for name, table in TABLES.items()),
        ],
        "finding": cause_finding(kept["interventions"].rows),
    }


def record_table(record: Record, caption: str, columns: Sequence[str]) -> Table:
    """Return a table of some columns of a kept table."""
    caption = caption.format(**record.provenance)
    return column_table(caption, pd.DataFrame(record.rows), columns)


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
    caption = f"Tutorial A's networks; {DATED}".format(**record.provenance)
    return frame_table(caption, pd.DataFrame(rows))


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


def cause_finding(rows: Rows) -> Finding:
    """Say whether tutorial A's network A2 fails because its layers' gradients are unequal, with the
    shares that learn."""
    compared = _compared(rows)
    untouched, profile = compared[A2, EQUAL, UNTOUCHED], compared[A2, PROFILE, SIZE]
    n = profile["n"]
    learned = {
        "untouched": untouched["learned_reference"],
        "made equal": profile["learned"],
        "only size changed": profile["learned_reference"],
    }
    plain, equal, size = learned.values()
    return Finding(
        topic="Do unequal gradients make tutorial A's tanh network fail?",
        text=f"{is_cause(profile, _reverse_harms(rows))}. With equal gradients {equal} of {n} "
        f"seeds learn instead of {plain}; with only their size changed, {size}.",
        certainty=f"Difference of the last two: {_difference(profile)}, same seeds.",
        link="fixes",
        what="seeds that learn",
        bars=tuple(Bar(name, count / n, f"{count}") for name, count in learned.items()),
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


def depth_table(record: Record) -> Table:
    """Return the limits of `depth_limits`."""
    columns = ("setting", "layers, given rate", "layers, best rate")
    caption = (
        "How deep half of the seeds learn, at the given rate (10 seeds) and at the best (20); "
        "run once on {date}"
    )
    limits = pd.DataFrame(depth_limits(record.rows), columns=columns)
    return frame_table(caption.format(**record.provenance), limits)
