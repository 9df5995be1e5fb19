"""Train one job: from its manifest to its two files."""

import gc
import resource
import sys
import time
from pathlib import Path

import tensorflow as tf

from vgstudy.config.log import Log
from vgstudy.engine.simd import set_xla_flags
from vgstudy.engine.train import train
from vgstudy.planning import manifests
from vgstudy.planning.stacks import stack
from vgstudy.schema import TRAINED
from vgstudy.store.parquet import open_writer
from vgstudy.store.tables import job_path


def run(path: Path, threads: int = 1) -> None:
    """Train the job of a manifest `results/NAME/jobs/JOB.json`; write `../probes/JOB.parquet` and
    `../curves/JOB.parquet`.

    Each stack is one row group of both files. Their footers carry the manifest and the job's cost:
    CPU seconds of the process, those before training, wall seconds of training, peak memory in MiB.

    Parameters
    ----------
    path
        The manifest.
    threads
        Size of TensorFlow's thread pools. Does not affect the results.

    Raises
    ------
    UserError
        If the manifest cannot be read or was changed.
    """
    start_up_cpu, begin = time.process_time(), time.perf_counter()
    _set_up(threads)
    manifest = manifests.read(path)
    stacks, log = stack(manifests.runs_of(manifest)), Log.model_validate(manifest["log"])
    probes_path, curves_path = (job_path(path.parent.parent, table, path.stem) for table in TRAINED)
    footer = {"job": path.stem, "manifest": manifest, "threads": threads}
    with (
        open_writer("probes", probes_path, footer) as probes,
        open_writer("curves", curves_path, footer) as curves,
    ):
        for runs in stacks:
            trained = train(runs, log)
            probes.write(trained.probes)
            curves.write(trained.curves)
            # compiled functions refer to themselves; without this they stay in memory
            del trained
            gc.collect()
        cost = {
            "cpu_seconds": time.process_time(),
            "start_up_cpu_seconds": start_up_cpu,
            "wall_seconds": time.perf_counter() - begin,
            "peak_mb": _peak_mb(),
        }
        for writer in (probes, curves):
            writer.footer["cost"] = cost


def _set_up(threads: int) -> None:
    """Configure TensorFlow and XLA, before either computes anything."""
    set_xla_flags()
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    # Every stack is a graph of its own, which TensorFlow warns of.
    tf.get_logger().setLevel("ERROR")


def _peak_mb() -> float:
    """Return the peak memory of the process in MiB; Linux counts in KiB, macOS in bytes."""
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
