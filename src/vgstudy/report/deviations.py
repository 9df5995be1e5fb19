"""Where a study's results are not what its file planned."""

from collections.abc import Iterator

from vgstudy.figures.frames import Frames
from vgstudy.figures.outcomes import MISSING, counted
from vgstudy.formatting import listing, plural
from vgstudy.schema import FACTORS


def deviations(frames: Frames) -> tuple[str, ...]:
    """A sentence for each way in which results differ from the plan, or one that says that none
    does."""
    found = tuple(filter(None, (*missing(frames), *uncompared(frames))))
    return found or (
        "There are none: every planned run has a result, and every declared contrast compares cells.",
    )


def missing(frames: Frames) -> Iterator[str]:
    """How many runs of the design have no result, and in how many cells."""
    counts = counted(frames, list(FACTORS))
    if MISSING in counts and (lost := counts[counts[MISSING] > 0])[MISSING].sum():
        runs = plural(int(lost[MISSING].sum()), "planned run")
        yield f"No result of {runs} in {plural(len(lost), 'cell')}; intervals are of the others."


def uncompared(frames: Frames) -> Iterator[str]:
    """Which declared contrasts have no estimate."""
    declared = dict.fromkeys(contrast["factor"] for contrast in frames.study["contrasts"])
    valued = set(frames.contrasts[frames.contrasts["value"].notna()]["factor"].astype(str))
    if lost := [factor for factor in declared if factor not in valued]:
        yield f"No estimate of the declared contrasts in {listing(lost)}: no two cells that differ in it alone have values."
