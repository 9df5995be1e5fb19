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
from vgstudy.probe.advice import remedies
from vgstudy.probe.described import Model
from vgstudy.probe.evidence import evidence
from vgstudy.probe.reasons import notes, reason
from vgstudy.probe.rules import (
    FEATURES,
    HEALTHY,
    RULES,
    carrying,
    features,
    stage_signals,
    verdicts,
    with_structure,
)
from vgstudy.schema import ON_PROBE_SET
from vgstudy.store.parquet import read_footer, read_table

RMS_OF_SIGNALS = ("g_rms", "delta_rms", "h_rms")
SHARES = ("h_saturated", "h_dead", "g_zero_float32")
DECAYS = ("d_g", "d_delta", "d_h", "end_to_end_g")
CAUSES = ("zero_cause", "zero_cause_float32")
# mean and standard deviation of a kernel's weights
WEIGHTS = ["w_mean", "w_sd"]
# of the whole model, see `passes.Measurer.structure`; logs of studies are of plain chains
STRUCTURE = {"is_plain": True, "is_normalised": False, "merges": False, "attends": False}
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


def check_files(paths: Sequence[Path]) -> None:
    """Raise `UserError` unless every path is a Parquet file."""
    for path in paths:
        if not _is_parquet(path):
            wrong = "is not a Parquet file" if path.exists() else "is missing"
            raise UserError(
                f"{path} {wrong}; name a file of probes, "
                "such as GradientProbe(..., log='run.parquet') writes"
            )


def _is_parquet(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        # reading the file reports why it cannot be read
        return True


def diagnose_logs(logs: Sequence[Log], epoch: int | None = None) -> list[dict[str, Any]]:
    """Return a diagnosis of each model in the logs; see `diagnose_files`."""
    probes = pd.concat([log_rows(*log) for log in logs], ignore_index=True)
    _check_distinct(probes)
    table = pa.concat_tables([table.select(DECAY_COLUMNS) for table, _ in logs])
    decays = pd.DataFrame(pa.table(decay_rows(table.unify_dictionaries())).to_pandas())
    return [
        _diagnosis(rows, decays[decays["cell"] == name], _epoch(rows, epoch))
        for name, rows in probes.groupby("cell")
    ]


def log_rows(table: pa.Table, footer: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows with what the footer knows of their layers and epochs."""
    rows = table.to_pandas().astype({"cell": "str"})
    losses = {int(epoch): loss for epoch, loss in footer.get("probe_loss", {}).items()}
    rows["loss"] = rows["epoch"].map(losses).astype("float64")
    place = rows["layer"].to_numpy() - 1
    tops = {
        (int(epoch), layer): top
        for epoch, of_layers in footer.get("output_signal", {}).items()
        for layer, top in enumerate(of_layers, start=1)
    }
    keys = zip(rows["epoch"], rows["layer"], strict=True)
    rows["top"] = np.array([tops.get(key) for key in keys], "float64")
    structure = pd.DataFrame(footer.get("structure", []))
    for name in structure.columns:
        rows[name] = structure[name].to_numpy()[place]
    if "layers" in footer:
        rows["name"] = np.array(footer["layers"])[place]
    return with_structure(
        rows.assign(**{name: footer.get(name, STRUCTURE[name]) for name in STRUCTURE})
    )


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


def _diagnosis(probes: pd.DataFrame, decays: pd.DataFrame, epoch: int) -> dict[str, Any]:
    run_features = features(probes).reset_index("epoch")
    by_epoch = verdicts(run_features).groupby(run_features["epoch"])
    counts = {int(each): Counter(found) for each, found in by_epoch}
    verdict, at_first = _most_frequent(counts[epoch]), _most_frequent(counts[min(counts)])
    now, now_decays = probes[probes["epoch"] == epoch], decays[decays["epoch"] == epoch]
    now_features = run_features[run_features["epoch"] == epoch].median()
    first_weights = probes[probes["epoch"] == min(counts)].groupby("layer")[WEIGHTS]
    sizes = np.sqrt(first_weights.mean().pow(2).sum(axis=1))
    layers = [_layer(rows, sizes[layer]) for layer, rows in now.groupby("layer")]
    model = Model(
        layers,
        was_healthy=epoch > min(counts) and at_first == HEALTHY,
        **{name: bool(probes[name].all()) for name in STRUCTURE},
    )
    return {
        "model": str(probes["cell"].iloc[0]),
        "epoch": epoch,
        "seeds": sorted(int(seed) for seed in now["seed"].unique()),
        "verdict": verdict,
        "verdicts": dict(counts[epoch]),
        "by_epoch": {str(each): dict(found) for each, found in counts.items()},
        "rule": RULES[verdict].text if verdict in RULES else "no fault found by any rule",
        "reason": reason(verdict, layers),
        "compared": _compared(now),
        "notes": notes(verdict, model),
        "advice": remedies(verdict, model),
        "evidence": evidence(verdict, epoch, model.is_plain),
        "numbers": {name: _number(now_features[name]) for name in FEATURES},
        "decays": {name: _interval(now_decays[name]) for name in DECAYS},
        "layers": layers,
    }


def _most_frequent(counts: Mapping[str, int]) -> str:
    """Return the most frequent verdict, of several the worst."""
    return max((*RULES, HEALTHY), key=lambda name: counts.get(name, 0))


def _compared(rows: pd.DataFrame) -> dict[str, Any]:
    """Return which layers the ratio compares, and which it leaves out.

    `quantity` is delta or g. Of parallel layers the one with the largest signal in the first seed
    is named.
    """
    one_seed = rows[rows["seed"] == rows["seed"].iloc[0]]
    carriers = carrying(one_seed)
    if carriers.empty:
        return {"quantity": None, "lowest": None, "highest": None, "left_out": []}
    ends = stage_signals(one_seed)["delta"].iloc[[0, -1]]
    quantity = "delta" if ends.notna().all() else "g"
    column = {"delta": "delta_rms", "g": "g_l2"}[quantity]
    names = carriers.sort_values(column, na_position="first").groupby("stage")["name"].last()
    compared = carriers[carriers["delta_rms"].notna()] if quantity == "delta" else carriers
    left_out = one_seed[~one_seed["layer"].isin(compared["layer"])]
    return {
        "quantity": quantity,
        "lowest": names.iloc[0],
        "highest": names.iloc[-1],
        "left_out": left_out["name"].tolist(),
    }


def _layer(rows: pd.DataFrame, first_weights: float) -> dict[str, Any]:
    """Summarise a layer over seeds.

    Levels are geometric means, shares are means, the cause of a zero gradient is the most frequent.
    `first_weights` is the root mean square of the kernel at the first measured epoch.
    """
    first = rows.iloc[0]
    return {
        **{name: int(first[name]) for name in ("layer", "stage", "units", "fan_in", "fan_out")},
        **{name: str(first[name]) for name in ("name", "kind", "class", "activation")},
        **{name: _interval(rows[name])["value"] for name in RMS_OF_SIGNALS},
        **{name: _number(rows[name].mean()) for name in SHARES},
        "output_signal": _interval(rows["top"])["value"],
        "first_weights": _number(first_weights),
        "first_bias": float(rows["bias"].mean()),
        **{name: str(rows[name].astype(str).mode()[0]) for name in CAUSES},
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
