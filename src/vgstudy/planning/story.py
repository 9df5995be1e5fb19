"""Before anything is spent: what will happen, in sentences."""

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from vgstudy.formatting import plural
from vgstudy.planning import cost, preflight
from vgstudy.planning.planning import Plan
from vgstudy.store import lock
from vgstudy.store.provenance import NUMERIC

THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def told(
    plans: Collection[Plan], results: Path, cores: int | None, damaged: Mapping[Path, str]
) -> Iterator[str]:
    """All there is to say before work starts, in sentences; arguments as in `training`, and what
    `damage.damaged` gives."""
    for plan in plans:
        yield from training(plan, cores)
    yield from whole(plans, results, cores)
    yield from dict.fromkeys(damaged.values())
    yield from settings()
    if at_work := lock.told(results):
        yield at_work


def training(plan: Plan, cores: int | None) -> Iterator[str]:
    """What training will take, in sentences.

    Parameters
    ----------
    cores
        How many this machine gives the workflow; None on a cluster.
    """
    if plan.left_out:
        yield f"{plan.study.name}: {plural(plan.left_out, 'trained run')} of other levels or seeds stay on disk and are left out"
    todo = [job for job in plan.jobs.values() if not job.trained]
    if not todo:
        yield f"{plan.study.name}: all {plural(len(plan.job_of), 'run')} are trained"
        return
    minutes = cost.wall_seconds([job.seconds for job in todo], cores or len(todo)) / 60
    where = f"on {plural(cores, 'core')}" if cores else "if all run at once"
    yield (
        f"{plan.study.name}: trains {plural(sum(job.n_runs for job in todo), 'run')} in {plural(len(todo), 'job')}, "
        f"about {minutes:.1f} minutes {where}, {preflight.disk_bytes(plan) / 1e6:,.1f} MB of tables"
    )
    largest, free = max(job.mem_mb for job in todo), preflight.memory("MemAvailable")
    if cores and free is not None and largest > free:
        yield (
            f"{plan.study.name}: its largest job needs {largest / 1000:.1f} GB of memory, {free / 1000:.1f} GB are free: it does "
            "not fit here; take narrower or shallower networks, close other programs, or use a larger machine"
        )
    elif cores and free is not None and largest * min(cores, len(todo)) > free:
        yield (
            f"{plan.study.name}: its largest job needs {largest / 1000:.1f} GB of memory, {free / 1000:.1f} GB are free: "
            f"at most {plural(free // largest, 'job')} at a time fit, so call Snakemake with --resources mem_mb={free}"
        )


def whole(plans: Collection[Plan], results: Path, cores: int | None) -> Iterator[str]:
    """What everything together will take, from training to the report, in a sentence; nothing if
    all runs are trained.

    A study's steps after training wait for one another, so the wall time is at least that of the
    study which takes longest.
    """
    todo = [
        ([job.seconds for job in plan.jobs.values() if not job.trained], plan) for plan in plans
    ]
    todo = [(jobs, plan) for jobs, plan in todo if jobs]
    if not todo:
        return
    named = preflight.method_tables([plan.study for plan in plans], results)
    lacking = any(not (results / f"{name}.parquet").exists() for name in named)
    total, longest = cost.REPORT + cost.CHECKS * lacking, 0.0
    for jobs, plan in todo:
        follow = cost.follow_seconds(len(plan.cells), len(plan.job_of))
        total += cost.START_UP * len(jobs) + sum(jobs) + follow
        longest = max(longest, cost.wall_seconds(jobs, cores or len(jobs)) + follow + cost.REPORT)
    wall = max(longest, total / cores if cores else 0)
    where = f"on {plural(cores, 'core')}" if cores else "if all run at once"
    yield (
        f"all together, with analysis, figures{', checks of the methods' * lacking} and report: about {total / 60:.1f} "
        f"core-minutes, {wall / 60:.1f} minutes {where}"
    )


def settings(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """What the environment's settings of TensorFlow do to numbers and threads, in sentences."""
    for name in NUMERIC:
        if name in environ:
            yield f"{name}={environ[name]} is set: numbers can differ in their last digits from those made without it"
    for name in THREADS:
        if name in environ:
            yield f"{name}={environ[name]} is set and has no effect: a job uses the threads that its rule gives it"
