"""What the workflow will do and what it will cost, in sentences; how far a running study is."""

import os
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path

import numpy as np

from vgstudy.errors import UserError
from vgstudy.formatting import plural
from vgstudy.planning import checks, cost
from vgstudy.planning.plan import Plan
from vgstudy.planning.speed import JOBS, Speed
from vgstudy.store.parquet import read_footer
from vgstudy.store.provenance import NUMERIC
from vgstudy.store.tables import job_path

# set by a workflow whose jobs run on this machine: how many run at a time
AT_ONCE = "VGSTUDY_JOBS_AT_ONCE"


def forecast(plans: Collection[Plan], cores: int | None, speed: Speed) -> Iterator[str]:
    """Yield what will happen, in sentences.

    Parameters
    ----------
    cores
        Cores of this machine that run jobs; None if other machines run them.
    speed
        How fast this machine is.
    """
    for plan in plans:
        yield from training(plan, cores, speed)
        yield from memory_limit(plan, cores)
    yield from total(plans, cores, speed)
    yield from settings()


def training(plan: Plan, cores: int | None, speed: Speed) -> Iterator[str]:
    """Yield what training will take; arguments as in `forecast`."""
    name = plan.study.name
    if plan.left_out:
        runs = plural(plan.left_out, "trained run")
        yield f"{name}: {runs} of other levels or seeds stay on disk and are left out"
    if not plan.untrained:
        yield f"{name}: all {plural(len(plan.job_of), 'run')} are trained"
        return
    seconds = [job.seconds for job in plan.untrained]
    runs = plural(sum(job.n_runs for job in plan.untrained), "run")
    minutes = speed.wall * cost.wall_seconds(seconds, cores or len(seconds)) / 60
    yield (
        f"{name}: trains {runs} in {plural(len(seconds), 'job')}, "
        f"about {minutes:.1f} minutes {_where(cores)}, "
        f"{checks.disk_bytes(plan) / 1e6:,.1f} MB of tables"
    )


def memory_limit(plan: Plan, cores: int | None) -> Iterator[str]:
    """Yield how many jobs fit into the free memory, if not as many as there are cores."""
    free = checks.memory("MemAvailable")
    largest = max((job.mem_mb for job in plan.untrained), default=0)
    if not cores or free is None or largest * min(cores, len(plan.untrained)) <= free:
        return
    start = (
        f"{plan.study.name}: its largest job needs {largest / 1000:.1f} GB of memory, "
        f"{free / 1000:.1f} GB are free: "
    )
    if largest > free:
        yield (
            f"{start}it does not fit here; take narrower or shallower networks, close other "
            "programs, or use a larger machine"
        )
    else:
        yield (
            f"{start}at most {plural(free // largest, 'job')} at a time fit, so call Snakemake "
            f"with --resources mem_mb={free}"
        )


def total(plans: Collection[Plan], cores: int | None, speed: Speed) -> Iterator[str]:
    """Yield what everything together will take; nothing if all runs are trained.

    A study's steps after training wait for one another, so the wall time is at least that of the
    study which takes longest.
    """
    plans = [plan for plan in plans if plan.untrained]
    if not plans:
        return
    work, longest = cost.REPORT, 0.0
    for plan in plans:
        seconds = [job.seconds for job in plan.untrained]
        analysis = cost.analysis_seconds(len(plan.cells), len(plan.job_of))
        work += cost.START_UP * len(seconds) + sum(seconds) + analysis
        path = cost.wall_seconds(seconds, cores or len(seconds)) + analysis + cost.REPORT
        longest = max(longest, path)
    wall = speed.wall * max(longest, work / cores if cores else 0)
    work *= speed.slowness
    yield (
        f"all together, with analysis, figures and report: about {work / 60:.1f} core-minutes, "
        f"{wall / 60:.1f} minutes {_where(cores)}; {speed.sentence}"
    )


def _where(cores: int | None) -> str:
    return f"on {plural(cores, 'core')}" if cores else "if all run at once"


def settings(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Yield which environment variables of TensorFlow can change numbers."""
    for name in NUMERIC:
        if name in environ:
            yield (
                f"{name}={environ[name]} is set: numbers can differ in their last digits from "
                "those made without it"
            )


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
