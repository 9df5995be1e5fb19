"""From files of probes to a diagnosis of each model: levels of its layers, decay factors, verdict,
evidence, advice."""

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
from vgstudy.probe.evidence import best_settings, rates
from vgstudy.probe.rules import FEATURES, HEALTHY, RULES, features, verdicts
from vgstudy.schema import ON_PROBE_SET
from vgstudy.store.parquet import read_footer, read_table

LEVELS = ("g_rms", "delta_rms", "h_rms")
SHARES = ("h_saturated", "h_dead", "g_zero_float32")
DECAYS = ("d_g", "d_delta", "d_h", "end_to_end_g")


def diagnose(
    paths: Sequence[Path], evidence: dict[str, Any], epoch: int | None = None
) -> list[dict[str, Any]]:
    """A diagnosis of each model in the files, as JSON values.

    Parameters
    ----------
    paths
        Files of probes, such as `GradientProbe` writes; files of one model and different seeds
        belong together.
    evidence
        As `evidence.read_evidence` gives it.
    epoch
        A measured epoch; by default the last that all runs of a model have.

    Raises
    ------
    UserError
        If a file is no table of probes, two files hold the same run, or the epoch was not measured.
    """
    check_files(paths)
    tables = [read_table("probes", path, filters=[ON_PROBE_SET]) for path in paths]
    names = {
        cell: read_footer(path).get("layers")
        for path, table in zip(paths, tables, strict=True)
        for cell in _cells(table)
    }
    table = pa.concat_tables(tables).unify_dictionaries()
    probes = table.to_pandas().astype({"cell": "str"})
    if probes.duplicated(["cell", "seed", "epoch", "layer"]).any():
        twice = probes[probes.duplicated(["cell", "seed", "epoch", "layer"])].iloc[0]
        raise UserError(
            f"seed {twice['seed']} of {twice['cell']} is there twice; give each run a seed= or name= of its own"
        )
    decays = pd.DataFrame(pa.table(decay_rows(table.select(PROBE_COLUMNS))).to_pandas()).astype(
        {"cell": "str"}
    )
    return [
        _model(cell, own, decays[decays["cell"] == cell], names[cell], evidence, _epoch(own, epoch))
        for cell, own in probes.groupby("cell")
    ]


def check_files(paths: Sequence[Path]) -> None:
    """Raise `UserError` unless every path is a Parquet file."""
    for path in paths:
        if not path.exists():
            wrong = "is missing"
        elif path.is_dir():
            wrong = "is a folder"
        elif not path.is_file() or not _begins_as_parquet(path):
            wrong = "is no Parquet file"
        else:
            continue
        raise UserError(
            f"{path} {wrong}; name a file of probes, such as GradientProbe(..., log='run.parquet') writes"
        )


def _begins_as_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return True  # why it cannot be read is told where it is read


def _cells(table: pa.Table) -> list[str]:
    return [str(cell) for cell in table["cell"].unique().to_pylist()]


def _epoch(probes: pd.DataFrame, wanted: int | None) -> int:
    """The wanted epoch, or the last that every seed has."""
    common = set.intersection(*(set(own["epoch"]) for _, own in probes.groupby("seed")))
    if wanted is None and common:
        return int(max(common))
    if wanted is None or wanted not in common:
        told = ", ".join(map(str, sorted(common))) or "none"
        raise UserError(
            f"{probes['cell'].iloc[0]}: epoch {wanted} was not measured in every run; measured in all are {told}"
        )
    return wanted


def _model(
    cell: str,
    probes: pd.DataFrame,
    decays: pd.DataFrame,
    names: list[str] | None,
    evidence: dict[str, Any],
    epoch: int,
) -> dict[str, Any]:
    seen = features(probes)
    by_seed = verdicts(seen).reset_index()
    given = Counter(by_seed.loc[by_seed["epoch"] == epoch, "verdict"])
    verdict = max(
        (*RULES, HEALTHY), key=lambda name: given[name]
    )  # of equally many the first, which is the worst
    now, now_seen = probes[probes["epoch"] == epoch], seen.reset_index().query("epoch == @epoch")
    return {
        "model": cell,
        "epoch": epoch,
        "seeds": sorted(int(seed) for seed in now["seed"].unique()),
        "verdict": verdict,
        "verdicts": dict(given),
        "by_epoch": {str(e): dict(Counter(own["verdict"])) for e, own in by_seed.groupby("epoch")},
        "rule": RULES[verdict].text if verdict in RULES else "no rule holds",
        "advice": RULES[verdict].advice if verdict in RULES else None,
        "evidence": {
            "study": evidence["study"],
            "runs": evidence["runs"],
            **rates(evidence, verdict, epoch),
        },
        "deep": evidence["deep"],
        "settings": best_settings(evidence),
        "numbers": {name: _number(float(now_seen[name].median())) for name in FEATURES},
        "decays": {name: _interval(decays.loc[decays["epoch"] == epoch, name]) for name in DECAYS},
        "layers": [_layer(own, names) for _, own in now.groupby("layer")],
    }


def _layer(rows: pd.DataFrame, names: list[str] | None) -> dict[str, Any]:
    """One layer over seeds: geometric means of levels, means of shares, the most frequent cause of
    a zero gradient."""
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
    """Geometric mean over seeds that have a positive finite value, with Student's t interval on the
    logs."""
    numbers = values.to_numpy(dtype="float64", na_value=np.nan)
    logs = logs_of(numbers)
    found = geometric_t(moments(logs[None]))
    ends = {name: _number(getattr(found, name)[0]) for name in ("value", "low", "high")}
    return {
        **ends,
        "confidence": CONFIDENCE,
        "n": len(numbers),
        "n_alive": int(np.isfinite(logs).sum()),
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
