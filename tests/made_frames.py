"""Frames of a made-up study for tests of pictures, captions and sentences: rows by hand, columns as
the tables have them."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from synthetic import study
from vgstudy.analysis.design import plain
from vgstudy.figures.frames import Frames, leveled
from vgstudy.schema import FACTORS, arrow_schema

NAMED = {"activation": "tanh", "initializer": "Xavier", "optimizer": "SGD", "depth": 10, "width": 5}
ESTIMATE = {
    "epoch": 0,
    "method": "t on log",
    "confidence": 0.95,
    "n": 10,
    "n_alive": 10,
    "n_failed": 0,
    "low": None,
    "high": None,
}
CONTRAST = {
    "n_reference": 10,
    "n_alive_reference": 10,
    "level": "",
    "reference_level": "",
    "factor": "",
    "p": None,
}

Rows = Iterable[Mapping[str, Any]]


def cell(row: Mapping[str, Any]) -> str:
    """An id that says the levels."""
    return "-".join(str(row[factor]) for factor in FACTORS)


def made_frames(
    estimates: Rows = (),
    profiles: Rows = (),
    trajectories: Rows = (),
    contrasts: Rows = (),
    outcomes: Rows = (),
    missing: Rows = (),
    linearity: Rows = (),
    limits: Rows = (),
    variances: Rows = (),
    overlays: Rows = (),
    resolved: Mapping[str, Any] | None = None,
) -> Frames:
    """Frames with these rows; what a row does not say is as in NAMED and ESTIMATE.

    `missing` are runs of the design without an outcome. `resolved` is the study, by default
    `synthetic.study()`.
    """
    resolved = resolved or study()
    tables = {
        "estimates": [{**NAMED, **ESTIMATE, **row} for row in estimates],
        "trajectories": [{**NAMED, **ESTIMATE, "method": "t", **row} for row in trajectories],
        "profiles": [{**NAMED, **ESTIMATE, "layer": 1, **row} for row in profiles],
        "contrasts": [{**NAMED, **ESTIMATE, **CONTRAST, **row} for row in contrasts],
        "linearity": [{**NAMED, **ESTIMATE, **row} for row in linearity],
        "arms": [],
        "overlays": [
            {**NAMED, **ESTIMATE, "basis": "asymptotic", "source": "a paper", **row}
            for row in overlays
        ],
        "outcomes": [{**NAMED, "seed": 0, "test_accuracy": 0.8, **row} for row in outcomes],
    }
    runs = [*tables["outcomes"], *({**NAMED, "seed": 0, **row} for row in missing)]
    made = {name: frame(name, rows, resolved) for name, rows in tables.items()}
    rows_of = {"limits": limits, "variances": variances, "prediction": []}
    whole = {
        name: pd.DataFrame(rows, columns=arrow_schema(name).names) for name, rows in rows_of.items()
    }
    whole["limits"] = leveled(
        whole["limits"].astype({"value": "float64", "low": "float64", "high": "float64"}), resolved
    )
    return Frames(resolved, frame("runs", runs, resolved), **made, **whole)


def frame(name: str, rows: list[dict[str, Any]], resolved: Mapping[str, Any]) -> pd.DataFrame:
    """Rows as a frame with the table's columns, the factors and the levels compared."""
    columns = list(
        dict.fromkeys(
            [
                *arrow_schema(name).names,
                *FACTORS,
                *(("level", "reference_level") * (name == "contrasts")),
            ]
        )
    )
    made = pd.DataFrame([{"cell": cell(row), **row} for row in rows], columns=columns)
    numeric = {
        column: "float64" for column in ("value", "low", "high", "predicted", "z") if column in made
    }
    return leveled(plain(made.astype(numeric)), resolved)
