"""The speed of this machine, from the jobs that it has trained."""

from pathlib import Path

import pytest

from vgstudy.planning.plan import Plan, write_design
from vgstudy.planning.speed import Speed, read_speed
from vgstudy.schema import TABLES
from vgstudy.store.parquet import write_table


def pretend_trained(planned: Plan, slowness: float) -> None:
    """Write curves without rows that took a multiple of the foretold time after 5 s of start-up."""
    write_design(planned)
    empty: dict[str, list[object]] = {name: [] for name in TABLES["curves"].columns}
    for job in planned.jobs.values():
        cost = {"cpu_seconds": 5 + slowness * job.seconds, "start_up_cpu_seconds": 5.0}
        path = planned.folder / "curves" / f"{job.id}.parquet"
        write_table("curves", empty, path, {"job": job.id, "cost": cost})


def test_without_trained_jobs_the_calibrated_speed_is_assumed(planned: Plan) -> None:
    speed = read_speed(planned.folder.parent)
    assert speed == Speed()
    assert "until a job is trained here" in speed.sentence


def test_trained_jobs_say_how_slow_the_machine_is_by_hand(planned: Plan) -> None:
    pretend_trained(planned, 1.7)
    speed = read_speed(planned.folder.parent)
    assert (speed.slowness, speed.jobs) == (pytest.approx(1.7), len(planned.jobs))
    assert "which took 1.70 times the calibrated time" in speed.sentence


def test_damaged_and_foreign_jobs_are_left_out(planned: Plan, tmp_path: Path) -> None:
    pretend_trained(planned, 2)
    (planned.folder / "curves" / "abc.parquet").write_bytes(b"no table")
    assert read_speed(planned.folder.parent).slowness == pytest.approx(2)
