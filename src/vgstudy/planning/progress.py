"""How far a running study is, and when its training will end."""

import os
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

import numpy as np

from vgstudy.errors import UserError
from vgstudy.formatting import plural
from vgstudy.planning.speed import JOBS
from vgstudy.store.parquet import read_footer
from vgstudy.store.tables import job_path

# set by a workflow whose jobs run on this machine: how many run at a time
AT_ONCE = "VGSTUDY_JOBS_AT_ONCE"


def progress(folder: Path, now: datetime) -> str:
    """Return in one sentence which jobs of a study are trained, and when the others will be.

    Jobs are of about equal size, so those left are expected to take as long as the newest trained
    ones took: wall time on this machine, CPU time where other machines run the jobs.
    """
    manifests = {path.stem for path in folder.glob("jobs/*.json")}
    newest_last = sorted(folder.glob("curves/*.parquet"), key=lambda path: path.stat().st_mtime)
    trained = [path.stem for path in newest_last if path.stem in manifests]
    left = len(manifests) - len(trained)
    done = f"{folder.name}: {len(trained)} of {plural(len(manifests), 'job')} trained"
    seconds = _seconds_per_job(folder, trained[-JOBS:])
    if not left or seconds is None:
        return done
    if not (at_once := os.environ.get(AT_ONCE, "")).isdecimal() or not int(at_once):
        return f"{done}, about {left * seconds / 60:.1f} core-minutes left"
    wall = ceil(left / int(at_once)) * seconds
    end = now + timedelta(seconds=wall)
    return f"{done}, about {wall / 60:.1f} minutes left, until {end:%H:%M}"


def _seconds_per_job(folder: Path, jobs: list[str]) -> float | None:
    """Return the mean seconds of trained jobs, start-up included; None without one."""
    seconds = []
    for job in jobs:
        try:
            cost = read_footer(job_path(folder, "curves", job))["cost"]
            seconds.append(cost["start_up_cpu_seconds"] + cost["wall_seconds"])
        except (UserError, KeyError):
            continue
    return float(np.mean(seconds)) if seconds else None
