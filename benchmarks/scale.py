"""How planning and scheduling grow with thousands of jobs, what a thousand cores would do, and the
search for damaged tables.

`python benchmarks/scale.py [--seeds 225 900] [--schedule]` prints a line for each number of seeds
and kind of work.
"""

import argparse
import re
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from vgstudy.config.load import load_study
from vgstudy.planning import cost
from vgstudy.planning.plan import plan_study
from vgstudy.schema import TABLES
from vgstudy.store import parquet

ROOT = Path(__file__).parents[1]
FILES = 1000
CORES = (1, 8, 64, 1000)
STAND_IN = """#!/bin/sh
job=$(basename "${2%.*}")
case $1 in
  train) touch results/wide/probes/$job.parquet results/wide/curves/$job.parquet ;;
  decay) shift; for path; do touch "results/wide/decays/$(basename "$path")"; done ;;
  *) exec REAL "$@" ;;
esac
"""  # of vgstudy: Snakemake's own work is left


@contextmanager
def workflow(seeds: int) -> Iterator[Path]:
    """A folder with the workflow and the default study's cells at widths 50 and 100, with so many
    seeds."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("Snakefile", "workflow", "profiles", "environment.yml", "config"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, Path(folder) / part)
        studies = Path(folder) / "config/studies"
        study = (ROOT / "config/studies/extensions.yaml").read_text()
        (studies / "wide.yaml").write_text(
            re.sub(
                "reference: 5}", "reference: 50}", re.sub(r"width: \[.*", "width: [50, 100]", study)
            )
        )
        (studies.parent / "config.yaml").write_text(f"studies: wide\nseeds: {seeds}\n")
        yield Path(folder)


def timed(folder: Path, *call: str) -> tuple[str, str]:
    """What a command said, and its CPU seconds, wall seconds and memory in words."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begin
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stderr, f"{seconds:.1f} CPU seconds, {wall:.1f} s, {after.ru_maxrss / 1024:.0f} MiB"


def dry_run(seeds: int) -> str:
    """Plan the study through Snakemake."""
    with workflow(seeds) as folder:
        said, took = timed(
            folder, str(Path(sys.executable).with_name("snakemake")), "--dry-run", "--quiet"
        )
    jobs = re.findall(r"^ (?:train|total) +(\d+)", said, re.MULTILINE)
    return f"{seeds} seeds: dry-run: {jobs[0]} training jobs, {jobs[1]} jobs in all: {took}"


def schedule(seeds: int) -> str:
    """Run all jobs of training and decay through Snakemake on two cores, `vgstudy` being a shell
    script that touches files."""
    with workflow(seeds) as folder:
        binaries = folder / "bin"  # the Snakefile calls the vgstudy beside the Python that runs it
        binaries.mkdir()
        (binaries / "vgstudy").write_text(
            STAND_IN.replace("REAL", str(Path(sys.executable).with_name("vgstudy")))
        )
        (binaries / "vgstudy").chmod(0o755)
        (binaries / "python").symlink_to(Path(sys.executable).resolve())
        path = f"PYTHONPATH={sysconfig.get_path('purelib')}:{ROOT / 'src'}"
        call = (
            "env",
            path,
            str(binaries / "python"),
            "-m",
            "snakemake",
            "--cores",
            "2",
            "--omit-from",
            "estimate",
            "trajectories",
            "--quiet",
            "progress",
        )
        took = timed(folder, *call)[1]
        done = len([*folder.glob("results/wide/probes/*.parquet")])
    return f"{seeds} seeds: scheduling: {done} training jobs: {took}"


def projection(seeds: int) -> str:
    """Minutes of training by the cost model, by the number of cores; the longest job bounds
    them."""
    with workflow(seeds) as folder:
        jobs = plan_study(
            load_study(folder / "config/studies/wide.yaml", tuple(range(seeds))), folder / "results"
        ).jobs.values()
    seconds = [job.seconds for job in jobs]
    walls = ", ".join(
        f"{cost.wall_seconds(seconds, cores) / 60:,.1f} minutes on {cores}" for cores in CORES
    )
    longest, runs = (max(seconds) + cost.START_UP) / 60, sum(job.n_runs for job in jobs)
    work = f"{runs:,} runs, {len(jobs)} training jobs, longest {longest:.1f} minutes"
    return f"{seeds} seeds: {work}: {walls} cores"


def search() -> str:
    """Verify many small tables."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "decays/0.parquet"
        empty = {
            name: pa.array([], type=type_) for name, (type_, _) in TABLES["decays"].columns.items()
        }
        parquet.write_table("decays", empty, path, {})
        copies = [
            shutil.copy(path, path.with_name(f"{number}.parquet")) for number in range(1, FILES + 1)
        ]
        begin = time.process_time()
        for copy in copies:
            parquet.check_footer("decays", Path(copy))
        milliseconds = (time.process_time() - begin) / FILES * 1e3
        return f"verifying a small table: {milliseconds:.2f} CPU milliseconds"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Time the planning of thousands of jobs.")
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=[225, 900],
        help="numbers of seeds (default 225 900)",
    )
    parser.add_argument(
        "--schedule", action="store_true", help="run the jobs too, as stand-ins (some minutes)"
    )
    options = parser.parse_args()
    for number in options.seeds:
        for work in (projection, dry_run, *([schedule] if options.schedule else [])):
            print(work(number), flush=True)
    print(search())
