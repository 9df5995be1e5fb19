"""One job from its manifest to its two files."""

import json

import pytest

from nets import cell
from vgstudy.cells import Run, canonical_json
from vgstudy.config.log import Log
from vgstudy.engine import job
from vgstudy.engine.train import train
from vgstudy.errors import UserError
from vgstudy.planning import manifests
from vgstudy.store.parquet import read_footer, read_table

LOG = Log(probe_epochs=(0, 2), test_every=1)
RUNS = [
    Run(cell=cell(epochs=2, activation=activation), seed=seed)
    for activation in ("tanh", "relu")
    for seed in (0, 3)
]


@pytest.fixture
def manifest(tmp_path, monkeypatch):
    monkeypatch.setattr(
        job.tf.config.threading, "set_intra_op_parallelism_threads", lambda n: None
    )  # TensorFlow is running already
    monkeypatch.setattr(job.tf.config.threading, "set_inter_op_parallelism_threads", lambda n: None)
    made = manifests.make("small", LOG, RUNS)
    path = tmp_path / "small" / "jobs" / f"{manifests.job_id(made)}.json"
    path.parent.mkdir(parents=True)
    path.write_text(canonical_json(made))
    return path


def test_a_job_writes_the_rows_that_training_gives(manifest):
    job.run(manifest)
    trained = train(RUNS, LOG)
    for name, rows in (("probes", trained.probes), ("curves", trained.curves)):
        path = manifest.parents[1] / name / f"{manifest.stem}.parquet"
        table, footer = read_table(name, path), read_footer(path)
        assert table.num_rows == rows.num_rows == footer["rows"]
        for column in ("seed", "epoch"):
            assert table[column].to_pylist() == rows[column].to_pylist()
        assert set(table["cell"].to_pylist()) == {run.cell.id for run in RUNS}
        assert footer["manifest"] == json.loads(manifest.read_text())
        cost = footer["cost"]
        assert 0 <= cost["start_up_cpu_seconds"] < cost["cpu_seconds"]
        assert cost["peak_mb"] > 100
    loss = read_table("curves", path)["train_loss"].to_pylist()
    assert loss == trained.curves["train_loss"].to_pylist()


def test_a_manifest_that_was_changed_is_refused_and_nothing_written(manifest):
    manifest.write_text(manifest.read_text().replace('"epochs":2', '"epochs":3'))
    with pytest.raises(UserError, match="its name is not the hash of its content"):
        job.run(manifest)
    assert [path.name for path in manifest.parents[1].iterdir()] == ["jobs"]
