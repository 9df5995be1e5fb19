"""The estimates of every cell at the start and at the end of training, as one table."""

from vgstudy.figures.frames import Frames, chosen
from vgstudy.formatting import ABSENT, interval
from vgstudy.report.findings import Table
from vgstudy.schema import FACTORS

COLUMNS = {  # heading: quantity, whether at epoch 0
    "d of g, start": ("d_g", True),
    "d of δ, start": ("d_delta", True),
    "P(alive), start": ("p_alive", True),
    "d of g, end": ("d_g", False),
    "d of δ, end": ("d_delta", False),
    "P(alive), end": ("p_alive", False),
    "P(learned)": ("p_learned", False),
    "test accuracy": ("test_accuracy", False),
}


def cell_table(frames: Frames) -> Table:
    """A row for each cell: its levels, its seeds, and its estimates with intervals."""
    factors = list(FACTORS)
    cells = (
        frames.runs.groupby(["cell", *factors], observed=True)
        .size()
        .rename("seeds")
        .reset_index()
        .sort_values(factors)
    )
    texts = {heading: column_texts(frames, *which) for heading, which in COLUMNS.items()}
    columns = {
        heading: [column.get(cell, ABSENT) for cell in cells["cell"]]
        for heading, column in texts.items()
    }
    rows = cells[[*factors, "seeds"]].astype("str").assign(**columns)
    caption = "Every cell: decay factors per layer toward the input (d), shares of seeds (P) and test accuracy, with their intervals"
    return Table(
        caption, tuple(map(str, rows.columns)), tuple(rows.itertuples(index=False, name=None))
    )


def column_texts(frames: Frames, quantity: str, start: bool) -> dict[str, str]:
    """Estimates of one quantity as text by cell."""
    rows = chosen(frames.estimates, quantity=quantity, epoch=0 if start else frames.last_epoch)
    ends = zip(rows["value"], rows["low"], rows["high"], strict=True)
    return {cell: interval(*end) for cell, end in zip(rows["cell"], ends, strict=True)}
