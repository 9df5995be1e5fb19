"""Tables to judge the numbers by: who was left out, whether one factor per layer fits, every limit, every share of variance."""

from collections.abc import Mapping, Sequence

import pandas as pd

from vgstudy.findings import Table
from vgstudy.findings.finding import estimate, records
from vgstudy.report.sensitivity import not_one_mode, second_opinions
from vgstudy.schema import FACTORS
from vgstudy.views.frames import Frames, chosen
from vgstudy.wording import ABSENT, number

ESTIMATE = "estimate [interval]"
SURVIVAL: Mapping[str, str] = {"p_alive": "P(alive)", "p_dead": "P(dead)", "p_diverged": "P(diverged)", "p_learned": "P(learned)"}


def trust_tables(frames: Frames) -> tuple[Table, ...]:
    """The tables that have rows, in the order in which a reader doubts."""
    limits = frames.limits.assign(factor=frames.limits["factor"].astype("object").fillna("own limit"))
    tables = (
        survivors(frames),
        second_opinions(frames),
        not_one_mode(frames),
        shown(
            "Curvature of log RMS over the layers at epoch 0: 0 if one factor per layer fits (p by Holm)",
            frames.linearity,
            (*FACTORS, "quantity", ESTIMATE, "p_adjusted", "bend", "n", "n_alive"),
        ),
        shown(
            "Depth limits and their differences: depths at which half the seeds still learn",
            limits,
            (
                "width",
                "activation",
                "initializer",
                "optimizer",
                "factor",
                "reference",
                "value",
                "low",
                "high",
                "range",
                "misfit",
                "n",
            ),
        ),
        shown(
            "Shares of variance over runs, every quantity and epoch",
            frames.variances,
            ("quantity", "epoch", "source", ESTIMATE, "freedom", "n_cells", "n"),
        ),
    )
    return tuple(table for table in tables if table.rows)


def survivors(frames: Frames) -> Table:
    """Cells in which some seeds have no decay factor at the start or at the end, and what became of the seeds."""
    epochs = [0, frames.last_epoch]
    decays = chosen(frames.estimates, quantity="d_delta", epoch=epochs)
    shares = chosen(frames.estimates, quantity=list(SURVIVAL), epoch=epochs)
    failing = shares[(shares["quantity"] == "p_alive") & (shares["value"] < 1)][["cell", "epoch"]]
    rows = shares.merge(failing, on=["cell", "epoch"]).assign(text=lambda frame: [estimate(row) for row in records(frame)])
    wide = rows.pivot(index=[*FACTORS, "epoch", "cell"], columns="quantity", values="text").reset_index()
    wide = wide.merge(decays[["cell", "epoch", "n", "n_alive"]], on=["cell", "epoch"], how="left")
    wide = wide.rename(columns={**SURVIVAL, "n_alive": "seeds in the decay factor of δ", "n": "seeds"})
    return shown(
        "Survivors: cells in which some seed's gradient is zero or not finite, so that decay factors are of the others alone",
        wide,
        (*FACTORS, "epoch", *(name for name in SURVIVAL.values() if name in wide), "seeds", "seeds in the decay factor of δ"),
    )


def shown(caption: str, frame: pd.DataFrame, columns: Sequence[str]) -> Table:
    """Some columns of any table as texts; ESTIMATE stands for value, low and high together."""
    rows = (tuple(_text(row, name) for name in columns) for row in records(frame))
    return Table(caption, tuple(name.replace("_", " ") for name in columns), tuple(rows))


def _text(row: Mapping[str, object], name: str) -> str:
    if name == ESTIMATE:
        return estimate(row)
    value = row[name]
    if isinstance(value, float):
        return number(value, 0 if value.is_integer() else None)
    return ABSENT if value is None or value is pd.NA else str(value)
