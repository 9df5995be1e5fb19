"""What is on disk and cannot be used: every byte of every output is read."""

import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from vgstudy.errors import UserError
from vgstudy.plan.planning import Plan
from vgstudy.store import sums
from vgstudy.store.places import TRAINED, job_path, job_tables, shared, tables


def damaged(plans: Sequence[Plan], results: Path) -> dict[Path, str]:
    """The outputs on disk, manifests, tables, pictures, pages, that cannot be used, and why; every byte of them is read.

    Snakemake knows of another design by its own notes, which somebody may have deleted or not have copied with the results.

    Raises
    ------
    UserError
        If a table cannot be read for want of rights.
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
            if not os.access(path, os.R_OK):
                raise UserError(f"{path} cannot be read: permission denied; give yourself the right to")
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


def made_again(plan: Plan, damaged: Collection[Path]) -> Plan:
    """The plan in which jobs with a damaged table are not trained."""
    jobs = {
        id_: replace(job, trained=job.trained and not any(job_path(plan.folder, table, id_) in damaged for table in TRAINED))
        for id_, job in plan.jobs.items()
    }
    return replace(plan, jobs=jobs)
