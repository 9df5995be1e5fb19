"""The finished tables that the page shows folded, one for each topic; all rows are in the CSV files
next to the page."""

import pandas as pd

from vgstudy.figures.frames import REFERENCE_DEPTH, Frames, at_depths, chosen, first_optimizer_only
from vgstudy.formatting import ANSWERS, percent
from vgstudy.quantities import SIGNAL_CLASSES
from vgstudy.report.comparisons import comparison_table
from vgstudy.report.table import ESTIMATE, Table, column_table
from vgstudy.schema import FACTORS
from vgstudy.store.records import read_record

LARGE = 200  # rows from which a table of networks is shown at one depth
BEFORE = ["d_delta", "d_g"]
AFTER = ["p_learned", "test_accuracy"]
SIGNALS = [f"p_signal_{name}" for name in SIGNAL_CLASSES]
DATED = "computed once for this version of the package, on {date}"


def result_tables(frames: Frames) -> tuple[Table, ...]:
    """Return estimates, comparisons, depth limits and variance."""
    first_last = [0, frames.last_epoch]
    estimates = pd.concat(
        [
            chosen(frames.estimates, quantity=BEFORE, epoch=0),
            chosen(frames.estimates, quantity=AFTER, epoch=frames.last_epoch),
        ]
    )
    tables = (
        network_table(
            "Estimates of each network",
            estimates,
            (*FACTORS, "quantity", ESTIMATE, "n_alive", "n"),
        ),
        network_table(
            "Factor of δ from each layer to the next (the last is the output's)",
            first_optimizer_only(chosen(frames.layer_decays, quantity="d_delta", epoch=0)),
            (*FACTORS, "layer", ESTIMATE, "n_alive", "n"),
        ),
        comparison_table(frames),
        column_table(
            "Two changes made at once: differences of shares that learn, mean over depths",
            frames.two_by_two[frames.two_by_two["depth"].isna()],
            (*FACTORS[1:], "effect", "change", ESTIMATE, "depths", "n"),
        ),
        column_table(
            "Each network at its best learning rate: share of seeds that learned",
            frames.best_rates,
            (*FACTORS, ESTIMATE, "n", "chosen_on", "at_one", "area", "area_bound"),
        ),
        column_table(
            "Differences of shares that learned, seed by seed, at best learning rates",
            frames.paired,
            (*FACTORS, "reference", "reference_rate", ESTIMATE, "cured", "harmed", "n"),
        ),
        column_table("Depth limits", frames.limits, (*FACTORS[1:], ESTIMATE, "range", "fit", "n")),
        column_table(
            "Shares of variance over runs",
            chosen(frames.variances, epoch=first_last),
            ("quantity", "epoch", "source", ESTIMATE, "df", "n"),
        ),
    )
    return tuple(table for table in tables if table.rows)


def robustness_tables(frames: Frames) -> tuple[Table, ...]:
    """Return why gradients are zero, and where one factor per layer does not fit."""
    zeros = frames.estimates["quantity"].astype(str).str.startswith("p_zero")
    rows = frames.estimates[zeros & (frames.estimates["value"] > 0)]
    signals = chosen(frames.estimates, epoch=0, quantity=SIGNALS)
    tables = (
        network_table(
            "Zero gradients by cause",
            chosen(rows, epoch=[0, frames.last_epoch]),
            (*FACTORS, "epoch", "quantity", ESTIMATE, "n"),
        ),
        network_table(
            "Where one factor per layer does not fit",
            chosen(frames.estimates, quantity=BEFORE, epoch=0, fit="does not fit"),
            (*FACTORS, "quantity", ESTIMATE, "n_alive", "n"),
        ),
        network_table(
            "Signals lost or grown more than tenfold before training",
            signals[(signals["value"] > 0) & (signals["quantity"] != "p_signal_kept")],
            (*FACTORS, "quantity", ESTIMATE, "n"),
        ),
    )
    return tuple(table for table in tables if table.rows)


def network_table(caption: str, rows: pd.DataFrame, columns: tuple[str, ...]) -> Table:
    """Return a table of networks, sorted by their levels; of very many, those of one depth."""
    if len(rows) > LARGE:
        rows = at_depths(rows, [REFERENCE_DEPTH])
        caption = f"{caption}; depth {rows['depth'].iloc[0]}, other depths in the CSV file"
    return column_table(caption, rows.sort_values(list(FACTORS), kind="stable"), columns)


def validation_tables() -> tuple[Table, ...]:
    """Return published numbers next to ours, and how often every interval holds the truth."""
    published, coverage = read_record("published"), read_record("coverage")
    numbers = pd.DataFrame(published.rows)
    agree = [ANSWERS[row["agrees"]] for row in published.rows]
    shares = pd.DataFrame(coverage.rows).rename(columns={"coverage": "value"})
    nominal = shares["nominal"].map(percent)
    return (
        column_table(
            f"Published numbers recomputed by this package; {DATED}".format(**published.provenance),
            numbers.assign(agree=agree).sort_values("agree", kind="stable"),
            ("source", "quantity", "setup", "published", "ours", "agree", "rule", "note"),
        ),
        column_table(
            f"How often intervals hold a known truth; {DATED}".format(**coverage.provenance),
            shares.assign(nominal=nominal).rename(columns={"n": "seeds"}),
            ("procedure", "role", "label", "truth", "nominal", "seeds", ESTIMATE),
        ),
    )
