"""Every run of the design accounted for, and where results differ from the plan."""

from collections.abc import Iterator, Mapping

from vgstudy.analysis.learning import STILL_FALLING
from vgstudy.analysis.power import families, too_small
from vgstudy.figures.frames import Frames, chosen
from vgstudy.figures.outcomes import MISSING, STATUSES, counted
from vgstudy.formatting import ABSENT, listing, number, percent, plural
from vgstudy.planning.study_cells import arm_cells
from vgstudy.quantities import QUANTITIES
from vgstudy.report.table import Table, estimate, frame_table, records
from vgstudy.schema import FACTORS

MEANINGS = (
    "Slow: not learned, but the training loss still falls: its mean over the second half of the "
    f"last fifth of training is more than {percent(STILL_FALLING)} below that over the first half. "
    "Stuck: neither; it may still learn if trained longer. Dead: a layer's whole gradient is "
    "exactly zero at the last epoch because every row meets a layer whose units are all off. "
    "Diverged: the loss became non-finite."
)
LEARNING: Mapping[str, str] = {
    "p_learned": "learned at the end",
    "p_ever_learned": "at any tested epoch",
    "learning_epochs": "mean epochs until then, at most those trained",
}
BETTER: Mapping[str, str] = {"test_accuracy": "at least", "train_loss": "at most"}
NO_DEVIATION = "No deviation from the plan."


def status_counts(frames: Frames) -> dict[str, int]:
    """Return the runs of the design by status; `missing` only if there are such."""
    totals = counted(frames, ["activation"])
    return {status: int(totals[status].sum()) for status in STATUSES if status in totals}


def counts_sentence(counts: Mapping[str, int]) -> str:
    """Say how many runs came to which end."""
    ends = (f"{count:,} {_ended(status, count)}" for status, count in counts.items())
    return f"Of {plural(sum(counts.values()), 'run')}, {listing(ends)}."


def _ended(status: str, count: int) -> str:
    if status in ("learned", "diverged"):
        return status
    verb = "is" if count == 1 else "are"
    return f"{verb} without a result" if status == MISSING else f"{verb} {status}"


def outcome_tables(frames: Frames) -> tuple[Table, ...]:
    """Return runs by status, and for each arm when its seeds learned, and how many did by other
    thresholds."""
    tables = (accounting_table(frames), learning_table(frames), threshold_table(frames))
    return tuple(table for table in tables if table.rows)


def accounting_table(frames: Frames) -> Table:
    """Return runs by activation, initializer, optimizer and width, and status."""
    by = ["activation", "initializer", "optimizer", "width"]
    counts = counted(frames, by)
    statuses = [status for status in STATUSES if status in counts]
    texts = counts[by].astype("str")
    texts["runs"] = counts[statuses].sum(axis=1).map("{:,}".format)
    for status in statuses:
        texts[status] = counts[status].map("{:,}".format)
    return frame_table("Runs by status", texts)


def learning_table(frames: Frames) -> Table:
    """Return for each arm how many seeds had learned at the end, how many ever, and when; without
    rows for a study without arms."""
    kept = chosen(frames.estimates, quantity=list(LEARNING), epoch=frames.last_epoch)
    estimates = {(row["cell"], row["quantity"]): estimate(row) for row in records(kept)}
    rows = tuple(
        (name, *(estimates.get((cell, quantity), ABSENT) for quantity in LEARNING))
        for cell, name in arm_cells(frames.study, frames.runs)
    )
    return Table("When seeds learned", ("network", *LEARNING.values()), rows)


def threshold_table(frames: Frames) -> Table:
    """Return for each arm the share of seeds that pass each threshold, of accuracy and of loss."""
    rows = []
    for cell, name in arm_cells(frames.study, frames.runs):
        for quantity, better in BETTER.items():
            some = chosen(frames.thresholds, cell=cell, quantity=quantity)
            levels = listing(number(each) for each in some["threshold"])
            outcome = f"{QUANTITIES[quantity].label} {better} {levels}"
            if len(some):
                rows.append((name, outcome, *some["value"].map(percent)))
    caption = "Share of seeds that learned, by the threshold"
    steps = ("half-way", "25 % on", "50 % on", "75 % on", "the reference's median")
    return Table(caption, ("network", "outcome", *steps), tuple(rows))


def deviations(frames: Frames) -> tuple[str, ...]:
    """Return a sentence for each way in which results differ from the plan, or that none does."""
    sentences = (
        *missing_runs(frames),
        *missing_contrasts(frames),
        *few_seeds(frames),
        *one_layer(frames),
    )
    return sentences or (NO_DEVIATION,)


def missing_runs(frames: Frames) -> Iterator[str]:
    """Say how many runs of the design have no result, and in how many cells."""
    counts = counted(frames, list(FACTORS))
    if MISSING in counts:
        incomplete = counts[counts[MISSING] > 0]
        runs = plural(int(incomplete[MISSING].sum()), "planned run")
        cells = plural(len(incomplete), "cell")
        yield f"No result of {runs} in {cells}; intervals are of the others."


def one_layer(frames: Frames) -> Iterator[str]:
    """Say what a study of networks of one layer cannot show."""
    if len(frames.runs) and frames.runs["depth"].astype(int).max() == 1:
        yield (
            "Networks of one hidden layer have only the output's pair of layers: nothing is said "
            "of how a signal decays from layer to layer."
        )


def few_seeds(frames: Frames) -> Iterator[str]:
    """Say which declared contrasts no outcome could have decided."""
    study, cells = frames.study, frames.runs[list(FACTORS)].drop_duplicates()
    levels = cells.itertuples(index=False, name=None)
    for family in families(levels, len(study["seeds"]), study["contrasts"]):
        if family.too_small:
            yield f"Too few seeds: {too_small(family)}."


def missing_contrasts(frames: Frames) -> Iterator[str]:
    """Say which declared contrasts have nothing to compare."""
    declared = dict.fromkeys(contrast["factor"] for contrast in frames.study["contrasts"])
    valued = {"depth", *frames.pooled["factor"].astype(str)}
    missing = [factor for factor in declared if factor not in valued]
    if missing:
        yield (
            f"No estimate of the declared contrasts in {listing(missing)}: no two cells that "
            "differ in it alone have values."
        )
