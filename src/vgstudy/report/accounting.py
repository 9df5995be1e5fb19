"""Every run of the design accounted for."""

from collections.abc import Mapping

from vgstudy.figures.frames import Frames
from vgstudy.figures.outcomes import MISSING, STATUSES, counted
from vgstudy.formatting import listing, plural
from vgstudy.report.findings import Table

WORDS: Mapping[str, str] = {
    "learned": "learned",
    "not learned": "did not learn",
    "dead": "ended with a dead gradient",
    "diverged": "diverged",
    MISSING: "have no result",
}


def status_counts(frames: Frames) -> dict[str, int]:
    """Runs of the design by status; `missing` only if there are such."""
    totals = counted(frames, ["activation"])
    return {status: int(totals[status].sum()) for status in STATUSES if status in totals}


def accounting_sentence(frames: Frames) -> str:
    """How many runs of the design came to which end."""
    return counts_sentence(status_counts(frames))


def counts_sentence(counts: Mapping[str, int]) -> str:
    """Runs by status in a sentence."""
    return f"Of {plural(sum(counts.values()), 'run')}, {listing(f'{count:,} {WORDS[status]}' for status, count in counts.items())}."


def accounting_table(frames: Frames) -> Table:
    """Runs by activation, initializer, optimizer and width, and status."""
    by = ["activation", "initializer", "optimizer", "width"]
    counts = counted(frames, by)
    statuses = [status for status in STATUSES if status in counts]
    total = counts[statuses].sum(axis=1)
    rows = (
        counts[by]
        .astype("str")
        .assign(
            runs=total.map("{:,}".format), **{s: counts[s].map("{:,}".format) for s in statuses}
        )
    )
    return Table(
        "Runs by status",
        tuple(map(str, rows.columns)),
        tuple(rows.itertuples(index=False, name=None)),
    )
