"""Before anything is spent: can it work here? Nothing here writes."""

import os
import shutil
import subprocess
from collections.abc import Collection, Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from vgstudy.config.study import Study
from vgstudy.errors import UserError
from vgstudy.planning import cost
from vgstudy.planning.planning import Plan
from vgstudy.tasks import Mnist

SNAKEMAKE = Path(".snakemake")  # its own notes, in the folder where it runs
DISK_SHARE = (
    1.5  # the tables of a study beside those of its jobs, figures and report: half as much again
)


def check_access(plans: Iterable[Plan], results: Path) -> None:
    """Refuse packages of other versions, and folders and files without the right to read or write.

    Raises
    ------
    UserError
        If so; it says what to do.
    """
    check_packages()
    for path in _files(results):
        if (
            not os.access(path, os.R_OK) and path.exists()
        ):  # and was not taken away by a workflow at work
            raise UserError(
                f"{path}: cannot be read: permission denied; mend that and start again: nothing of it is lost"
            )
    for folder in (
        existing(results),
        *(path for plan in plans for path in _folders(plan.folder)),
        *_folders(results / "logs"),
        *_folders(SNAKEMAKE),
    ):
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise UserError(
                f"{results}: cannot be written: {folder} is no folder that you may write to; change its rights or move it"
            )


def check_space(plans: Iterable[Plan], results: Path) -> None:
    """Refuse to start with too little disk space.

    Raises
    ------
    UserError
        If the tables will take more than is free.
    """
    needed, free = (
        DISK_SHARE * sum(map(disk_bytes, plans)),
        shutil.disk_usage(existing(results)).free,
    )
    if needed > free:
        raise UserError(
            f"{results}: the tables will take {needed / 1e6:,.3g} MB and {free / 1e6:,.3g} MB are free; make room first"
        )


def check_data(plans: Collection[Plan], results: Path) -> None:
    """Refuse an MNIST file that is missing, damaged or another one, if it is named for published
    numbers or to be trained on.

    Raises
    ------
    UserError
        If so.
    """
    untrained = [plan for plan in plans if not all(job.trained for job in plan.jobs.values())]
    published = "conformance" in method_tables([plan.study for plan in plans], results)
    files = {plan.study.task.file for plan in untrained}
    if published and not (results / "conformance.parquet").exists():
        files.add(Mnist.file)
    for file in files - {None}:
        file.check()


def _folders(path: Path) -> list[Path]:
    """A folder and all those below it; none if it does not exist. A file of its name counts as
    one."""
    return [Path(found) for found, _, _ in os.walk(path)] or [path] * os.path.lexists(path)


def _files(folder: Path) -> Iterator[Path]:
    """All files below a folder, and folders that cannot be looked into."""
    for found, folders, names in os.walk(folder):
        yield from (path for name in folders if not os.access(path := Path(found, name), os.X_OK))
        yield from (Path(found, name) for name in names)


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
                    f"{wanted.name}: {found} is installed, vgstudy needs {wanted.specifier}; remove .venv and call `make study`, "
                    "or set up conda's environment anew"
                )


def disk_bytes(plan: Plan) -> float:
    """Disk space of the tables that the plan's untrained jobs will add, in bytes."""
    todo = {job.id for job in plan.jobs.values() if not job.trained}
    sizes = {
        labelled.cell.id: cost.run_bytes(labelled.cell, plan.study.log) for labelled in plan.cells
    }
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
        A line of Linux' /proc/meminfo: MemTotal for all, MemAvailable for what new processes can
        have.
    """
    lines = _lines(Path("/proc/meminfo"))
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{kind}:")]
    own = [
        line.partition("::/")[2]
        for line in _lines(Path("/proc/self/cgroup"))
        if line.startswith("0::/")
    ]
    for group in (Path("/sys/fs/cgroup", path) for path in own):
        limits = [
            line for place in (group, *group.parents) for line in _lines(place / "memory.max")
        ]
        found += [int(limit) for limit in limits if limit.isdigit()]
    return min(found) // 10**6 if found else None


def _lines(path: Path) -> list[str]:
    """The lines of a file of the kernel; none where there is no such file, as off Linux."""
    try:
        return path.read_text(encoding="ascii").splitlines()
    except OSError:
        return []


def method_tables(studies: Iterable[Study], results: Path) -> list[str]:
    """Tables of `results/` that check the methods, made once in a minute; studies on trial need
    only those that are there."""
    wanted = not all(study.trial for study in studies)
    return [
        name
        for name in ("coverage", "conformance")
        if wanted or (results / f"{name}.parquet").exists()
    ]
