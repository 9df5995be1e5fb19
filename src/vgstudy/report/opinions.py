"""Tables of what stands beside an estimate: other intervals for the same value, one more seed, how
seeds are spread."""

from collections.abc import Iterator, Mapping

import pandas as pd

from vgstudy.analysis.robust import TWO_MODES
from vgstudy.figures.frames import Frames, chosen, untrained
from vgstudy.figures.profiles import at_depths
from vgstudy.formatting import interval, number
from vgstudy.report.finding import estimate, records
from vgstudy.report.findings import Table
from vgstudy.schema import FACTORS

DEPTHS = [5, 10, 20]
SHARES = {"d_delta": "p_vanishing_delta", "test_accuracy": "p_learned"}
Row = Mapping[str, object]


def second_opinions(frames: Frames) -> Table:
    """The decay factor of δ at epoch 0 by t, without its extreme seeds and by bootstrap, and where
    one more seed falls."""
    rows = untrained(chosen(frames.estimates, quantity="d_delta", epoch=0))
    rows = at_depths(rows[rows["low"].notna()], DEPTHS)
    caption = (
        "Second opinions on the decay factor of δ before training: 20 % trimmed mean, a second interval for the mean (BCa from "
        "20 seeds on), and where one more seed falls (95 % prediction interval, approximate below 30 seeds)"
    )
    factors = tuple(name for name in FACTORS if name != "optimizer")
    head = (
        *factors,
        "t on log",
        "trimmed",
        "second interval",
        "how",
        "one more seed",
        "n",
        "n alive",
    )
    return Table(
        caption,
        head,
        tuple(_opinions(row, factors) for row in records(rows.sort_values(list(factors)))),
    )


def _opinions(row: Row, factors: tuple[str, ...]) -> tuple[str, ...]:
    levels = (str(row[name]) for name in factors)
    second = interval(_float(row, "value"), _float(row, "check_low"), _float(row, "check_high"))
    trimmed = interval(
        _float(row, "trimmed"), _float(row, "trimmed_low"), _float(row, "trimmed_high")
    )
    seed = f"{number(_float(row, 'seed_low'))} to {number(_float(row, 'seed_high'))}"
    return (
        *levels,
        estimate(row),
        trimmed,
        second,
        str(row["check"]),
        seed,
        str(row["n"]),
        str(row["n_alive"]),
    )


def not_one_mode(frames: Frames) -> Table:
    """Cells whose seeds may have two modes, where quantiles and a share say more than a mean."""
    last = frames.last_epoch
    parts = [
        chosen(frames.estimates, quantity=name, epoch=0 if name == "d_delta" else last)
        for name in SHARES
    ]
    rows = pd.concat(parts)
    rows = rows[rows["bimodality"] > TWO_MODES].sort_values(["quantity", *FACTORS])
    caption = (
        "Seeds that may have two modes (Sarle's coefficient above 5/9; with few seeds a hint at most): quantiles over seeds, and "
        "the share of seeds with a decay factor below 1/1.05, or that learned"
    )
    head = (
        *FACTORS,
        "quantity",
        "mean",
        "10 %",
        "median",
        "90 %",
        "coefficient",
        "share of seeds",
        "n alive",
    )
    return Table(caption, head, tuple(_modes(rows, frames.estimates)))


def _modes(rows: pd.DataFrame, estimates: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    shares = {
        (row["cell"], row["quantity"], row["epoch"]): row
        for row in records(
            chosen(estimates, quantity=list(SHARES.values()), cell=list(rows["cell"]))
        )
    }
    for row in records(rows):
        share = shares.get((row["cell"], SHARES[str(row["quantity"])], row["epoch"]))
        spread = (number(_float(row, name)) for name in ("q10", "median", "q90", "bimodality"))
        beside = "" if share is None else estimate(share)
        yield (
            *(str(row[name]) for name in FACTORS),
            str(row["quantity"]),
            estimate(row),
            *spread,
            beside,
            str(row["n_alive"]),
        )


def _float(row: Row, name: str) -> float | None:
    value = row[name]
    return float(value) if isinstance(value, float | int) else None
