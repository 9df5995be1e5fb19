"""What is on disk and cannot be used: every byte of every output is read."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vgstudy.errors import Damaged
from vgstudy.planning.planning import Plan
from vgstudy.schema import TABLES, TRAINED
from vgstudy.stages import STAGES
from vgstudy.store import sums
from vgstudy.store.places import job_path, shared, study_tables, tables


def damaged(plans: Sequence[Plan], results: Path) -> dict[Path, str]:
    """The outputs on disk, manifests, tables, pictures, pages, that cannot be used, and why; every
    byte of them is read.

    Snakemake knows of other designs and versions by its own notes, which somebody may have deleted
    or not have copied with the results; the footers tell it too.

    Raises
    ------
    UserError
        If a table cannot be read for another reason than its content.
    """
    manifests = (
        job.path
        for plan in plans
        for job in plan.jobs.values()
        if job.new and (job.begun or job.path.exists())
    )
    told = {
        True: "is no job manifest, or was changed",
        False: "is missing, unlike what was trained from it",
    }
    found = {path: f"{path} {told[path.exists()]}; it is written again" for path in manifests}
    for plan in plans:
        own = {path: _wrong(table, path) for path, table in tables(plan.folder, plan.jobs).items()}
        found |= {path: why for path, why in own.items() if why}
        found |= _of_another_design(plan, [path for path, why in own.items() if not why])
    found |= {path: why for path, table in shared(results).items() if (why := _wrong(table, path))}
    claims, studies = results / "claims.parquet", [plan.study.name for plan in plans]
    if (
        claims.exists()
        and claims not in found
        and _footer("claims", claims).get("studies") != studies
    ):
        found[claims] = f"{claims} is of other studies; it is made again with what follows from it"
    pictures = {plan.folder / "figures": (plan.folder / "figures", "figures") for plan in plans}
    for output, (folder, stage) in (
        {results / "report.html": (results, "report")} | pictures
    ).items():
        if output.exists() and (wrong := sums.wrong(folder, stage)):
            found[output] = f"{wrong}; {output} is made again with what belongs to it"
    return found


def _wrong(table: str, path: Path) -> str | None:
    """Why a table on disk must be made again, whatever the design; None if it need not or is not
    there."""
    if not path.exists():
        return None
    try:
        footer = _footer(table, path)
    except Damaged as error:
        return f"{str(error).partition(';')[0]}; it is made again"
    stage = TABLES[table].stage
    if stage != "train" and footer.get("stage") != STAGES.get(
        stage
    ):  # a job's manifest names the version that trains it
        return f"tables made by `vgstudy {stage}` are of another version of vgstudy; they are made again"
    return None


def _of_another_design(plan: Plan, paths: Iterable[Path]) -> dict[Path, str]:
    """Those of a study's whole tables that were made for another design of it, and why that
    matters."""
    runs = plan.folder / "runs.parquet"
    others = [
        path
        for path, table in study_tables(plan.folder).items()
        if path in paths and path.exists() and _footer(table, path).get("digest") != plan.digest
    ]
    if runs in others:
        return {
            runs: f"{runs} is of another design than the study's now; it is made again with what follows from it"
        }
    return dict.fromkeys(
        others,
        f"{plan.study.name}: tables are of another design than the study's now; they are made again",
    )


def _footer(table: str, path: Path) -> dict[str, Any]:
    from vgstudy.store.logs import verify  # Arrow is not needed for the rest

    return verify(table, path)


def made_again(plan: Plan, damaged: Collection[Path]) -> Plan:
    """The plan in which jobs with a damaged table are not trained."""
    jobs = {
        id_: replace(
            job,
            trained=job.trained
            and not any(job_path(plan.folder, table, id_) in damaged for table in TRAINED),
        )
        for id_, job in plan.jobs.items()
    }
    return replace(plan, jobs=jobs)
