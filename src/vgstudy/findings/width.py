"""Do wider networks learn where narrower ones fail?"""

from vgstudy.findings.finding import Finding, Row, apart, estimate, extreme, reference_estimate, setting
from vgstudy.views.frames import Frames, chosen
from vgstudy.wording import plural

SETTING = ("activation", "initializer", "optimizer", "depth")


def width(frames: Frames) -> Finding | None:
    """P(learned) of the widest against the narrowest networks, decided where their intervals do not overlap."""
    widths = sorted(frames.study["factors"]["width"])
    rows = chosen(frames.estimates, quantity="p_learned")
    pairs = apart(rows, "width", widths[-1], widths[0], SETTING)
    if len(widths) < 2 or pairs.empty:
        return None
    higher, lower = pairs[pairs["sign"] > 0], pairs[pairs["sign"] < 0]
    undecided = len(pairs) - len(higher) - len(lower)
    headline = (
        f"{widths[-1]} against {widths[0]} wide: P(learned) is higher in {len(higher)} of {plural(len(pairs), 'setting')}, lower "
        f"in {len(lower)} and undecided in {undecided} (the two intervals overlap)."
    )
    decided = pairs[pairs["sign"] != 0]
    more = (widest_gap(extreme(decided, by="gap"), widths),) if len(decided) else ()
    return Finding("Width", headline, more, "learned-depth")


def widest_gap(row: Row, widths: list[int]) -> str:
    """The setting in which the two widths differ most."""
    ends = f"{estimate(row)} at width {widths[-1]} and {reference_estimate(row)} at width {widths[0]}"
    return f"They differ most with {setting(row, SETTING)}: {ends}."
