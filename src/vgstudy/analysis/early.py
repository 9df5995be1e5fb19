"""What can be known of a run before training: predictors of failure, published rules of thumb, and
whether it failed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from vgstudy.analysis.design import Design, plain
from vgstudy.schema import FACTORS, ON_PROBE_SET
from vgstudy.store.tables import read_rows

PROBED = ("cell", "seed", "layer", "fan_in", "fan_out", "g_rms", "g_l2", "g_zero_float32")
BEFORE = [("epoch", "==", 0), ON_PROBE_SET]

# Zhang et al. 2021, AUTOTRAINER, ICSE: thresholds of its symptoms "vanishing gradient" and "dying
# ReLU"
RULES: Mapping[str, Callable[[pd.DataFrame], "pd.Series[bool]"]] = MappingProxyType(
    {
        "autotrainer vanishing": lambda runs: (
            (runs["l2 first"] < 1e-3 * runs["l2 output"]) & (runs["l2 first"] < 1e-4)
        ),
        "autotrainer dying": lambda runs: runs["zeros"] >= 0.7,
    }
)


def early_runs(design: Design) -> pd.DataFrame:
    """A row per measured run of the design: factors, `failed`, and the PREDICTORS and what RULES
    need, at epoch 0.

    Raises
    ------
    UserError
        If a table is missing, damaged, of another version or of another design.
    """
    keys = ["cell", "seed"]
    folder, runs = design.folder, design.runs
    status = plain(read_rows(folder, "outcomes", [*keys, "status"]).to_pandas())
    parts = [_of_job(folder, str(job)).assign(job=job) for job in sorted(set(runs["job"]))]
    decays = plain(read_rows(folder, "decays", [*keys, "d_g", "d_delta"], BEFORE).to_pandas())
    measured = (
        runs[[*keys, "job", *FACTORS]]
        .merge(status.dropna(), on=keys)
        .merge(decays, on=keys)
        # a job may hold runs that the design takes from another one
        .merge(pd.concat(parts), on=[*keys, "job"])
    )
    return measured.assign(
        failed=measured["status"] != "learned", distance=np.abs(np.log(measured["d_delta"]))
    )


def _of_job(folder: Path, job: str) -> pd.DataFrame:
    keys = ["cell", "seed"]
    probes = plain(read_rows(folder, "probes", PROBED, BEFORE, job).to_pandas())
    entries = probes["fan_in"] * probes["fan_out"]
    probes = probes.assign(entries=entries, zero=entries * probes["g_zero_float32"])
    found = probes.sort_values([*keys, "layer"]).groupby(keys)
    measures = {
        "first layer": found["g_rms"].first(),
        "smallest layer": found["g_rms"].min(),
        "zeros": found["zero"].sum() / found["entries"].sum(),
        "l2 first": found["g_l2"].first(),
        "l2 output": found["g_l2"].last(),
    }
    return pd.DataFrame(measures).reset_index()
