"""Made-up results for tests of what comes after training: a folder with known decay factors, and
frames of rows written by hand.

`python tests/synthetic.py FOLDER` writes one, estimates included.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vgstudy.analysis.study_estimates import write_estimates
from vgstudy.claims.arms import write_arms
from vgstudy.config.study import Study
from vgstudy.design import plain
from vgstudy.figures.frames import Frames, leveled
from vgstudy.planning.study_cells import cells_of
from vgstudy.schema import DEFAULT_LEVELS, FACTORS, arrow_schema
from vgstudy.store.parquet import open_writer, write_table
from vgstudy.theory.overlays import VARIANCE, write_overlaid
from vgstudy.theory.predictions import Prediction

REGISTER = Path(__file__).parents[1] / "config" / "claims"
ACTIVATIONS = {"tanh": "tanh", "ReLU": "relu", "sigmoid": "sigmoid"}
INITIALIZERS = {"Xavier": "GlorotUniform", "He": "HeUniform", "uniform(0, 1)": "RandomUniform"}
OPTIMIZERS = {"SGD": "SGD", "Adam": "Adam"}

D_G = {"tanh": 0.9, "ReLU": 0.95, "sigmoid": 0.3}
D_DELTA = {"Xavier": 0.7, "He": 0.95, "uniform(0, 1)": 1.2}
D_H = 1.1
SPREAD = 0.05
SMALL: Mapping[str, Any] = {
    "depths": (2, 5, 10),
    "activations": ("tanh", "ReLU"),
    "initializers": ("Xavier", "He"),
    "widths": (5,),
    "probe_epochs": (0, 1, 20),
    "seeds": range(4),
}


def study(
    depths: Sequence[int] = (1, 2, 3, 5, 10),
    widths: Sequence[int] = (5, 25),
    activations: Sequence[str] = tuple(ACTIVATIONS),
    initializers: Sequence[str] = tuple(INITIALIZERS),
    optimizers: Sequence[str] = tuple(OPTIMIZERS),
    seeds: Sequence[int] = range(6),
    two_by_two: Mapping[str, Any] | None = None,
    epochs: int = 20,
    probe_epochs: Sequence[int] = (0, 5, 20),
    arms: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return a resolved study as it is in the footer of runs.parquet."""
    fields = {
        "name": "synthetic",
        "path": "config/studies/synthetic.yaml",
        "title": "Synthetic study",
        "task": {"name": "circles"},
        "factors": {
            "depth": list(depths),
            "width": list(widths),
            "activation": {
                name: {"class_name": ACTIVATIONS[name], "config": {}} for name in activations
            },
            "initializer": {
                name: {"class_name": INITIALIZERS[name], "config": {}} for name in initializers
            },
            "optimizer": {
                name: {"class_name": OPTIMIZERS[name], "config": {}} for name in optimizers
            },
        },
        "arms": dict(arms),
        "training": {"epochs": epochs, "batch_size": 32},
        "seeds": list(seeds),
        "log": {"probe_epochs": list(probe_epochs), "test_every": 10},
        "outcome": {"learned_above": 0.75},
        "two_by_two": two_by_two,
        "contrasts": [
            {"factor": factor, "reference": levels[0]}
            for factor, levels in (
                ("initializer", initializers),
                ("optimizer", optimizers),
                ("width", widths),
            )
            if len(levels) > 1
        ],
    }
    return Study.model_validate(fields).model_dump(mode="json", exclude={"path"})


def cells(resolved: dict[str, Any]) -> list[dict[str, Any]]:
    """The study's cells: id and level names."""
    labelled = cells_of(Study.model_validate({"path": "", **resolved}))
    return [{"cell": each.cell.id, **each.levels} for each in labelled]


def states(
    resolved: dict[str, Any], cell: dict[str, Any], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """What becomes of each seed: dead, saturated (in float32) or diverged after epoch 0; axis:
    seed."""
    chance = rng.random((3, len(resolved["seeds"])))
    return {
        "dead": (chance[0] < 0.02 * cell["depth"]) & (cell["activation"] == "ReLU"),
        "saturated": (chance[1] < 0.5)
        & (cell["initializer"] == "uniform(0, 1)")
        & (cell["depth"] >= 5),
        "diverged": (chance[2] < 0.05)
        & (cell["optimizer"] == "SGD")
        & (cell["activation"] != "sigmoid"),
    }


def probe_rows(
    resolved: dict[str, Any], cell: dict[str, Any], rng: np.random.Generator
) -> dict[str, Any]:
    """Rows of `probes` of one cell, ordered by seed, epoch, layer; per-run decay factors are exact
    powers."""
    depth, seeds, epochs = (
        cell["depth"],
        np.asarray(resolved["seeds"]),
        np.asarray(resolved["log"]["probe_epochs"]),
    )
    state = {name: flags[:, None, None] for name, flags in states(resolved, cell, rng).items()}
    shape = (len(seeds), len(epochs), depth + 1)
    layer = np.broadcast_to(np.arange(1, depth + 2), shape)
    below = depth + 1 - layer  # layers between this one and the output
    late = np.broadcast_to(epochs[None, :, None] > 0, shape)
    dead, saturated = np.broadcast_to(state["dead"], shape), state["saturated"] & (layer == 1)
    lost = state["diverged"] & late

    def level(factor: float, first: float, dies: bool = True) -> np.ndarray:
        slope, size = rng.normal(0, SPREAD, (2, *shape[:2], 1))
        values = first * np.exp(size) * (factor * np.exp(slope)) ** below
        return np.where(lost, np.nan, np.where(dead & dies, 0.0, values))

    g, delta = level(D_G[cell["activation"]], 0.1), level(D_DELTA[cell["initializer"]], 0.2)
    h = np.ma.array(level(1 / D_H, 0.5, dies=False), mask=layer == depth + 1)
    no_cause = np.where(dead & ~lost, "dead", "none")
    width, square = cell["width"], (layer > 1) & (layer <= depth)
    columns = {
        "cell": np.full(shape, cell["cell"]),
        "seed": np.broadcast_to(seeds[:, None, None], shape),
        "epoch": np.broadcast_to(epochs[None, :, None], shape),
        "examples": np.full(shape, "probe set"),
        "step": np.broadcast_to(16 * epochs[None, :, None], shape),
        "layer": layer,
        "kind": np.select([layer == depth + 1, square], ["output", "square"], "input"),
        "fan_in": np.where(layer == 1, 2, width),
        "fan_out": np.where(layer == depth + 1, 1, width),
        **{
            "g_rms": g,
            "g_mean": 0 * g,
            "g_sd": g,
            "g_mean_abs": 0.8 * g,
            "g_l2": width * g,
            "g_max_abs": 3 * g,
        },
        "g_zero": np.where(dead, 1.0, 0.1),
        "g_zero_float32": np.where(dead | saturated, 1.0, 0.1),
        "zero_cause": no_cause,
        "zero_cause_float32": np.where(saturated & ~lost & ~dead, "saturation", no_cause),
        "delta_rms": delta,
        "h_rms": h,
        "h_saturated": np.ma.array(np.where(lost, np.nan, rng.uniform(0, 0.3, shape)), mask=h.mask),
        "h_dead": np.ma.array(np.where(lost, np.nan, np.where(dead, 1.0, 0.0)), mask=h.mask),
        **{
            "w_mean": 0 * g,
            "w_sd": 0.3 + 0 * g,
            "w_l1": width + late * rng.uniform(0, 1, shape),
            "w_l1_change": late * 2.0,
        },
        "update_rms": np.ma.array(0.01 + 0 * g, mask=~late),
    }
    nothing = pa.nulls(layer.size, pa.list_(pa.float64()))
    rows = {name: values.reshape(-1) for name, values in columns.items()}
    return {**rows, "g_quantiles": nothing, "w_quantiles": nothing}


def curve_rows(
    resolved: dict[str, Any], cell: dict[str, Any], rng: np.random.Generator
) -> dict[str, Any]:
    """Rows of `curves` of one cell, ordered by seed, epoch; deep nets and steep decay learn less
    often."""
    seeds, epochs = np.asarray(resolved["seeds"]), np.arange(resolved["training"]["epochs"] + 1)
    state = {name: flags[:, None] for name, flags in states(resolved, cell, rng).items()}
    shape = (len(seeds), len(epochs))
    chance = 1 / (1 + np.exp(-(2 + cell["depth"] * np.log(D_G[cell["activation"]]))))
    learns = (rng.random((len(seeds), 1)) < chance) & ~state["dead"]
    progress = epochs / epochs[-1]
    accuracy = 0.5 + np.where(learns, 0.35 * progress, 0.0) + rng.normal(0, 0.01, shape)
    finite = ~(state["diverged"] & (epochs > 0))
    loss = np.where(finite, 0.7 - 0.5 * (accuracy - 0.5), np.nan)
    probed = np.isin(epochs, resolved["log"]["probe_epochs"])
    tested = epochs % resolved["log"]["test_every"] == 0
    columns = {
        "cell": np.full(shape, cell["cell"]),
        "seed": np.broadcast_to(seeds[:, None], shape),
        "epoch": np.broadcast_to(epochs, shape),
        "step": np.broadcast_to(16 * epochs, shape),
        "train_loss": np.ma.array(loss, mask=np.broadcast_to(epochs == 0, shape)),
        "train_accuracy": np.ma.array(
            np.where(finite, accuracy, np.nan), mask=np.broadcast_to(epochs == 0, shape)
        ),
        "test_loss": np.ma.array(loss, mask=np.broadcast_to(~tested, shape)),
        "test_accuracy": np.ma.array(
            np.where(finite, accuracy - 0.01, np.nan), mask=np.broadcast_to(~tested, shape)
        ),
        "probe_loss": np.ma.array(loss, mask=np.broadcast_to(~probed, shape)),
        "probe_accuracy": np.ma.array(
            np.where(finite, accuracy, np.nan), mask=np.broadcast_to(~probed, shape)
        ),
        "finite": finite,
        "w_l1_layers": np.full(shape, None),
    }
    return {name: values.reshape(-1) for name, values in columns.items()}


def jobs(
    resolved: dict[str, Any], per_job: int
) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Job id, study part and cells; as after growth, each pack of cells has its first and its later
    seeds in two jobs."""
    every, seeds = cells(resolved), resolved["seeds"]
    half = (len(seeds) + 1) // 2
    for pack, start in enumerate(range(0, len(every), per_job)):
        for part, some in enumerate((seeds[:half], seeds[half:])):
            if some:
                yield (
                    f"job{pack:03d}{'ab'[part]}",
                    {**resolved, "seeds": some},
                    every[start : start + per_job],
                )


def predictions(resolved: dict[str, Any]) -> Iterator[Prediction]:
    """What a theory would say that knew how `probe_rows` draws."""
    for cell in cells(resolved):
        yield Prediction(
            cell["cell"], "d_delta", D_DELTA[cell["initializer"]], "asymptotic", "made up"
        )
        yield Prediction(cell["cell"], "d_g", D_G[cell["activation"]], "approximation", "made up")
        yield Prediction(
            cell["cell"], VARIANCE, ((cell["depth"] - 2) * SPREAD) ** 2, "approximation", "made up"
        )


def write_synthetic_study(
    folder: Path, per_job: int = 40, estimate: bool = True, **design: Any
) -> dict[str, Any]:
    """Write `folder` as it is after training (and decay and estimate); the arguments of `study`
    may be given.

    Each job also trains a seed 999 that is not in the design. Returns the resolved study.
    """
    resolved = study(**design)
    runs = []
    for number, (job, part, pack) in enumerate(jobs(resolved, per_job)):
        trained = {**part, "seeds": [*part["seeds"], 999]}
        for table, rows in (("probes", probe_rows), ("curves", curve_rows)):
            with open_writer(table, folder / table / f"{job}.parquet", {}) as writer:
                for index, cell in enumerate(pack):
                    writer.write(rows(trained, cell, np.random.default_rng((number, index))))
        runs += [{**cell, "seed": seed, "job": job} for cell in pack for seed in part["seeds"]]
    write_table(
        "runs",
        pa.Table.from_pylist(runs),
        folder / "runs.parquet",
        {"study": resolved, "digest": "made up"},
    )
    if estimate:
        write_estimates(folder)
        write_arms(folder, REGISTER)
        write_overlaid(folder, predictions(resolved))
    return resolved


NAMED = {
    **{"activation": "tanh", "initializer": "Xavier", "optimizer": "SGD", "depth": 10, "width": 5},
    **DEFAULT_LEVELS,
}
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
POOLED = {
    "factor": "initializer",
    "reference": "Xavier",
    "family": "initializer against Xavier",
    "correction": "Holm",
    "method": "exact, common odds ratio",
    "confidence": 0.95,
    "learned": 5,
    "learned_reference": 5,
    "n": 10,
    "n_reference": 10,
    "limit_bound": "unknown",
}

Rows = Iterable[Mapping[str, Any]]
# what a row of each table has unless it says something else
USUAL: Mapping[str, Mapping[str, Any]] = {
    "estimates": {**NAMED, **ESTIMATE},
    "trajectories": {**NAMED, **ESTIMATE, "method": "t"},
    "profiles": {**NAMED, **ESTIMATE, "layer": 1},
    "layer_decays": {**NAMED, **ESTIMATE, "layer": 1},
    "thresholds": {},
    "depth_curves": {**NAMED, **ESTIMATE},
    "arms": {},
    "overlays": {**NAMED, **ESTIMATE, "basis": "asymptotic", "source": "a paper"},
    "outcomes": {**NAMED, "seed": 0, "test_accuracy": 0.8},
    "missing": {**NAMED, "seed": 0},
    "pooled": {**NAMED, **POOLED},
    "two_by_two": {"width": 5, "optimizer": "SGD"},
    "limits": {},
    "best_rates": NAMED,
    "paired": NAMED,
    "variances": {},
}
BY_CELL = list(USUAL)[:9]
WITHOUT_CELL = list(USUAL)[10:]


def cell_id(row: Mapping[str, Any]) -> str:
    """Return an id that says the levels."""
    return "-".join(str(row[factor]) for factor in FACTORS)


def made_frames(
    estimates: Rows = (),
    profiles: Rows = (),
    *,
    resolved: Mapping[str, Any] | None = None,
    **others: Rows,
) -> Frames:
    """Frames with these rows of tables; what a row does not say is as in USUAL.

    `missing` are runs of the design without an outcome. `resolved` is the study, by default
    `synthetic.study()`.
    """
    resolved = resolved or study()
    given = {"estimates": estimates, "profiles": profiles, **others}
    assert given.keys() <= USUAL.keys()
    rows = {
        name: [{**usual, **row} for row in given.get(name, ())] for name, usual in USUAL.items()
    }
    made = {name: frame(name, rows[name], resolved) for name in BY_CELL}
    whole = {
        name: pd.DataFrame(rows[name], columns=arrow_schema(name).names) for name in WITHOUT_CELL
    }
    for name in WITHOUT_CELL[:-1]:
        numeric = [field.name for field in arrow_schema(name) if pa.types.is_floating(field.type)]
        whole[name] = leveled(whole[name].astype(dict.fromkeys(numeric, "float64")), resolved)
    runs = frame("runs", rows["outcomes"] + rows["missing"], resolved)
    return Frames(resolved, runs, **made, **whole)


def frame(name: str, rows: list[dict[str, Any]], resolved: Mapping[str, Any]) -> pd.DataFrame:
    """Return rows as a frame with the table's columns and the factors."""
    columns = list(dict.fromkeys([*arrow_schema(name).names, *FACTORS]))
    made = pd.DataFrame([{"cell": cell_id(row), **row} for row in rows], columns=columns)
    numeric = made.columns.intersection(["value", "low", "high", "predicted", "z"])
    return leveled(plain(made.astype(dict.fromkeys(numeric, "float64"))), resolved)


if __name__ == "__main__":
    write_synthetic_study(Path(sys.argv[1]))
