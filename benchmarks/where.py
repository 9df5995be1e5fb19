"""Where the seconds of a study's workflow go: `python benchmarks/where.py FOLDER`, a folder in
which it ran to its end.

Stages are timed by what Snakemake noted of their jobs, so run the study on an idle machine with no
more jobs at once than cores. Training jobs are split by training one of them again, the middle one
by cost, with a clock around each part.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

PARTS = {
    "__init__": "setting up stacks",
    "advance": "optimizer steps",
    "probe": "probes",
    "test": "tests",
}


def main(
    folder: Annotated[Path, typer.Argument(help="Where the workflow ran.")],
    picture: Annotated[Path | None, typer.Option(help="Draw it there, as SVG or PNG.")] = None,
) -> None:
    """Print where the seconds of a finished workflow went."""
    from bench import shown

    seconds = where(folder)
    whole = sum(seconds.values())
    rows = [
        {"what": name, "seconds": value, "share": value / whole} for name, value in seconds.items()
    ]
    shown(
        "Where the seconds go",
        [*rows, {"what": "together", "seconds": whole, "share": 1.0}],
        "where",
    )
    if picture:
        draw(seconds, picture)


def where(folder: Path) -> dict[str, float]:
    """Core-seconds of the parts of training, then of the other stages, largest first within
    both."""
    from vgstudy.store.parquet import read_footer

    stages = rule_seconds(folder)
    footers = {
        path: read_footer(path)["cost"] for path in folder.glob("results/*/probes/*.parquet")
    }
    start_up = sum(cost["start_up_cpu_seconds"] for cost in footers.values())
    inside = sum(cost["wall_seconds"] for cost in footers.values())
    middle = sorted(footers, key=lambda path: footers[path]["cpu_seconds"])[len(footers) // 2]
    split = part_seconds(middle.parent.parent / "jobs" / f"{middle.stem}.json")
    scale = inside / sum(split.values())
    training = {name: seconds * scale for name, seconds in split.items()}
    rest = stages.pop("train") - inside - start_up
    others = {
        "importing TensorFlow": start_up,
        "ending training processes": max(0.0, rest),
    } | stages
    return _largest_first(training) | _largest_first(others)


def _largest_first(seconds: dict[str, float]) -> dict[str, float]:
    return dict(sorted(seconds.items(), key=lambda item: -item[1]))


def rule_seconds(folder: Path) -> dict[str, float]:
    """Wall seconds of all jobs of each rule; a job of several files counts once."""
    jobs: dict[tuple[str, int, float], float] = {}  # each file of a job has a note of its own
    for path in (folder / ".snakemake" / "metadata").iterdir():
        noted = json.loads(path.read_text())
        jobs[noted["rule"].split("_")[0], noted["job_hash"], noted["endtime"]] = (
            noted["endtime"] - noted["starttime"]
        )
    seconds: Counter[str] = Counter()
    for (rule, _, _), wall in jobs.items():
        seconds[rule] += wall
    return dict(seconds)


def part_seconds(manifest: Path) -> dict[str, float]:
    """CPU seconds of the parts of a training job, trained again here; what is left is making and
    writing tables."""
    os.environ |= {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    from vgstudy.config.log import Log
    from vgstudy.engine import train
    from vgstudy.planning import manifests
    from vgstudy.planning.stacks import stack

    seconds: Counter[str] = Counter()

    def clocked(method: Callable[..., Any], part: str) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            begin = time.process_time()
            try:
                return method(*args, **kwargs)
            finally:
                seconds[part] += time.process_time() - begin

        return timed

    for name, part in PARTS.items():
        setattr(train.Stack, name, clocked(getattr(train.Stack, name), part))
    job = manifests.read(manifest)
    begin = time.process_time()
    for runs in stack(manifests.runs_of(job)):
        train.train(runs, Log.model_validate(job["log"]))
    whole = time.process_time() - begin
    return {**seconds, "tables of rows": whole - sum(seconds.values())}


def draw(seconds: dict[str, float], path: Path) -> None:
    """A bar for each part."""
    import matplotlib.pyplot as plt
    import seaborn as sns

    sns.set_theme(style="whitegrid", rc={"svg.fonttype": "none"})
    whole = sum(seconds.values())
    shares = {
        name: 100 * value / whole for name, value in seconds.items() if value / whole >= 0.0005
    }
    figure, axes = plt.subplots(figsize=(7.5, 0.32 * len(shares) + 0.9), layout="constrained")
    bars = axes.barh(
        list(shares),
        list(shares.values()),
        color=["C0" if name in _training() else "C7" for name in shares],
    )
    axes.bar_label(
        bars, [f"{share:.1f} %, {seconds[name]:.0f} s" for name, share in shares.items()], padding=3
    )
    axes.invert_yaxis()
    axes.set(
        xlabel=f"share of {whole / 60:.1f} core-minutes (%)", xlim=(0, 1.25 * max(shares.values()))
    )
    axes.grid(axis="y", visible=False)
    sns.despine(left=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _training() -> set[str]:
    return {*PARTS.values(), "tables of rows"}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    typer.run(main)
