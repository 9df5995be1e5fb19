"""Before anything is spent: can it work here, and what will happen? Nothing here writes."""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from vgstudy.config import mnist
from vgstudy.config.study import Study
from vgstudy.errors import UserError
from vgstudy.plan import cost
from vgstudy.plan.planning import Plan
from vgstudy.store import lock, sums
from vgstudy.store.places import TRAINED, job_path, job_tables, shared, tables
from vgstudy.store.provenance import NUMERIC
from vgstudy.wording import plural

SNAKEMAKE = Path(".snakemake")  # its own notes, in the folder where it runs
DISK_SHARE = 1.5  # the tables of a study beside those of its jobs, figures and report: half as much again
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def check(plans: Collection[Plan], results: Path) -> None:
    """Refuse what cannot work on this machine: no right to write, too little disk space, packages of other versions, wrong data.

    Raises
    ------
    UserError
        If so; it says what to do.
    """
    check_packages()
    check_data(plans, results)
    place = existing(results)
    for folder in (
        place,
        *(path for plan in plans for path in _folders(plan.folder)),
        *_folders(results / "logs"),
        *_folders(SNAKEMAKE),
    ):
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise UserError(
                f"{results}: cannot be written: {folder} is no folder that you may write to; change its rights or move it"
            )
    needed, free = DISK_SHARE * sum(map(disk_bytes, plans)), shutil.disk_usage(place).free
    if needed > free:
        raise UserError(
            f"{results}: the tables will take {needed / 1e6:,.1f} MB and {free / 1e6:,.1f} MB are free; make room first"
        )


def check_data(plans: Collection[Plan], results: Path) -> None:
    """Refuse an MNIST file that is missing, damaged or another one, if it is named for published numbers or to be trained on.

    Raises
    ------
    UserError
        If so.
    """
    untrained = [plan for plan in plans if not all(job.trained for job in plan.jobs.values())]
    published = "conformance" in method_tables([plan.study for plan in plans], results)
    if any(plan.study.task.name == "mnist" for plan in untrained) or (
        published and mnist.is_named() and not (results / "conformance.parquet").exists()
    ):
        from vgstudy.data.mnist import check  # which brings scikit-learn

        check()


def _folders(path: Path) -> list[Path]:
    """A folder and all those below it; none if it does not exist. A file of its name counts as one."""
    return [Path(found) for found, _, _ in os.walk(path)] or [path] * os.path.lexists(path)


def existing(path: Path) -> Path:
    """The path, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.absolute().parents) if os.path.lexists(place))


def check_packages() -> None:
    """Refuse packages of other versions than this version of vgstudy asks for; nothing is imported.

    Raises
    ------
    UserError
        If one has another version.
    """
    for text in requires("vgstudy") or ():
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            try:
                found = version(wanted.name)
            except PackageNotFoundError:
                found = "none"
            if found == "none" or found not in wanted.specifier:
                raise UserError(
                    f"{wanted.name}: {found} is installed, vgstudy needs {wanted.specifier}; remove .venv and call `make study`"
                )


def disk_bytes(plan: Plan) -> float:
    """Disk space of the tables that the plan's untrained jobs will add, in bytes."""
    todo = {job.id for job in plan.jobs.values() if not job.trained}
    sizes = {labelled.cell.id: cost.run_bytes(labelled.cell, plan.study.log) for labelled in plan.cells}
    return sum(sizes[cell] for (cell, _), job in plan.job_of.items() if job in todo)


def check_memory(plans: Iterable[Plan]) -> None:
    """Refuse a job that needs more than all the memory of this machine.

    Raises
    ------
    UserError
        If there is one.
    """
    whole = memory("MemTotal")
    for plan in plans:
        largest = max((job.mem_mb for job in plan.jobs.values() if not job.trained), default=0)
        if whole is not None and largest > whole:
            raise UserError(
                f"{plan.study.name}: its largest job needs {largest / 1000:,.1f} GB of memory, this machine has "
                f"{whole / 1000:,.1f} GB; take narrower or shallower networks, or a larger machine"
            )


def check_cluster(executor: str) -> None:
    """Refuse SLURM where there is none, before Snakemake's executor fails in a dozen places.

    Parameters
    ----------
    executor
        The name of Snakemake's executor.

    Raises
    ------
    UserError
        If SLURM's commands are not here, or its controller does not answer.
    """
    if executor != "slurm":
        return
    remedy = "call Snakemake where SLURM's commands work, or without --profile"
    if missing := [name for name in ("sbatch", "sinfo") if not shutil.which(name)]:
        raise UserError(f"SLURM: there is no {missing[0]} here; {remedy}")
    done = subprocess.run(["sinfo", "--noheader"], capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"SLURM: {' '.join(done.stderr.split())}; {remedy}")


def memory(kind: str) -> int | None:
    """Memory of this machine in MB, at most what the control group allows; None if unknown.

    Parameters
    ----------
    kind
        A line of Linux' /proc/meminfo: MemTotal for all, MemAvailable for what new processes can have.
    """
    found = []
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found += [int(line.split()[1]) // 1000 for line in lines if line.startswith(f"{kind}:")]
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")) // 10**6)
    except (OSError, ValueError):  # not Linux, or no limit
        pass
    return min(found, default=None)


def told(plans: Iterable[Plan], results: Path, cores: int | None, damaged: Mapping[Path, str]) -> Iterator[str]:
    """All there is to say before work starts, in sentences; arguments as in `story` and as `damaged` gives them."""
    plans = [made_again(plan, damaged) for plan in plans]
    for plan in plans:
        yield from story(plan, cores)
    yield from whole(plans, results, cores)
    yield from damaged.values()
    yield from settings()
    if at_work := lock.told(results):
        yield at_work


def made_again(plan: Plan, damaged: Collection[Path]) -> Plan:
    """The plan in which jobs with a damaged table are not trained."""
    jobs = {
        id_: replace(job, trained=job.trained and not any(job_path(plan.folder, table, id_) in damaged for table in TRAINED))
        for id_, job in plan.jobs.items()
    }
    return replace(plan, jobs=jobs)


def story(plan: Plan, cores: int | None) -> Iterator[str]:
    """What training will take, in sentences.

    Parameters
    ----------
    cores
        How many this machine gives the workflow; None on a cluster.
    """
    todo = [job for job in plan.jobs.values() if not job.trained]
    if not todo:
        yield f"{plan.study.name}: all {plural(len(plan.job_of), 'run')} are trained"
        return
    minutes = cost.wall_seconds([job.seconds for job in todo], cores or len(todo)) / 60
    where = f"on {plural(cores, 'core')}" if cores else "if all run at once"
    yield (
        f"{plan.study.name}: trains {plural(sum(job.n_runs for job in todo), 'run')} in {plural(len(todo), 'job')}, "
        f"about {minutes:.1f} minutes {where}, {disk_bytes(plan) / 1e6:,.1f} MB of tables"
    )
    largest, free = max(job.mem_mb for job in todo), memory("MemAvailable")
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
    """What everything together will take, from training to the report, in a sentence; nothing if all runs are trained.

    A study's steps after training wait for one another, so the wall time is at least that of the study which takes longest.
    """
    todo = [([job.seconds for job in plan.jobs.values() if not job.trained], plan) for plan in plans]
    todo = [(jobs, plan) for jobs, plan in todo if jobs]
    if not todo:
        return
    named = method_tables([plan.study for plan in plans], results)
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


def method_tables(studies: Iterable[Study], results: Path) -> list[str]:
    """Tables of `results/` that check the methods, made once in a minute; studies on trial need only those that are there."""
    wanted = not all(study.trial for study in studies)
    return [name for name in ("coverage", "conformance") if wanted or (results / f"{name}.parquet").exists()]


def settings(environ: Mapping[str, str] = os.environ) -> Iterator[str]:
    """What the environment's settings of TensorFlow do to numbers and threads, in sentences."""
    for name in NUMERIC:
        if name in environ:
            yield f"{name}={environ[name]} is set: numbers can differ in their last digits from those made without it"
    for name in THREADS:
        if name in environ:
            yield f"{name}={environ[name]} is set and has no effect: a job uses the threads that its rule gives it"


def damaged(plans: Sequence[Plan], results: Path) -> dict[Path, str]:
    """The outputs on disk, manifests, tables, pictures, pages, that cannot be used, and why; every byte of them is read.

    Snakemake knows of another design by its own notes, which somebody may have deleted or not have copied with the results.
    """
    from vgstudy.store.logs import verify  # Arrow is not needed for the rest

    again = (job.path for plan in plans for job in plan.jobs.values() if job.new and (job.begun or job.path.exists()))
    wrong = {True: "is no job manifest, or was changed", False: "is missing, unlike what was trained from it"}
    found = {path: f"{path} {wrong[path.exists()]}; it is written again" for path in again}
    paths, designs = shared(results), {plan.digest for plan in plans}
    for plan in plans:
        paths |= tables(plan.folder, plan.jobs)
    for path, table in paths.items():
        if path.exists():
            try:
                footer = verify(table, path)
            except UserError as error:
                found[path] = f"{str(error).partition(';')[0]}; it is made again"
            else:
                if table == "runs" and footer["digest"] not in designs:
                    found[path] = f"{path} is of another design than the study's now; it is made again with what follows from it"
    for folder, output in {
        results: results / "report.html",
        **{plan.folder / "figures": plan.folder / "figures" for plan in plans},
    }.items():
        if output.exists() and (files := sums.changed(folder)):
            found[output] = f"{files[0]} is damaged, changed or missing; {output} is made again with what belongs to it"
    return found


def lost(plans: Iterable[Plan], damaged: Collection[Path]) -> set[Path]:
    """The damaged manifests of jobs of which a table is damaged too."""
    return {
        job.path
        for plan in plans
        for job in plan.jobs.values()
        if job.path in damaged and any(path in damaged for path in job_tables(plan.folder, [job.id]))
    }
