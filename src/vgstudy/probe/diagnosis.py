"""From files of probes to a diagnosis of each model.

A diagnosis has levels of the layers, decay factors, a verdict, its error rates and advice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vgstudy.analysis.decay import PROBE_COLUMNS as DECAY_COLUMNS
from vgstudy.analysis.decay import decay_rows
from vgstudy.analysis.intervals import CONFIDENCE, geometric_t, logs_of, moments
from vgstudy.errors import UserError
from vgstudy.probe.advice import remedies, why_no_gradient
from vgstudy.probe.error_rates import rates, read_error_rates
from vgstudy.probe.rules import (
    FEATURES,
    HEALTHY,
    NO_GRADIENT,
    RULES,
    features,
    stage_signals,
    verdicts,
    with_structure,
)
from vgstudy.schema import ON_PROBE_SET
from vgstudy.store.parquet import read_footer, read_table

LEVELS = ("g_rms", "delta_rms", "h_rms")
SHARES = ("h_saturated", "h_dead", "g_zero_float32")
DECAYS = ("d_g", "d_delta", "d_h", "end_to_end_g")
ROW_KEYS = ["cell", "seed", "epoch", "layer"]


Log = tuple[pa.Table, dict[str, Any]]  # rows of the table `probes` and the file's footer


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
    logs = [
        (read_table("probes", path, filters=[ON_PROBE_SET]), read_footer(path)) for path in paths
    ]
    return diagnose_logs(logs, epoch)


def diagnose_logs(logs: Sequence[Log], epoch: int | None = None) -> list[dict[str, Any]]:
    """Return a diagnosis of each model in the logs; see `diagnose_files`."""
    probes = pd.concat([_rows(*log) for log in logs], ignore_index=True)
    _check_distinct(probes)
    footers = {
        str(name): footer for table, footer in logs for name in table["cell"].unique().to_pylist()
    }
    table = pa.concat_tables([table.select(DECAY_COLUMNS) for table, _ in logs])
    decays = pd.DataFrame(pa.table(decay_rows(table.unify_dictionaries())).to_pandas())
    decays = decays.astype({"cell": "str"})
    return [
        _model(rows, decays[decays["cell"] == name], footers[str(name)], _epoch(rows, epoch))
        for name, rows in probes.groupby("cell")
    ]


def _rows(table: pa.Table, footer: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows with what the footer knows of their layers and epochs."""
    rows = table.to_pandas().astype({"cell": "str"})
    for name, column in (("loss", "probe_loss"), ("top", "output_signal")):
        by_epoch = {int(epoch): value for epoch, value in footer.get(column, {}).items()}
        rows[name] = rows["epoch"].map(by_epoch).astype("float64")
    if structure := footer.get("structure"):
        place = rows["layer"].to_numpy() - 1
        for name in ("stage", "positions"):
            rows[name] = np.array([kernel[name] for kernel in structure])[place]
        rows["look_up"] = np.array([kernel["layer"] == "Embedding" for kernel in structure])[place]
    return with_structure(rows)


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
    probes: pd.DataFrame, decays: pd.DataFrame, footer: Mapping[str, Any], epoch: int
) -> dict[str, Any]:
    run_features = features(probes)
    by_seed = verdicts(run_features).reset_index()
    counts = Counter(by_seed.loc[by_seed["epoch"] == epoch, "verdict"])
    # of equally frequent verdicts the first, which is the worst
    verdict = max((*RULES, HEALTHY), key=lambda name: counts[name])
    now, now_decays = probes[probes["epoch"] == epoch], decays[decays["epoch"] == epoch]
    now_features = run_features.reset_index().query("epoch == @epoch")
    layers = [_layer(rows, footer) for _, rows in now.groupby("layer")]
    at_first = by_seed.loc[by_seed["epoch"] == by_seed["epoch"].min(), "verdict"]
    was_healthy = epoch > by_seed["epoch"].min() and (at_first == HEALTHY).mean() > 0.5
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
        "reason": why_no_gradient(layers) if verdict == NO_GRADIENT else None,
        "compared": _compared(now, layers),
        **_evidence(verdict, epoch, layers, was_healthy, footer.get("plain", True)),
        "numbers": {name: _number(float(now_features[name].median())) for name in FEATURES},
        "decays": {name: _interval(now_decays[name]) for name in DECAYS},
        "layers": layers,
    }


def _evidence(
    verdict: str, epoch: int, layers: list[dict[str, Any]], was_healthy: bool, is_plain: bool
) -> dict[str, Any]:
    """Return remedies and, for plain models, how often the verdict was right in the study."""
    record = read_error_rates()
    advice = remedies(verdict, layers, was_healthy, is_plain, record.rows)
    if not is_plain:
        return {"advice": advice, "evidence": None}
    study = {name: record.provenance[name] for name in ("study", "runs")}
    return {"advice": advice, "evidence": study | rates(record.rows, verdict, epoch)}


def _compared(rows: pd.DataFrame, layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return which layers the ratio compares, and which it leaves out.

    `quantity` is delta or g. Of parallel layers the one with the largest signal in the first seed
    is named.
    """
    one_seed = rows[rows["seed"] == rows["seed"].iloc[0]]
    stages = stage_signals(one_seed).reset_index()
    if stages.empty:
        return {"quantity": None, "lowest": None, "highest": None, "left_out": []}
    ends = stages.iloc[[0, -1]]
    quantity = "delta" if ends["delta"].notna().all() else "g"
    names = {layer["layer"]: layer["name"] for layer in layers}
    column = "delta_rms" if quantity == "delta" else "g_l2"
    strongest = one_seed[~one_seed["look_up"].astype(bool) | one_seed["look_up"].all()]
    strongest = strongest.sort_values(column, na_position="first").groupby("stage")["layer"].last()
    lowest, highest = (names[strongest[stage]] for stage in ends["stage"])
    below = one_seed[one_seed["look_up"].astype(bool) | one_seed["g_zero"].isna()]
    unseen = one_seed[one_seed["delta_rms"].isna()] if quantity == "delta" else below
    left_out = sorted({*below["layer"], *unseen["layer"]})
    return {
        "quantity": quantity,
        "lowest": lowest,
        "highest": highest,
        "left_out": [names[layer] for layer in left_out],
    }


def _layer(rows: pd.DataFrame, footer: Mapping[str, Any]) -> dict[str, Any]:
    """Summarise a layer over seeds.

    Levels are geometric means, shares are means, the cause of a zero gradient is the most frequent.
    """
    layer = int(rows["layer"].iloc[0])
    structure = footer.get("structure")
    unknown = {"layer": "Dense", "activation": "", "units": 0}
    kernel = structure[layer - 1] if structure else unknown
    names = footer.get("layers")
    return {
        "layer": layer,
        "name": names[layer - 1] if names else f"layer {layer}",
        "kind": str(rows["kind"].iloc[0]),
        "class": kernel["layer"],
        "activation": kernel["activation"],
        "units": kernel["units"],
        "stage": int(rows["stage"].iloc[0]),
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
