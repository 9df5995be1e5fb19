"""Where a study's numbers come from: versions, machine, settings, hashes of the tables, cost."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vgstudy.formatting import listing, number, plural
from vgstudy.report.table import Table
from vgstudy.schema import JOB_TABLES, STUDY_TABLES
from vgstudy.store.parquet import read_footer
from vgstudy.store.tables import design_jobs, job_path, shared

Footer = Mapping[str, Any]


def read_provenance(folder: Path) -> dict[str, Any]:
    """Return what made the tables in a study's folder.

    `versions`: versions, machine and settings, as name and value; `hashes`: rows and SHA-256 of
    every table; `cost`: what training took, in a sentence; `config`: the resolved study as JSON;
    `citation`: how to cite the numbers.

    Raises
    ------
    UserError
        If a table of the study is missing or damaged.
    """
    footers = {name: read_footer(folder / f"{name}.parquet") for name in STUDY_TABLES}
    jobs = design_jobs(folder)
    trained = [read_footer(path) for path in job_files(folder, "probes", jobs)]
    study = footers["runs"]["study"]
    made_by = footers["estimates"]["provenance"]
    sources = [footer["provenance"] for footer in (*footers.values(), *trained)]
    costs = [job_cost(footer) for footer in trained if "cost" in footer]
    return {
        "versions": version_table(sources),
        "hashes": hash_table(folder, footers, jobs),
        "cost": cost_sentence(costs, len(jobs)),
        "config": json.dumps(study, indent=1, ensure_ascii=False),
        "citation": citation(folder.name, made_by, json.dumps(study, sort_keys=True)),
    }


def job_files(folder: Path, table: str, jobs: Iterable[str]) -> list[Path]:
    """Return the files of a job table that exist."""
    paths = (job_path(folder, table, job) for job in jobs)
    return [path for path in paths if path.exists()]


def job_cost(footer: Footer) -> Footer:
    """Return the cost of a job with the runs it trained, where its manifest is known."""
    if "manifest" not in footer:
        return dict(footer["cost"])
    runs = sum(len(run["seeds"]) for run in footer["manifest"]["runs"])
    return {**footer["cost"], "runs": runs}


def version_table(sources: Iterable[Footer]) -> Table:
    """Return each version, machine or setting with its value, or values where tables differ."""
    values: dict[str, dict[str, None]] = {}
    for source in sources:
        nested = {**source.get("packages", {}), **source.get("flags", {})}
        flat = {key: source[key] for key in source if key not in ("packages", "flags", "utc")}
        for name, value in {**flat, **nested}.items():
            text = "none" if value is None else str(value)
            values.setdefault(name, {})[text] = None
    rows = tuple((name, listing(texts)) for name, texts in values.items())
    return Table("Versions, machine, settings", ("what", "value"), rows)


def hash_table(folder: Path, footers: Mapping[str, Footer], jobs: Sequence[str]) -> Table:
    """Return rows and SHA-256 of the study's tables and of those that it shares; of the jobs'
    tables, that of their joined hashes."""
    rows = [
        (f"{name}.parquet", f"{footers[name]['rows']:,}", file_hash(folder / f"{name}.parquet"))
        for name in STUDY_TABLES
    ]
    for name in JOB_TABLES:
        if paths := job_files(folder, name, jobs):
            total = sum(read_footer(path)["rows"] for path in paths)
            joint = hashlib.sha256("".join(map(file_hash, paths)).encode()).hexdigest()
            rows.append((f"{name}/ ({plural(len(paths), 'file')})", f"{total:,}", joint))
    for path in shared(folder.parent):
        if path.exists():
            rows.append((f"../{path.name}", f"{read_footer(path)['rows']:,}", file_hash(path)))
    return Table("Hashes of the tables", ("table", "rows", "SHA-256"), tuple(rows))


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cost_sentence(costs: Sequence[Footer], jobs: int) -> str:
    """Return CPU time, longest job and peak memory of training, in a sentence."""
    if not costs:
        return "What training took was not recorded."
    cpu = duration(sum(cost["cpu_seconds"] for cost in costs))
    longest = duration(max(cost["wall_seconds"] for cost in costs))
    known = "" if len(costs) == jobs else f" (recorded for {len(costs)})"
    memory = max((cost["peak_mb"] for cost in costs if "peak_mb" in cost), default=None)
    peak = f" and the largest needed {number(memory, 0)} MiB of memory" if memory else ""
    runs = sum(cost.get("runs", 0) for cost in costs)
    what = f"Training {plural(runs, 'run')}" if runs else "Training"
    return (
        f"{what} took {cpu} of CPU time in {plural(jobs, 'job')}{known}; the longest trained for "
        f"{longest} on the clock{peak}."
    )


def duration(seconds: float) -> str:
    """Return a time as text, in seconds, minutes or hours."""
    if seconds < 120:
        return f"{number(seconds)} s"
    if seconds < 7200:
        return f"{number(seconds / 60)} min"
    return f"{number(seconds / 3600)} h"


def citation(name: str, provenance: Footer, study: str) -> str:
    """Return how to cite the study: program, version, commit, study, digest of its settings."""
    commit = f", commit {provenance['commit'][:12]}" if provenance.get("commit") else ""
    digest = hashlib.sha256(study.encode()).hexdigest()[:12]
    year, version = provenance["utc"][:4], provenance["packages"]["vgstudy"]
    program = f"vgstudy {version}{commit}: vanishing gradients with evidence"
    return f"The vgstudy developers ({year}). {program}. Study {name}, settings {digest}."
