"""With this folder on PYTHONPATH jobs are a few runs each, training is made-up rows, figures empty.

For tests of faults: what they break, files, processes, Snakemake, is real. FAULTS_ENGINE=real keeps
the real training; FAULTS_MEMORY and FAULTS_SECONDS are what `vgstudy train` takes in MB and
`vgstudy arms` in seconds.
"""

import json
import os
import sys
import time
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pyarrow as pa

from vgstudy.cells import Cell, Run
from vgstudy.config.log import Log
from vgstudy.planning import cost
from vgstudy.schema import TABLES, ZERO_CAUSES

cost.TARGET = 0.05
FIXED = {
    "zero_cause": ZERO_CAUSES[0],
    "zero_cause_float32": ZERO_CAUSES[0],
    "examples": "probe set",
    "kind": "square",
}


def made_up(table: str, keys: list[dict[str, Any]], seed: int) -> pa.Table:
    """Rows with these keys and made-up measurements."""
    rng, columns = np.random.default_rng(seed), {}
    for name, (type_, _) in TABLES[table].columns.items():
        if name in keys[0]:
            columns[name] = [key[name] for key in keys]
        elif name in FIXED:
            columns[name] = [FIXED[name]] * len(keys)
        elif pa.types.is_floating(type_):
            columns[name] = rng.uniform(0.1, 1, len(keys))
        elif pa.types.is_boolean(type_):
            columns[name] = [True] * len(keys)
        elif pa.types.is_integer(type_):
            columns[name] = [1] * len(keys)
        else:
            columns[name] = pa.nulls(len(keys), type_)
    return pa.table(columns)


def train(runs: Iterable[Run], log: Log) -> SimpleNamespace:
    """Instead of `vgstudy.engine.train.train`: rows that depend on the runs alone."""
    memory = np.ones(125_000 * int(os.environ.get("FAULTS_MEMORY", "0")))  # of eight bytes
    time.sleep(3 if len(memory) else 0.2)  # until SLURM has seen it
    parts: dict[str, list[pa.Table]] = {"probes": [], "curves": []}
    for run in runs:
        cell: Cell = run.cell
        own = {"cell": cell.id, "seed": run.seed}
        seed = int.from_bytes(cell.digest[:4], "big") + run.seed
        layers = product(log.probe_epochs, range(1, cell.depth + 2))
        parts["probes"].append(
            made_up(
                "probes", [{**own, "epoch": epoch, "layer": layer} for epoch, layer in layers], seed
            )
        )
        parts["curves"].append(
            made_up("curves", [{**own, "epoch": epoch} for epoch in range(cell.epochs + 1)], seed)
        )
    return SimpleNamespace(**{name: pa.concat_tables(tables) for name, tables in parts.items()})


def write_figures(folder: Path) -> None:
    """Instead of `vgstudy.figures.write.write_figures`: empty pictures."""

    from vgstudy.figures.frames import read_frames
    from vgstudy.figures.registry import figures
    from vgstudy.store.files import write_whole

    nothing = {"takeaway": "", "caption": "", "details": ""}
    specs = figures(read_frames(folder).study)
    captions = {name: {"title": spec.title, **nothing} for name, spec in specs.items()}
    for name in captions:
        for kind in ("svg", "pdf", "png", "csv", "parquet"):
            write_whole(
                folder / "figures" / f"{name}.{kind}",
                b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>',
            )
    write_whole(folder / "figures" / "captions.json", json.dumps(captions).encode())


def replace(name: str, **functions: Any) -> None:
    """Let a module consist of these functions."""
    sys.modules[name] = ModuleType(name)
    vars(sys.modules[name]).update(functions)


if "train" in sys.orig_argv and os.environ.get("FAULTS_ENGINE") != "real":
    sys.modules["tensorflow"] = MagicMock()
    replace("vgstudy.engine.train", train=train)
    replace("vgstudy.engine.simd", set_xla_flags=lambda: None)
# not the Snakemake of a job of a cluster, which is given the rule's name
if sys.orig_argv[2:3] == ["arms"]:
    time.sleep(float(os.environ.get("FAULTS_SECONDS", "0")))
if "figures" in sys.orig_argv:
    replace("vgstudy.figures.write", write_figures=write_figures)
