"""What fixes a network that fails, from studies that were run once and whose tables the package
keeps."""

from collections.abc import Mapping, Sequence
from itertools import groupby, takewhile
from operator import itemgetter
from typing import Any

import pandas as pd

from vgstudy.formatting import listing, percent, share
from vgstudy.report.gradient_cause import NETWORK, Row, Rows, cause_finding, cause_sentence
from vgstudy.report.table import (
    DIFFERENCE,
    ESTIMATE,
    SHARE,
    Table,
    column_table,
    frame_table,
    setting,
)
from vgstudy.schema import FACTORS
from vgstudy.store.records import Record, read_record

SETTING = ("activation", "initializer", "optimizer", "width")
REMEDIED = ["activation", "initializer", "optimizer", "remedy"]
USUAL = "SGD"
HALF = 0.5
# of the study `initialisers`
PLACE, TORCH = ("width", "activation", "initializer"), "U(±1/√fan_in)"
NONE = "none"  # the remedy of plain networks in the study `remedies`
DEEP = 20  # layers of the networks by which remedies are ranked
DATED = "run on {date}"
# names of columns and of remedies that do not speak for themselves
NOT_TOLD_APART = "not shown to be worse than the best"
REMEDIES = {
    "batch norm": "batch norm before the activation",
    "batch norm after": "batch norm after the activation",
    "batch norm and skip": "batch norm with skips",
}
# folded, by the kept table that they are of: caption and columns
TABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "remedies": (
        f"Remedies in deep networks, each at its best learning rate; {DATED}",
        (*FACTORS, SHARE, NOT_TOLD_APART, "n"),
    ),
    "interventions": (
        f"How many seeds rescaled gradients cure and harm, each arm at its best rate; {DATED}",
        (*FACTORS, "reference", "reference_rate", DIFFERENCE, "cured", "harmed", "learned", "n"),
    ),
    "initialisers": (
        "Decay factors of the signal before training, theory's prediction, and the share that "
        "learns; run on {date}",
        (*FACTORS, ESTIMATE, "predicted", "learned", "n"),
    ),
}


def fixes() -> dict[str, Any]:
    """Return the section from the package's own tables: `sentences`, folded `tables`, and the
    `finding` for the first screen."""
    names = ("rates", "fair", "remedies", "interventions", "initialisers")
    kept = {name: read_record(name) for name in names}
    deep = [row for row in kept["remedies"].rows if row["depth"] == DEEP]
    return {
        "sentences": [
            rate_sentence(kept["rates"].rows),
            f"{depth_sentence(kept['fair'].rows)} {edge_sentence(kept['fair'].rows)}",
            f"{remedy_sentence(deep)} {edge_sentence(deep)}",
            cause_sentence(kept["interventions"].rows),
            initialiser_sentence(kept["initialisers"].rows),
        ],
        "tables": [
            rate_table(kept["rates"]),
            depth_table(kept["fair"]),
            remedies_by_depth(kept["remedies"]),
            *(record_table(kept[name], *table) for name, table in TABLES.items()),
        ],
        "finding": cause_finding(kept["interventions"].rows, kept["rates"].rows),
    }


def record_table(record: Record, caption: str, columns: Sequence[str]) -> Table:
    """Return a table of some columns of a kept table."""
    caption = caption.format(**record.provenance)
    rows = pd.DataFrame(record.rows).rename(columns={"as_good": NOT_TOLD_APART})
    return column_table(caption, rows, columns)


def rate_table(record: Record) -> Table:
    """Return for each network of tutorial A how often it learns at the given and at its best
    learning rate."""
    rows = [
        {
            "network": setting(row, NETWORK),
            "learns at the given rate": percent(row["at_one"]),
            "at its best rate": share(row["value"], row["low"], row["high"]),
            "best / given rate": f"{row['rate_factor']:g}",
        }
        for row in sorted(record.rows, key=lambda row: row["at_one"] - row["value"])
    ]
    caption = f"Tutorial A's networks; {DATED}".format(**record.provenance)
    return frame_table(caption, pd.DataFrame(rows))


def rate_sentence(rows: Rows) -> str:
    """Say for how many networks the share at the given rate is below the interval at the best."""
    better = sum(row["low"] > row["at_one"] for row in rows)
    return (
        f"{better} of tutorial A's {len(rows)} networks learn more often at their best learning "
        "rate: the share that learns at the given rate lies below the 95 % interval of the share "
        "at the best."
    )


def edge_sentence(rows: Rows) -> str:
    """Say how many of the best rates are at an end of the rates tried, so that a better one may lie
    beyond it."""
    rates = [row["rate_factor"] for row in rows]
    ends = sum(rate in (min(rates), max(rates)) for rate in rates)
    return (
        f"{ends} of {len(rates)} best rates lie at an end of those tried, so better ones may exist."
    )


def remedy_sentence(rows: Rows) -> str:
    """Say which deep networks are not shown to be worse without a remedy, and which
    remedies the others need. The rows of an activation are sorted, the best first; one that was
    tried without remedies alone is left out."""
    none, some = [], []
    for activation, of_activation in groupby(rows, key=itemgetter("activation")):
        tried = list(of_activation)
        if NONE not in {row["remedy"] for row in tried if row["as_good"]}:
            names = [_named(row) for row in tried if row["as_good"]]
            some.append(f"{activation} networks need {either(names)}")
        elif len(tried) > 1:
            none.append(activation)
    shape = f"With {rows[0]['depth']} layers of {rows[0]['width']} units, each at its best rate"
    plain = f"plain {listing(none)} networks are not shown to be worse than the best remedy tried"
    return f"{shape}, {'; '.join([plain] * bool(none) + some)}."


def either(names: Sequence[str]) -> str:
    """Return names joined by commas and, before the last, or."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _named(row: Row) -> str:
    """Return a remedy in words, such as ``skip with Adam``."""
    name = REMEDIES.get(row["remedy"], str(row["remedy"]))
    return name if row["optimizer"] == USUAL else f"{name} with {row['optimizer']}"


def remedies_by_depth(record: Record) -> Table:
    """Return how many seeds learn at each depth that was run, a row for each network."""
    frame = pd.DataFrame(record.rows)
    learned = (frame["value"] * frame["n"]).round().astype(int).astype(str)
    counts = frame.assign(learned=learned + " of " + frame["n"].astype(str))
    by_depth = counts.pivot(index=REMEDIED, columns="depth", values="learned").reset_index()
    columns = {depth: f"{depth} layers" for depth in sorted(set(frame["depth"]))}
    caption = f"Seeds that learn, by number of layers of 10 units, each at its best rate; {DATED}"
    return frame_table(
        caption.format(**record.provenance), by_depth.rename(columns=columns).fillna("not run")
    )


def initialiser_sentence(rows: Rows) -> str:
    """Say what PyTorch's default does to deep tanh networks, next to Xavier initialisation."""
    torch, xavier = (
        next(row for row in rows if [row[name] for name in PLACE] == [25, "tanh", initializer])
        for initializer in (TORCH, "Xavier")
    )
    return (
        f"At every tanh layer PyTorch's default initialisation, {TORCH}, keeps "
        f"{torch['value']:.2f} of the signal, Xavier {xavier['value']:.2f}. With {torch['depth']} "
        f"layers of {torch['width']} units {_count(torch)} seeds learn with PyTorch's default, "
        f"{_count(xavier)} with Xavier."
    )


def _count(row: Row) -> str:
    """Return how many seeds learned: ``3 of 10``."""
    return f"{round(row['learned'] * row['n'])} of {row['n']}"


def depth_sentence(rows: Rows) -> str:
    """Say how many settings learn deeper at their best learning rates than at the given ones."""
    limits = depth_limits(rows)
    deeper = sum(best > given for _, given, best in limits)
    shallower = sum(best < given for _, given, best in limits)
    return (
        f"At their best rates {deeper} of {len(limits)} settings (activation, initializer, "
        f"optimizer and width) learn with more layers than at the given rate, {shallower} with "
        "fewer. These are counts, not tests."
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
        "Most layers with which half of the seeds learn, at the given rate (10 seeds) and at the "
        "best (20); run on {date}"
    )
    limits = pd.DataFrame(depth_limits(record.rows), columns=columns)
    return frame_table(caption.format(**record.provenance), limits)
