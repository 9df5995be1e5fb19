"""Down to which depth does training still succeed?"""

import pandas as pd

from vgstudy.analysis.limits import FITS
from vgstudy.figures.frames import Frames
from vgstudy.formatting import plural
from vgstudy.report.finding import (
    Finding,
    Row,
    Table,
    cross_table,
    estimate,
    extreme,
    furthest,
    plain_number,
    setting,
    sides_by_interval,
)

SETTING = ("activation", "initializer", "optimizer", "width")
_, BETWEEN, RISING = FITS


def limit(frames: Frames) -> Finding | None:
    """The depth at which half the seeds still learn, in every setting, and its declared
    comparisons."""
    own = own_limits(frames)
    if own.empty:
        return None
    headline = f"{counts(own)} {extremes(own)}".strip()
    compared = frames.limits[frames.limits["factor"].notna()]
    more = tuple(
        comparison(rows, str(level), str(reference), str(factor))
        for factor, same in compared.groupby("factor", sort=False)
        for (reference, level), rows in same.groupby(
            ["reference", str(factor)], sort=False, observed=True
        )
    )
    return Finding("Depth limit", headline, more, "depth-limit", (limit_table(own),))


def own_limits(frames: Frames) -> pd.DataFrame:
    """The limits of settings, without comparisons."""
    return frames.limits[frames.limits["factor"].isna()]


def counts(own: pd.DataFrame) -> str:
    """In how many settings the limit lies inside the range of depths, or beyond it; in how many
    there is no one limit."""
    inside, deeper, shallower = (
        int((own["range"] == name).sum()) for name in ("inside", "deeper", "shallower")
    )
    beyond = ((deeper, "even in the deepest networks"), (shallower, "not even in the shallowest"))
    rest = "".join(f"; in {count} {where}" for count, where in beyond if count)
    settings = plural(len(own), "setting")
    rising = int((own["fit"] == RISING).sum())
    caution = f" In {rising} of them P(learned) rises with depth by more than chance explains, so there is no one limit."
    return (
        f"Half of the seeds still learn down to a depth inside the range studied in {inside} of {settings}{rest}."
        f"{caution * (rising > 0)}"
    )


def extremes(own: pd.DataFrame) -> str:
    """The shallowest and the deepest limit inside the range, of settings that have one."""
    inside = own[(own["range"] == "inside") & (own["fit"] != RISING)]
    if inside.empty:
        return ""
    first, last = extreme(inside, largest=False), extreme(inside)
    text = f"Shallowest limit: {placed(first)} with {setting(first, SETTING)}"
    return (
        f"{text}; deepest: {placed(last)} with {setting(last, SETTING)}."
        if len(inside) > 1
        else f"{text}."
    )


def placed(row: Row) -> str:
    """A limit in a sentence."""
    text = limit_text(row)
    return text if text.startswith("between") else f"depth {text}"


def comparison(rows: pd.DataFrame, level: str, reference: str, factor: str) -> str:
    """In how many settings a level's limit is deeper or shallower than the reference's, and the
    largest decided difference."""
    found = sides_by_interval(rows, 0.0)
    pair = f"{level} against {reference}" + " wide" * (factor == "width")
    text = (
        f"{pair}: the limit is deeper in {len(found.above)} of {plural(found.n, 'setting')}, shallower in {len(found.below)} and "
        f"undecided in {len(found.undecided)} (the interval of the difference includes 0; exploratory, not corrected"
        f"{found.no_interval})."
    )
    decided = pd.concat([found.above, found.below])
    if decided.empty:
        return text
    row, more = furthest(decided)
    others = tuple(name for name in SETTING if name != factor)
    bound = "" if row["range"] == "inside" else ", counted within the range"
    return f"{text} Largest difference: {estimate(row, signed=True)} layers with {setting(row, others)}{bound}{more}."


def limit_table(own: pd.DataFrame) -> Table:
    """The limit of every setting."""
    caption = (
        "Depth (hidden layers) at which half the seeds still learn, by a monotone fit, with its interval (conservative where "
        "learning stops from one depth to the next). Between: all that is known where depths run are far apart. Not monotone: "
        "P(learned) rises with depth by more than chance explains, so there is no one limit, and the interval is that of the "
        "nearest curve that never rises"
    )
    return cross_table(
        caption, own, ("width", "initializer", "optimizer"), "activation", limit_text
    )


def limit_text(row: Row) -> str:
    """A limit with its interval; the depths around it where none is near; that it lies beyond the
    depths studied."""
    if (
        row["fit"] == BETWEEN
        and row["range"] == "inside"
        and pd.notna(row["low"])
        and pd.notna(row["high"])
    ):
        return "between {} and {}".format(*(end.removesuffix(".0") for end in bounds(row)))
    return f"{alone(row)}{f', {RISING}' * (row['fit'] == RISING)}"


def alone(row: Row) -> str:
    """A limit with its interval, or where it lies beyond the depths studied."""
    if row["range"] != "inside":
        return (
            f"beyond {row['deepest']}" if row["range"] == "deeper" else f"below {row['shallowest']}"
        )
    if pd.notna(row["low"]) and pd.notna(row["high"]):
        return estimate(row)
    low, high = bounds(row)
    return f"{plain_number(row['value'])} [{low}, {high}]"


def bounds(row: Row) -> tuple[str, str]:
    """The ends of a limit's interval, which may lie beyond the depths studied."""
    low: str = f"below {row['shallowest']}" if pd.isna(row["low"]) else plain_number(row["low"])
    high: str = f"beyond {row['deepest']}" if pd.isna(row["high"]) else plain_number(row["high"])
    return low, high
