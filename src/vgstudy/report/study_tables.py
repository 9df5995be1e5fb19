"""The finished tables that the page shows folded, one for each topic; all rows are in the CSV files
next to the page; and what the tests over all depths say, in sentences."""

from math import isfinite

import pandas as pd

from vgstudy.analysis.contrasts import HOLM
from vgstudy.figures.comparisons import CHANGES, DECIDED, UNDECIDED, outcome
from vgstudy.figures.frames import REFERENCE_DEPTH, Frames, at_depths, chosen, first_optimizer_only
from vgstudy.formatting import ANSWERS, interval, level_text, number, percent
from vgstudy.quantities import SIGNAL_CLASSES
from vgstudy.report.fresh_tests import FRESH, key, tests_again
from vgstudy.report.table import (
    DIFFERENCE,
    ESTIMATE,
    SHARE,
    Row,
    Table,
    column_table,
    records,
)
from vgstudy.schema import FACTORS
from vgstudy.store.records import read_record

BOUNDS = {"exact": "", "at least": "≥ ", "at most": "≤ ", "unknown": ""}
COLUMNS = (
    *FACTORS[1:],
    "reference",
    *("odds ratio [interval]", "p_adjusted", "p_depth_adjusted", "limit difference [interval]"),
    *("learned", "n", "learned_reference", "n_reference"),
)
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
            (*FACTORS[1:], "effect", "change", DIFFERENCE, "depths", "n"),
        ),
        column_table(
            "Each network at its best learning rate: share of seeds that learned",
            frames.best_rates,
            (*FACTORS, SHARE, "n", "chosen_on", "at_one", "area", "area_bound"),
        ),
        column_table(
            "Differences of shares that learned, seed by seed, at best learning rates",
            frames.paired,
            (*FACTORS, "reference", "reference_rate", DIFFERENCE, "cured", "harmed", "n"),
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
            "Seeds whose signal is lost or grown tenfold in some hidden layer before training",
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


def comparison_sentences(frames: Frames) -> tuple[str, ...]:
    """Return a sentence for each two levels of a declared contrast, and one on fresh seeds if its
    tests were made again."""
    by_pair = _counts_by_pair(chosen(frames.pooled, correction=HOLM))
    again = _counts_by_pair(tests_again(frames))
    on_fresh_seeds = {pair: f" On seeds {FRESH}: {text}" for pair, text in again.items()}
    return tuple(f"{pair}: {text}{on_fresh_seeds.get(pair, '')}" for pair, text in by_pair.items())


def _counts_by_pair(rows: pd.DataFrame) -> dict[str, str]:
    """Count outcomes of tests by level and reference, such as ``He against Xavier``."""
    pairs = [
        f"{level_text(row['factor'], row[row['factor']])} against "
        f"{level_text(row['factor'], row['reference'])}"
        for row in records(rows)
    ]
    groups = rows.assign(pair=pairs).groupby("pair", sort=False)
    return {str(pair): _counts(some) for pair, some in groups}


def _counts(rows: pd.DataFrame) -> str:
    """Count the settings in which the level learns more often, or less often."""
    outcomes, more = outcome(rows), rows["value"] > 1
    counts = {
        "more often": int(((outcomes == DECIDED) & more).sum()),
        "less often": int(((outcomes == DECIDED) & ~more).sum()),
        **{name: int((outcomes == name).sum()) for name in (CHANGES, UNDECIDED)},
    }
    first, *others = (f"{name} in {count}" for name, count in counts.items())
    settings = "setting" if len(rows) == 1 else "settings"
    return f"{first} of {len(rows)} {settings}, {', '.join(others)}."


def comparison_table(frames: Frames) -> Table:
    """Return the odds ratio of each setting, its tests, and the difference of depth limits."""
    rows, again = frames.pooled, tests_again(frames)
    texts = [(_odds(row), _limits(row)) for row in records(rows)]
    columns = ["odds ratio [interval]", "limit difference [interval]"]
    joined = rows.join(pd.DataFrame(texts, rows.index, columns))
    fresh = [f"odds ratio, seeds {FRESH}", f"p, seeds {FRESH}"] if len(again) else []
    if fresh:
        values = {key(row): (_odds(row), row["p_adjusted"]) for row in records(again)}
        found = [values.get(key(row), (None, None)) for row in records(rows)]
        joined = joined.join(pd.DataFrame(found, rows.index, fresh))
    shown = (*COLUMNS, *fresh)
    return column_table("Levels compared over all depths (p by Holm)", joined, shown)


def _odds(row: Row) -> str:
    """Return an odds ratio with its interval; either may be infinite."""
    numbers = [row[name] for name in ("value", "low", "high")]
    if all(map(isfinite, numbers)):
        return interval(*numbers)
    value, low, high = (
        "∞" if x == float("inf") else number(x, 0 if x == 0 else None) for x in numbers
    )
    return f"{value} [{low}, {high}]"


def _limits(row: Row) -> str:
    """Return a difference of depth limits, as a bound where a limit is beyond the depths run."""
    value, low, high = (row[f"limit_{name}"] for name in ("difference", "low", "high"))
    return BOUNDS[row["limit_bound"]] + interval(value, low, high, signed=True)
