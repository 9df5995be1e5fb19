"""From files of probes to a diagnosis of each model.

A diagnosis has levels of the layers, decay factors, a verdict, its error rates and advice.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vgstudy.analysis.decay import PROBE_COLUMNS, decay_rows
from vgstudy.analysis.intervals import CONFIDENCE, geometric_t, logs_of, moments
from vgstudy.errors import UserError
from vgstudy.probe.error_rates import DEEP, best_settings, rates, read_error_rates
from vgstudy.probe.rules import FEATURES, HEALTHY, RULES, features, verdicts
from vgstudy.schema import ON_PROBE_SET
from vgstudy.store.parquet import read_footer, read_table

LEVELS = ("g_rms", "delta_rms", "h_rms")
SHARES = ("h_saturated", "h_dead", "g_zero_float32")
DECAYS = ("d_g", "d_delta", "d_h", "end_to_end_g")
ROW_KEYS = ["cell", "seed", "epoch", "layer"]


def diagnose_files(paths: Sequence[Path], epoch: int | None = None) -> list[dict[str, Any]]:
    """Return a diagnosis of each model in the files, as JSON values.

    Parameters
    ----------
    paths
        Files of probes, such as `GradientProbe` writes; files of one model and different seeds
        belong together.
    epoch
        A measured epoch; by default the last that all runs of a model have.

    Raises
    ------
    UserError
        If a file is not a table of probes, two files hold the same run, or the epoch was not
        measured.
    """
    check_files(paths)
    tables = [read_table("probes", path, filters=[ON_PROBE_SET]) for path in paths]
    names = {
        str(cell): read_footer(path).get("layers")
        for path, table in zip(paths, tables, strict=True)
        for cell in table["cell"].unique().to_pylist()
    }
    table = pa.concat_tables(tables).unify_dictionaries()
    probes = table.to_pandas().astype({"cell": "str"})
    _check_distinct(probes)
    decays = pd.DataFrame(pa.table(decay_rows(table.select(PROBE_COLUMNS))).to_pandas())
    decays = decays.astype({"cell": "str"})
    return [
        _model(rows, decays[decays["cell"] == cell], names[cell], _epoch(rows, epoch))
        for cell, rows in probes.groupby("cell")
    ]


def check_files(paths: Sequence[Path]) -> None:
    """Raise `UserError` unless every path is a Parquet file."""
    for path in paths:
        if not path.exists():
            wrong = "is missing"
        elif path.is_dir():
            wrong = "is a folder"
        elif not path.is_file() or not _begins_as_parquet(path):
            wrong = "is not a Parquet file"
        else:
            continue
        raise UserError(
            f"{path} {wrong}; name a file of probes, "
            "such as GradientProbe(..., log='run.parquet') writes"
        )


def _begins_as_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        # reading the file reports why it cannot be read
        return True


def _check_distinct(probes: pd.DataFrame) -> None:
    repeated = probes[probes.duplicated(ROW_KEYS)]
    if len(repeated):
        row = repeated.iloc[0]
        raise UserError(
            f"seed {row['seed']} of {row['cell']} is in two files; "
            "set a different seed= or name= for each run"
        )


def _epoch(probes: pd.DataFrame, requested: int | None) -> int:
    """Return the requested epoch, or the last that every seed has."""
    measured = set.intersection(*(set(rows["epoch"]) for _, rows in probes.groupby("seed")))
    if requested is None and measured:
        return int(max(measured))
    if requested is None or requested not in measured:
        epochs = ", ".join(map(str, sorted(measured))) or "none"
        raise UserError(
            f"{probes['cell'].iloc[0]}: epoch {requested} was not measured in every run; "
            f"epochs measured in all: {epochs}"
        )
    return requested


def _model(
    probes: pd.DataFrame, decays: pd.DataFrame, names: list[str] | None, epoch: int
) -> dict[str, Any]:
    run_features = features(probes)
    by_seed = verdicts(run_features).reset_index()
    counts = Counter(by_seed.loc[by_seed["epoch"] == epoch, "verdict"])
    # of equally frequent verdicts the first, which is the worst
    verdict = max((*RULES, HEALTHY), key=lambda name: counts[name])
    now, now_decays = probes[probes["epoch"] == epoch], decays[decays["epoch"] == epoch]
    now_features = run_features.reset_index().query("epoch == @epoch")
    return {
        "model": str(probes["cell"].iloc[0]),
        "epoch": epoch,
        "seeds": sorted(int(seed) for seed in now["seed"].unique()),
        "verdict": verdict,
        "verdicts": dict(counts),
        "by_epoch": {
            str(e): dict(Counter(rows["verdict"])) for e, rows in by_seed.groupby("epoch")
        },
        "rule": RULES[verdict].text if verdict in RULES else "no rule holds",
        "advice": RULES[verdict].advice if verdict in RULES else None,
        **_evidence(verdict, epoch),
        "numbers": {name: _number(float(now_features[name].median())) for name in FEATURES},
        "decays": {name: _interval(now_decays[name]) for name in DECAYS},
        "layers": [_layer(rows, names) for _, rows in now.groupby("layer")],
    }


def _evidence(verdict: str, epoch: int) -> dict[str, Any]:
    record = read_error_rates()
    study = {name: record.provenance[name] for name in ("study", "runs")}
    return {
        "evidence": study | rates(record.rows, verdict, epoch),
        "deep": DEEP,
        "settings": best_settings(record.rows),
    }


def _layer(rows: pd.DataFrame, names: list[str] | None) -> dict[str, Any]:
    """Summarise a layer over seeds.

    Levels are geometric means, shares are means, the cause of a zero gradient is the most frequent.
    """
    first, layer = rows.iloc[0], int(rows["layer"].iloc[0])
    return {
        "layer": layer,
        "name": names[layer - 1] if names else f"layer {layer}",
        "kind": str(first["kind"]),
        **{name: _interval(rows[name])["value"] for name in LEVELS},
        **{name: _number(rows[name].mean()) for name in SHARES},
        "zero_cause": str(rows["zero_cause"].astype(str).mode()[0]),
        "zero_cause_float32": str(rows["zero_cause_float32"].astype(str).mode()[0]),
    }


def _interval(values: "pd.Series[float]") -> dict[str, Any]:
    """Return the geometric mean over seeds, with Student's t interval on the logs.

    Seeds without a positive finite value are left out.
    """
    numbers = values.to_numpy(dtype="float64", na_value=np.nan)
    logs = logs_of(numbers)
    interval = geometric_t(moments(logs[None]))
    return {
        **{name: _number(getattr(interval, name)[0]) for name in ("value", "low", "high")},
        "confidence": CONFIDENCE,
        "n": len(numbers),
        "n_alive": int(np.isfinite(logs).sum()),
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
