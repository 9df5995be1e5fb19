"""Tables of all cells, excluded seeds, log-linearity, depth limits and variance."""

from collections.abc import Mapping

from vgstudy.analysis.estimates import SINGLE_ZEROS
from vgstudy.figures.frames import Frames, chosen
from vgstudy.formatting import ABSENT, interval
from vgstudy.report.estimate_text import estimate, records
from vgstudy.report.table import ESTIMATE, Table, column_table, frame_table
from vgstudy.schema import FACTORS, ZERO_CAUSES

CELL_COLUMNS = {  # heading: quantity, whether at epoch 0
    "d of g, start": ("d_g", True),
    "d of δ, start": ("d_delta", True),
    "P(alive), start": ("p_alive", True),
    "d of g, end": ("d_g", False),
    "d of δ, end": ("d_delta", False),
    "P(alive), end": ("p_alive", False),
    "P(learned)": ("p_learned", False),
    "test accuracy": ("test_accuracy", False),
}
ALIVE = "p_alive"
FLOAT32_ZEROS: Mapping[str, str] = {
    f"p_zero_float32_{cause}": f"zero in float32: {cause}" for cause in SINGLE_ZEROS
}
SURVIVAL: Mapping[str, str] = {
    ALIVE: "P(alive)",
    **{f"p_zero_{cause.replace(' ', '_')}": f"zero: {cause}" for cause in ZERO_CAUSES[1:]},
    **FLOAT32_ZEROS,
    "p_dead": "P(dead)",
    "p_diverged": "P(diverged)",
    "p_learned": "P(learned)",
}
LIMIT_COLUMNS = (
    *("width", "activation", "initializer", "optimizer", "factor", "reference"),
    *("value", "low", "high", "range", "fit", "misfit", "n"),
)


def cell_table(frames: Frames) -> Table:
    """Return a row for each cell: its levels, its seeds, and its estimates with intervals."""
    factors = list(FACTORS)
    by_cell = frames.runs.groupby(["cell", *factors], observed=True).size()
    cells = by_cell.rename("seeds").reset_index().sort_values(factors)
    texts = cells[[*factors, "seeds"]].astype("str")
    for heading, (quantity, start) in CELL_COLUMNS.items():
        entries = column_texts(frames, quantity, start)
        texts[heading] = [entries.get(cell, ABSENT) for cell in cells["cell"]]
    caption = (
        "Every cell: decay factors per layer toward the input (d), shares of seeds (P) and test "
        "accuracy, with their intervals"
    )
    return frame_table(caption, texts)


def column_texts(frames: Frames, quantity: str, start: bool) -> dict[str, str]:
    """Return the estimates of one quantity as text by cell, at epoch 0 or at the last one."""
    rows = chosen(frames.estimates, quantity=quantity, epoch=0 if start else frames.last_epoch)
    ends = zip(rows["value"], rows["low"], rows["high"], strict=True)
    return {cell: interval(*end) for cell, end in zip(rows["cell"], ends, strict=True)}


def robustness_tables(frames: Frames) -> tuple[Table, ...]:
    """Return the tables that have rows."""
    factor = frames.limits["factor"].astype("object").fillna("of the setting")
    tables = (
        survivors(frames),
        column_table(
            "Curvature of log RMS over the layers at epoch 0: 0 if one factor per layer fits "
            "(p by Holm)",
            frames.linearity,
            (*FACTORS, "quantity", ESTIMATE, "p_adjusted", "curvature_ratio", "n", "n_alive"),
        ),
        column_table(
            "Depth limits and their differences: depths at which half the seeds still learn",
            frames.limits.assign(factor=factor),
            LIMIT_COLUMNS,
        ),
        column_table(
            "Shares of variance over runs, every quantity and epoch",
            frames.variances,
            ("quantity", "epoch", "source", ESTIMATE, "df", "n_cells", "n"),
        ),
    )
    return tuple(table for table in tables if table.rows)


def survivors(frames: Frames) -> Table:
    """Return the cells in which some seeds have no decay factor or a float32 zero, and why."""
    epochs = [0, frames.last_epoch]
    decays = chosen(frames.estimates, quantity="d_delta", epoch=epochs)
    shares = chosen(frames.estimates, quantity=list(SURVIVAL), epoch=epochs)
    some_dead = (shares["quantity"] == ALIVE) & (shares["value"] < 1)
    some_zero = shares["quantity"].isin(FLOAT32_ZEROS) & (shares["value"] > 0)
    incomplete = shares[some_dead | some_zero][["cell", "epoch"]].drop_duplicates()
    rows = shares.merge(incomplete, on=["cell", "epoch"])
    largest = rows.groupby("quantity")["value"].max()
    rows = rows[rows["quantity"].map(largest) > 0]
    rows = rows.assign(text=[estimate(row) for row in records(rows)])
    index = [*FACTORS, "epoch", "cell"]
    wide = rows.pivot(index=index, columns="quantity", values="text").reset_index()
    wide = wide.sort_values([*FACTORS, "epoch"])
    wide = wide.merge(decays[["cell", "epoch", "n", "n_alive"]], on=["cell", "epoch"], how="left")
    alive = "seeds in the decay factor of δ"
    wide = wide.rename(columns={**SURVIVAL, "n_alive": alive, "n": "seeds"})
    causes = (name for name in SURVIVAL.values() if name in wide)
    caption = (
        "Survivors: cells in which the whole gradient of some layer is zero or not finite for some "
        "seeds, so that decay factors are of the others alone, or zero in float32 alone, which "
        "leaves no seed out; why, and for how many seeds"
    )
    return column_table(caption, wide, (*FACTORS, "epoch", *causes, "seeds", alive))
