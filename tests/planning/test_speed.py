"""How fast this machine is, and how busy."""

from pathlib import Path

import pytest

from vgstudy.planning import speed
from vgstudy.planning.plan import Plan, write_design
from vgstudy.planning.speed import Speed, measured_speed, read_speed
from vgstudy.schema import TABLES
from vgstudy.store.parquet import write_table


def pretend_to_take(planned: Plan, slowness: float) -> None:
    """Write curves without rows that took a multiple of the foretold time after 5 s of start-up."""
    write_design(planned)
    empty: dict[str, list[object]] = {name: [] for name in TABLES["curves"].columns}
    for job in planned.jobs.values():
        cost = {"cpu_seconds": 5 + slowness * job.seconds, "start_up_cpu_seconds": 5.0}
        path = planned.folder / "curves" / f"{job.id}.parquet"
        write_table("curves", empty, path, {"job": job.id, "cost": cost})


def test_where_other_machines_run_jobs_the_calibrated_speed_is_assumed(planned: Plan) -> None:
    assumed = read_speed(planned.folder.parent, None)
    assert assumed == Speed()
    assert "until a job is trained here" in assumed.sentence


def test_without_trained_jobs_the_speed_is_measured(planned: Plan) -> None:
    measured = read_speed(planned.folder.parent, 1)
    assert measured.sentence.startswith("measured just now: ")
    assert measured.slowness > 0
    assert 0 < measured.share <= 1


def test_the_measure_counts_steps_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thread takes ten steps in 2 s of CPU time and 4 s of wall time."""
    monkeypatch.setattr(speed, "_train", lambda _: (10, 2.0, 4.0))
    monkeypatch.setattr(speed, "STEP", 0.1)
    measured = measured_speed(3)
    assert (measured.slowness, measured.share) == (pytest.approx(2), 0.5)
    assert measured.wall == pytest.approx(4)
    assert measured.sentence.endswith("; other programs leave 50% of each core")


def test_trained_jobs_say_how_slow_the_machine_is_by_hand(planned: Plan) -> None:
    pretend_to_take(planned, 1.7)
    taken = read_speed(planned.folder.parent, None)
    assert taken.slowness == pytest.approx(1.7)
    assert taken.sentence == "the last 1 job trained here took 1.70 times the calibrated time"


def test_damaged_and_foreign_jobs_are_left_out(planned: Plan, tmp_path: Path) -> None:
    pretend_to_take(planned, 2)
    (planned.folder / "curves" / "abc.parquet").write_bytes(b"no table")
    assert read_speed(planned.folder.parent, None).slowness == pytest.approx(2)
