"""Down to which depth does training still succeed?"""

from collections.abc import Iterable

import pandas as pd

from vgstudy.findings.finding import (
    Finding,
    Row,
    Table,
    cross_table,
    estimate,
    extreme,
    plain_number,
    records,
    setting,
    sides_by_interval,
)
from vgstudy.views.frames import Frames
from vgstudy.wording import plural

SETTING = ("activation", "initializer", "optimizer", "width")
NEAR = 2  # layers between neighbouring depths up to which a limit in between is told; deeper, half of the depth


def limit(frames: Frames) -> Finding | None:
    """The depth at which half the seeds still learn, in every setting, and its declared comparisons."""
    own = own_limits(frames)
    if own.empty:
        return None
    headline = f"{counts(own)} {extremes(own)}".strip()
    compared = frames.limits[frames.limits["factor"].notna()]
    more = tuple(
        comparison(rows, str(level), str(reference), str(factor))
        for factor, same in compared.groupby("factor", sort=False)
        for (reference, level), rows in same.groupby(["reference", str(factor)], sort=False, observed=True)
    )
    return Finding("Depth limit", headline, more, "depth-limit", (limit_table(own),))


def own_limits(frames: Frames) -> pd.DataFrame:
    """The limits of settings; `between` holds the depths run on either side of a limit that lies far from both, as text."""
    own = frames.limits[frames.limits["factor"].isna()]
    depths: dict[tuple[str, ...], set[int]] = {}
    for row in frames.runs[[*SETTING, "depth"]].drop_duplicates().itertuples(index=False):
        depths.setdefault(tuple(map(str, row[:-1])), set()).add(int(row[-1]))
    keys = [tuple(str(row[name]) for name in SETTING) for row in records(own)]
    texts = [bracket(depths.get(key, set()), value) for key, value in zip(keys, own["value"], strict=True)]
    return own.assign(between=pd.Series(texts, own.index, dtype="str"))


def bracket(depths: Iterable[int], value: float) -> str:
    """The neighbouring depths of a limit where they are too far apart for a limit in between; empty where they are near."""
    below, above = [d for d in depths if d <= value], [d for d in depths if d > value]
    if not below or not above or min(above) - max(below) <= max(NEAR, max(below) / 2):
        return ""
    return f"between {max(below)} and {min(above)}"


def counts(own: pd.DataFrame) -> str:
    """In how many settings the limit lies inside the range of depths, or beyond it."""
    inside, deeper, shallower = (int((own["range"] == name).sum()) for name in ("inside", "deeper", "shallower"))
    beyond = ((deeper, "even in the deepest networks"), (shallower, "not even in the shallowest"))
    rest = "".join(f"; in {count} {where}" for count, where in beyond if count)
    settings = plural(len(own), "setting")
    return f"Half of the seeds still learn down to a depth inside the range studied in {inside} of {settings}{rest}."


def extremes(own: pd.DataFrame) -> str:
    """The shallowest and the deepest limit inside the range."""
    inside = own[own["range"] == "inside"]
    if inside.empty:
        return ""
    first, last = extreme(inside, largest=False), extreme(inside)
    text = f"Shallowest limit: {placed(first)} with {setting(first, SETTING)}"
    return f"{text}; deepest: {placed(last)} with {setting(last, SETTING)}." if len(inside) > 1 else f"{text}."


def placed(row: Row) -> str:
    """A limit in a sentence."""
    return f"{'' if row['between'] else 'depth '}{limit_text(row)}"


def comparison(rows: pd.DataFrame, level: str, reference: str, factor: str) -> str:
    """In how many settings a level's limit is deeper or shallower than the reference's, and the largest decided difference."""
    found = sides_by_interval(rows, 0.0)
    pair = f"{level} against {reference}" + " wide" * (factor == "width")
    text = (
        f"{pair}: the limit is deeper in {len(found.above)} of {plural(found.n, 'setting')}, shallower in {len(found.below)} and "
        f"undecided in {len(found.undecided)} (the interval of the difference includes 0; exploratory, not corrected)."
    )
    decided = pd.concat([found.above, found.below])
    if decided.empty:
        return text
    row = extreme(decided.assign(size=decided["value"].abs()), by="size")
    others = tuple(name for name in SETTING if name != factor)
    bound = "" if row["range"] == "inside" else ", counted within the range"
    return f"{text} Largest difference: {estimate(row, signed=True)} layers with {setting(row, others)}{bound}."


def limit_table(own: pd.DataFrame) -> Table:
    """The limit of every setting."""
    caption = (
        "Depth (hidden layers) at which half the seeds still learn, by a monotone fit, with its interval (conservative where "
        "learning stops from one depth to the next)"
    )
    return cross_table(caption, own, ("width", "initializer", "optimizer"), "activation", limit_text)


def limit_text(row: Row) -> str:
    """A limit with its interval; the depths around it where none is near; that it lies beyond the depths studied."""
    beyond = {"deeper": f"beyond {row['deepest']}", "shallower": f"below {row['shallowest']}"}
    if row["range"] != "inside":
        return beyond[row["range"]]
    if row["between"]:
        return str(row["between"])
    if pd.notna(row["low"]) and pd.notna(row["high"]):
        return estimate(row)
    low = plain_number(row["low"]) if pd.notna(row["low"]) else beyond["shallower"]
    high = plain_number(row["high"]) if pd.notna(row["high"]) else beyond["deeper"]
    return f"{plain_number(row['value'])} [{low}, {high}]"
