"""A training process gets exactly the threads it is given, whatever the environment says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nets import cell
from vgstudy.cells import Run, canonical_json
from vgstudy.config.log import Log
from vgstudy.planning import manifests

TRAIN = """
import json, os, sys, time
from vgstudy.cli import app
app(["train", sys.argv[1], "--threads", sys.argv[2]], standalone_mode=False)
import numpy.linalg, scipy.linalg, sklearn, tensorflow as tf, threadpoolctl
from vgstudy.store.parquet import read_footer
from pathlib import Path
manifest = Path(sys.argv[1])
cost = read_footer(manifest.parents[1] / "curves" / f"{manifest.stem}.parquet")["cost"]
print(json.dumps({
    "pools": {
        pool["user_api"] + " " + pool["prefix"]: pool["num_threads"]
        for pool in threadpoolctl.threadpool_info()
    },
    "TensorFlow": [
        getattr(tf.config.threading, f"get_{kind}_op_parallelism_threads")()
        for kind in ("intra", "inter")
    ],
    "busy": (cost["cpu_seconds"] - cost["start_up_cpu_seconds"]) / cost["wall_seconds"],
}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_training_uses_the_threads_it_is_given(tmp_path: Path, threads: int) -> None:
    runs = [Run(cell=cell(epochs=20, depth=8, width=32), seed=seed) for seed in range(64)]
    manifest = manifests.make("threads", Log(probe_epochs=(0, 20), test_every=20), runs)
    path = tmp_path / "threads/jobs" / f"{manifests.job_id(manifest)}.json"
    path.parent.mkdir(parents=True)
    path.write_text(canonical_json(manifest))
    misleading = dict.fromkeys(
        (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "TF_NUM_INTRAOP_THREADS",
            "TF_NUM_INTEROP_THREADS",
        ),
        "7",
    )
    call = [sys.executable, "-c", TRAIN, path, str(threads)]
    done = subprocess.run(
        call, env=os.environ | misleading, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["pools"]
    assert set(found["pools"].values()) == {threads}
    assert found["TensorFlow"] == [threads, 1]
    assert 0 < found["busy"] <= threads * 1.05
