"""Memory, disk and data before anything is trained."""

import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from vgstudy.config.load import load_study
from vgstudy.errors import UserError
from vgstudy.planning import checks, cost
from vgstudy.planning.plan import Plan, plan_study

STUDY = Path(__file__).parents[2] / "config/studies/smoke.yaml"
Usage = namedtuple("Usage", "total used free")


def all_trained(planned: Plan) -> Plan:
    return replace(
        planned, jobs={id_: replace(job, trained=True) for id_, job in planned.jobs.items()}
    )


def test_a_sufficient_machine_passes_and_nothing_is_written(planned: Plan, tmp_path: Path) -> None:
    checks.check_resources([planned], tmp_path / "results", cores=2)
    assert list(tmp_path.iterdir()) == []


def test_too_little_disk_space_is_refused_by_hand(
    planned: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = sum(cost.run_bytes(labelled.cell, planned.study.log) for labelled in planned.cells)
    needed = 216 / 54 * rows
    assert checks.disk_bytes(planned) == pytest.approx(needed)
    assert checks.disk_bytes(all_trained(planned)) == 0
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 1.5 * needed))
    checks.check_resources([planned], tmp_path / "results", cores=None)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, 1.5 * needed - 1))
    message = r"results: the tables will take [\d.]+ MB and [\d.]+ MB are free; make room first"
    with pytest.raises(UserError, match=message):
        checks.check_resources([planned], tmp_path / "results", cores=None)


def test_a_damaged_mnist_file_is_refused_before_training_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "text.npz").write_text("<html>")
    monkeypatch.setenv("VGSTUDY_MNIST", str(tmp_path / "text.npz"))
    mnist = plan_study(load_study(STUDY.with_name("mnist.yaml")), tmp_path / "results")
    with pytest.raises(UserError, match=r"text\.npz"):
        checks.check_data([mnist])
    checks.check_data([all_trained(mnist)])
    checks.check_data([plan_study(load_study(STUDY), tmp_path / "results")])


def test_a_job_larger_than_the_memory_is_refused_by_hand(
    planned: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = max(job.mem_mb for job in planned.jobs.values())
    monkeypatch.setattr(checks, "memory", {"MemTotal": largest}.get)
    checks.check_memory([planned])
    monkeypatch.setattr(checks, "memory", {"MemTotal": largest - 1}.get)
    message = r"smoke: its largest job needs [\d.]+ GB of memory, this machine has [\d.]+ GB; take"
    with pytest.raises(UserError, match=message):
        checks.check_resources([planned], tmp_path, cores=2)
    checks.check_memory([all_trained(planned)])
    # the memory of a cluster is not that of this machine
    checks.check_resources([planned], tmp_path, cores=None)


def test_the_smallest_limit_of_all_control_groups_counts_by_hand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kernel = {
        "/proc/meminfo": "MemTotal: 2000000 kB\nMemAvailable: 1000000 kB",
        "/proc/self/cgroup": "1:name=systemd:/\n0::/slurm/job_7/step",
        "/sys/fs/cgroup/slurm/job_7/step/memory.max": "max",
        "/sys/fs/cgroup/slurm/job_7/memory.max": "512000000",
        "/sys/fs/cgroup/memory.max": "900000000",
    }
    monkeypatch.setattr(checks, "_lines", lambda path: kernel.get(str(path), "").splitlines())
    assert checks.memory("MemTotal") == 512
    del kernel["/sys/fs/cgroup/slurm/job_7/memory.max"]
    assert checks.memory("MemTotal") == 900
    kernel["/proc/self/cgroup"] = "0::/elsewhere"
    del kernel["/sys/fs/cgroup/memory.max"]
    assert checks.memory("MemAvailable") == 1024
    kernel.clear()
    assert checks.memory("MemTotal") is None


def test_free_memory_is_plausible() -> None:
    assert 100 < (checks.memory("MemAvailable") or 1e9) < 1e8
