"""Where a study's numbers come from: versions, machine, settings, hashes of the tables, cost."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vgstudy.formatting import listing, number, plural
from vgstudy.report.findings import Table
from vgstudy.schema import JOB_TABLES, STUDY_TABLES
from vgstudy.store.parquet import read_footer
from vgstudy.store.paths import job_path, shared
from vgstudy.store.tables import design_jobs

Footer = Mapping[str, Any]


@dataclass(frozen=True)
class Origin:
    """What made a study's tables.

    Attributes
    ----------
    made
        Versions, machine and settings, as name and value.
    hashes
        Rows and SHA-256 of every table.
    cost
        What training took, in a sentence.
    costs, jobs
        The same as each job recorded it, and how many jobs there are.
    config
        The resolved study as JSON.
    cite
        How to cite the numbers.
    """

    made: Table
    hashes: Table
    cost: str
    costs: tuple[Footer, ...]
    jobs: int
    config: str
    cite: str


def origin(folder: Path) -> Origin:
    """Collect where the tables in a study's folder come from.

    Raises
    ------
    UserError
        If a table of the study is missing or damaged.
    """
    footers = {name: read_footer(folder / f"{name}.parquet") for name in STUDY_TABLES}
    jobs = design_jobs(folder)
    trained = [
        read_footer(path) for job in jobs if (path := job_path(folder, "probes", job)).exists()
    ]
    study = footers["runs"]["study"]
    costs = [footer["cost"] | runs_of(footer) for footer in trained if "cost" in footer]
    return Origin(
        made=made_table([footer["provenance"] for footer in (*footers.values(), *trained)]),
        hashes=hash_table(folder, footers, jobs),
        cost=cost_sentence(costs, len(jobs)),
        costs=tuple(costs),
        jobs=len(jobs),
        config=json.dumps(study, indent=1, ensure_ascii=False),
        cite=citation(
            folder.name, footers["estimates"]["provenance"], json.dumps(study, sort_keys=True)
        ),
    )


def made_table(sources: Iterable[Footer]) -> Table:
    """Each version, machine or setting with its value; several values where the tables differ."""
    values: dict[str, dict[str, None]] = {}
    for source in sources:
        flat = {
            key: value for key, value in source.items() if key not in ("packages", "flags", "utc")
        }
        for name, value in {
            **flat,
            **source.get("packages", {}),
            **source.get("flags", {}),
        }.items():
            values.setdefault(name, {})["none" if value is None else str(value)] = None
    return Table(
        "What made the tables",
        ("what", "value"),
        tuple((name, listing(found)) for name, found in values.items()),
    )


def hash_table(folder: Path, footers: Mapping[str, Footer], jobs: Iterable[str]) -> Table:
    """Rows and SHA-256 of the study's tables and of those that it shares; of the jobs' tables, that
    of their joined hashes."""
    rows = [
        (f"{name}.parquet", f"{footers[name]['rows']:,}", file_hash(folder / f"{name}.parquet"))
        for name in STUDY_TABLES
    ]
    for name in JOB_TABLES:
        paths = [path for job in jobs if (path := job_path(folder, name, job)).exists()]
        if paths:
            total = sum(read_footer(path)["rows"] for path in paths)
            joint = hashlib.sha256("".join(map(file_hash, paths)).encode()).hexdigest()
            rows.append((f"{name}/ ({plural(len(paths), 'file')})", f"{total:,}", joint))
    for path in shared(folder.parent):
        if path.exists():
            rows.append((f"../{path.name}", f"{read_footer(path)['rows']:,}", file_hash(path)))
    return Table("Tables", ("table", "rows", "SHA-256"), tuple(rows))


def file_hash(path: Path) -> str:
    """SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cost_sentence(costs: Sequence[Footer], jobs: int) -> str:
    """CPU time, longest job and peak memory of training."""
    if not costs:
        return "What training took was not recorded."
    cpu, longest = (
        sum(cost["cpu_seconds"] for cost in costs),
        max(cost["wall_seconds"] for cost in costs),
    )
    known = "" if len(costs) == jobs else f" (recorded for {len(costs)})"
    memory = max((cost["peak_mb"] for cost in costs if "peak_mb" in cost), default=None)
    peak = f" and the largest needed {number(memory, 0)} MiB of memory" if memory else ""
    runs = sum(cost.get("runs", 0) for cost in costs)
    what = f"Training {plural(runs, 'run')}" if runs else "Training"
    took = f"{what} took {duration(cpu)} of CPU time in {plural(jobs, 'job')}{known}"
    return f"{took}; the longest trained for {duration(longest)} on the clock{peak}."


def runs_of(footer: Footer) -> dict[str, int]:
    """How many runs a job trained, more than a study has that was made smaller since; nothing
    without the job's manifest."""
    return (
        {"runs": sum(len(run["seeds"]) for run in footer["manifest"]["runs"])}
        if "manifest" in footer
        else {}
    )


def duration(seconds: float) -> str:
    """A time as text, in seconds, minutes or hours."""
    unit, size = ("s", 1) if seconds < 120 else ("min", 60) if seconds < 7200 else ("h", 3600)
    return f"{number(seconds / size)} {unit}"


def citation(name: str, provenance: Footer, study: str) -> str:
    """How to cite the study: program, version, commit, study, digest of its settings."""
    commit = f", commit {provenance['commit'][:12]}" if provenance.get("commit") else ""
    digest = hashlib.sha256(study.encode()).hexdigest()[:12]
    year, version = provenance["utc"][:4], provenance["packages"]["vgstudy"]
    program = f"vgstudy {version}{commit}: vanishing gradients with evidence"
    return f"The vgstudy developers ({year}). {program}. Study {name}, settings {digest}."
