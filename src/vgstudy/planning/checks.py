"""Checks before training: do memory, disk space and data suffice?"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from vgstudy.errors import UserError
from vgstudy.planning import cost
from vgstudy.planning.plan import Plan

# the tables of a study, figures and report take half as much again as the tables of its jobs
DISK_SHARE = 1.5


def check_resources(plans: Iterable[Plan], results: Path, cores: int | None) -> None:
    """Refuse to start what cannot end for want of memory, disk space or data.

    Parameters
    ----------
    cores
        Cores of this machine that run jobs; None if other machines run them.

    Raises
    ------
    UserError
        If a job needs more memory than this machine has, the tables will take more space than is
        free, or a data file to train on is missing, damaged or another one.
    """
    plans = list(plans)
    check_data(plans)
    check_space(plans, results)
    if cores:
        check_memory(plans)


def check_data(plans: Iterable[Plan]) -> None:
    """Refuse a data file that is missing, damaged or another one, if it is to be trained on."""
    for file in {plan.study.task.file for plan in plans if plan.untrained}:
        if file:
            file.check()


def check_space(plans: Iterable[Plan], results: Path) -> None:
    """Refuse to start with too little disk space."""
    needed = DISK_SHARE * sum(map(disk_bytes, plans))
    folder = next(path for path in (results, *results.absolute().parents) if os.path.lexists(path))
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{results}: the tables will take {needed / 1e6:,.3g} MB and {free / 1e6:,.3g} MB are "
            "free; make room first"
        )


def check_memory(plans: Iterable[Plan]) -> None:
    """Refuse a job that needs more than all the memory of this machine."""
    whole = memory("MemTotal")
    for plan in plans:
        largest = max((job.mem_mb for job in plan.untrained), default=0)
        if whole is not None and largest > whole:
            raise UserError(
                f"{plan.study.name}: its largest job needs {largest / 1000:,.1f} GB of memory, "
                f"this machine has {whole / 1000:,.1f} GB; take narrower or shallower networks, or "
                "a larger machine"
            )


def disk_bytes(plan: Plan) -> float:
    """Return the disk space of the tables that the untrained jobs will add, in bytes."""
    untrained = {job.id for job in plan.untrained}
    sizes = {
        labelled.cell.id: cost.run_bytes(labelled.cell, plan.study.log) for labelled in plan.cells
    }
    return sum(sizes[cell] for (cell, _), job in plan.job_of.items() if job in untrained)


def memory(kind: str) -> int | None:
    """Return the memory of this machine in MB, at most what the control group allows.

    Parameters
    ----------
    kind
        A line of Linux' /proc/meminfo: MemTotal for all, MemAvailable for what new processes can
        have.

    Returns
    -------
    int or None
        None if it is unknown.
    """
    sizes = [
        int(line.split()[1]) * 1024
        for line in _lines(Path("/proc/meminfo"))
        if line.startswith(f"{kind}:")
    ]
    for line in _lines(Path("/proc/self/cgroup")):
        if line.startswith("0::/"):
            sizes += _limits(Path("/sys/fs/cgroup", line.partition("::/")[2]))
    return min(sizes) // 10**6 if sizes else None


def _limits(group: Path) -> list[int]:
    """Return the memory limits of a control group and of all that contain it, in bytes."""
    lines = [line for place in (group, *group.parents) for line in _lines(place / "memory.max")]
    return [int(line) for line in lines if line.isdigit()]


def _lines(path: Path) -> list[str]:
    """Return the lines of a file of the kernel; none where there is no such file, as off Linux."""
    try:
        return path.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
