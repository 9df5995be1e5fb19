"""Findings about the outcome of training: depth limits and shares of variance."""

import pandas as pd

from vgstudy.analysis.depth_limit import FITS
from vgstudy.figures.frames import Frames, chosen
from vgstudy.formatting import listing, percent, plural
from vgstudy.report.estimate_text import (
    Row,
    estimate,
    extreme,
    furthest,
    plain_number,
    records,
    setting,
    sides_by_interval,
)
from vgstudy.report.finding import Finding
from vgstudy.report.table import Table, cross_table

LIMIT_SETTING = ("activation", "initializer", "optimizer", "width")
_, BETWEEN, RISING = FITS
VARYING = {
    "log d_delta": "log decay factor of δ",
    "log d_g": "log decay factor of g",
    "test_accuracy": "test accuracy",
}
# share of the variance that no source alone explains, from which it is named
SHARED_VARIANCE = 0.05


def depth_limits(frames: Frames) -> Finding | None:
    """Give the depth at which half the seeds still learn, by setting, and declared comparisons."""
    rows = setting_limits(frames)
    if rows.empty:
        return None
    compared = frames.limits[frames.limits["factor"].notna()]
    more = tuple(
        limit_comparison(pair, str(level), str(reference), str(factor))
        for factor, same in compared.groupby("factor", sort=False)
        for (reference, level), pair in same.groupby(
            ["reference", str(factor)], sort=False, observed=True
        )
    )
    headline = f"{limit_counts(rows)} {limit_extremes(rows)}".strip()
    return Finding("limit", "Depth limit", headline, more, (limit_table(rows),), "depth-limit")


def setting_limits(frames: Frames) -> pd.DataFrame:
    """Return the limits of settings, without comparisons."""
    return frames.limits[frames.limits["factor"].isna()]


def limit_counts(rows: pd.DataFrame) -> str:
    """Say in how many settings the limit lies inside the range of depths, beyond it, or nowhere."""
    counts = rows["range"].value_counts()
    beyond = (
        ("deeper", "even in the deepest networks"),
        ("shallower", "not even in the shallowest"),
    )
    rest = "".join(f"; in {counts[name]} {where}" for name, where in beyond if name in counts)
    rising = int((rows["fit"] == RISING).sum())
    caution = (
        f" In {rising} of them P(learned) rises with depth by more than chance explains, so there "
        "is no one limit."
    )
    return (
        "Half of the seeds still learn down to a depth inside the range studied in "
        f"{counts.get('inside', 0)} of {plural(len(rows), 'setting')}{rest}."
        f"{caution if rising else ''}"
    )


def limit_extremes(rows: pd.DataFrame) -> str:
    """Name the shallowest and the deepest limit inside the range."""
    inside = rows[(rows["range"] == "inside") & (rows["fit"] != RISING)]
    if inside.empty:
        return ""
    first, last = extreme(inside, largest=False), extreme(inside)
    text = f"Shallowest limit: {limit_place(first)} with {setting(first, LIMIT_SETTING)}"
    if len(inside) == 1:
        return f"{text}."
    return f"{text}; deepest: {limit_place(last)} with {setting(last, LIMIT_SETTING)}."


def limit_place(row: Row) -> str:
    """Return a limit as it reads in a sentence."""
    text = limit_text(row)
    return text if text.startswith("between") else f"depth {text}"


def limit_comparison(rows: pd.DataFrame, level: str, reference: str, factor: str) -> str:
    """Say in how many settings a level's limit is deeper or shallower than the reference's."""
    sides = sides_by_interval(rows, 0.0)
    pair = f"{level} against {reference}{' wide' if factor == 'width' else ''}"
    text = (
        f"{pair}: the limit is deeper in {len(sides.above)} of {plural(sides.n, 'setting')}, "
        f"shallower in {len(sides.below)} and undecided in {len(sides.undecided)} (the interval of "
        f"the difference includes 0; exploratory, not corrected{sides.no_interval})."
    )
    decided = pd.concat([sides.above, sides.below])
    if decided.empty:
        return text
    row, more = furthest(decided)
    others = tuple(name for name in LIMIT_SETTING if name != factor)
    bound = "" if row["range"] == "inside" else ", counted within the range"
    return (
        f"{text} Largest difference: {estimate(row, signed=True)} layers with "
        f"{setting(row, others)}{bound}{more}."
    )


def limit_table(rows: pd.DataFrame) -> Table:
    """Return the limit of every setting."""
    caption = (
        "Depth (hidden layers) at which half the seeds still learn, by a monotone fit, with its "
        "interval (conservative where learning stops from one depth to the next). Between: all "
        "that is known where depths run are far apart. Not monotone: P(learned) rises with depth "
        "by more than chance explains, so there is no one limit, and the interval is that of the "
        "nearest curve that never rises"
    )
    down = ("width", "initializer", "optimizer")
    return cross_table(caption, rows, down, "activation", limit_text)


def limit_text(row: Row) -> str:
    """Return a limit with its interval, or the depths around it, or that it lies outside."""
    known = bool(pd.notna(row["low"]) and pd.notna(row["high"]))
    if row["fit"] == BETWEEN and row["range"] == "inside" and known:
        low, high = (end.removesuffix(".0") for end in limit_ends(row))
        return f"between {low} and {high}"
    rising = f", {RISING}" if row["fit"] == RISING else ""
    return f"{limit_estimate(row)}{rising}"


def limit_estimate(row: Row) -> str:
    """Return a limit with its interval, or where it lies beyond the depths studied."""
    if row["range"] == "deeper":
        return f"beyond {row['deepest']}"
    if row["range"] == "shallower":
        return f"below {row['shallowest']}"
    if pd.notna(row["low"]) and pd.notna(row["high"]):
        return estimate(row)
    low, high = limit_ends(row)
    return f"{plain_number(row['value'])} [{low}, {high}]"


def limit_ends(row: Row) -> tuple[str, str]:
    """Return the ends of a limit's interval, which may lie beyond the depths studied."""
    low: str = f"below {row['shallowest']}" if pd.isna(row["low"]) else plain_number(row["low"])
    high: str = f"beyond {row['deepest']}" if pd.isna(row["high"]) else plain_number(row["high"])
    return low, high


def variance_shares(frames: Frames) -> Finding | None:
    """Name the largest sources of variance of δ's decay before training and of test accuracy."""
    rows = frames.variances[frames.variances["value"].notna()]
    both = (("log d_delta", 0), ("test_accuracy", frames.last_epoch))
    texts = (variance_text(chosen(rows, quantity=name, epoch=epoch)) for name, epoch in both)
    sentences = tuple(filter(None, texts))
    if not sentences:
        return None
    return Finding(
        "variance",
        "What explains the variance",
        sentences[0],
        sentences[1:],
        (variance_table(rows),),
        "accuracy-depth",
    )


def variance_text(rows: pd.DataFrame) -> str:
    """Name the three largest sources and the seed's share."""
    if rows.empty:
        return ""
    ordered = records(rows.sort_values("value", ascending=False, kind="stable"))
    factors = [row for row in ordered if row["source"] != "seed"][:3]
    seed = next(row for row in ordered if row["source"] == "seed")
    first, left = ordered[0], 1 - sum(row["value"] for row in ordered)
    shared = (
        f"; {percent(left)} goes to factors that vary together, which cannot be told apart"
        if left > SHARED_VARIANCE
        else ""
    )
    shares = listing(f"{row['source']} {variance_share(row)}" for row in (*factors, seed))
    return (
        f"Shares of the variance of the {VARYING[first['quantity']]} at epoch {first['epoch']} "
        f"over {plural(int(first['n']), 'run')}: {shares}{shared}."
    )


def variance_share(row: Row) -> str:
    """Return a share of the variance in percent, with its interval."""
    return f"{estimate({end: 100 * row[end] for end in ('value', 'low', 'high')})} %"


def variance_table(rows: pd.DataFrame) -> Table:
    """Return every source of every quantity."""
    caption = (
        "Shares of the variance over runs in percent, with intervals (approximate below 10 seeds); "
        "a pair of factors is what they do together"
    )
    order = pd.CategoricalDtype(list(dict.fromkeys(rows["source"])), ordered=True)
    frame = rows.assign(
        source=rows["source"].astype(order),
        what=rows["quantity"].map(VARYING) + ", epoch " + rows["epoch"].astype("str"),
    )

    def entry(row: Row) -> str:
        return variance_share(row).removesuffix(" %")

    return cross_table(caption, frame, ("source",), "what", entry)
