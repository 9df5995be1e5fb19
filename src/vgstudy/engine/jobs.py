"""One job from its manifest to its two files."""

import resource
import sys
import time
from pathlib import Path

import tensorflow as tf
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from vgstudy.config.log import Log
from vgstudy.engine.train import train
from vgstudy.planning import manifests
from vgstudy.planning.stacks import stack
from vgstudy.schema import TRAINED
from vgstudy.store.parquet import open_writer
from vgstudy.store.paths import job_path


def run(path: Path, threads: int = 1) -> None:
    """Train the job of a manifest `results/NAME/jobs/JOB.json`; write `../probes/JOB.parquet` and
    `../curves/JOB.parquet`.

    Each stack is one row group of both files. Their footers carry the manifest and what the job
    cost: CPU seconds of the process, those before training, wall seconds of training, peak memory
    in MiB.

    Parameters
    ----------
    path
        The manifest.
    threads
        Size of TensorFlow's thread pools. It does not reach the numbers.

    Raises
    ------
    UserError
        If the manifest cannot be read or was changed.
    """
    start_up, begin = time.process_time(), time.perf_counter()
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.get_logger().setLevel(
        "ERROR"
    )  # every stack is a graph of its own, of which TensorFlow warns
    manifest = manifests.read(path)
    stacks, log = stack(manifests.runs_of(manifest)), Log.model_validate(manifest["log"])
    files = [job_path(path.parent.parent, table, path.stem) for table in TRAINED]
    footer = {"job": path.stem, "manifest": manifest, "threads": threads}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed} of {task.total} runs"),
        TimeElapsedColumn(),
    )
    with (
        Progress(
            *columns, console=Console(stderr=True), disable=not sys.stderr.isatty()
        ) as progress,
        open_writer("probes", files[0], footer) as probes,
        open_writer("curves", files[1], footer) as curves,
    ):
        bar = progress.add_task(f"training {path.stem}", total=sum(map(len, stacks)))
        for runs in stacks:
            trained = train(runs, log)
            probes.write(trained.probes)
            curves.write(trained.curves)
            progress.advance(bar, len(runs))
        cpu, wall = time.process_time(), time.perf_counter() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
            2**20 if sys.platform == "darwin" else 2**10
        )
        cost = {
            "cpu_seconds": cpu,
            "start_up_cpu_seconds": start_up,
            "wall_seconds": wall,
            "peak_mb": peak,
        }
        for writer in (probes, curves):
            writer.footer["cost"] = cost
