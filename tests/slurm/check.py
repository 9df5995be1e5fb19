"""Run the smoke study on a real SLURM cluster of one node and compare with a local run.

`make test-slurm` calls it: it starts the cluster, runs the study in both ways through Snakemake,
compares bit for bit, then runs a small study with made-up training whose jobs exceed the memory and
the time of their first attempt, and stops the cluster. Where the cluster has accounting, the status
comes from `sacct` in the second study and its efficiency report must name every job. Exit code 0 if
all is well, and also, with a line that says so, where SLURM cannot be installed.
"""

import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from sites import ROOT, Site

SLURM = (
    "--profile",
    "profiles/slurm",
    "--jobs",
    "2",
    "--default-resources",
    "slurm_partition=main",
    "mem_mb=1500 * attempt",
)
QUICK = (
    "--latency-wait",
    "5",
    "--slurm-init-seconds-before-status-checks",
    "3",
    "--seconds-between-status-checks",
    "3",
)
CLUSTER = Path(__file__).with_name("cluster.sh")
REPORT = ("--slurm-status-command", "sacct", "--slurm-efficiency-report")  # need accounting
WANTS = {
    "FAULTS_MEMORY": "1500",
    "FAULTS_SECONDS": "75",
}  # more than the first attempt has, less than the second


def smoke(folder: Path) -> Site:
    """A folder with the workflow and the smoke study."""
    folder.mkdir()
    site = Site(folder, "all")
    (folder / "config/config.yaml").write_text("studies: smoke\n")
    (folder / "config/studies/smoke.yaml").write_bytes(
        (ROOT / "config/studies/smoke.yaml").read_bytes()
    )
    return site


def submitted(output: str) -> int:
    """How many jobs SLURM was given."""
    return output.count("has been submitted with SLURM jobid")


def same_files(folder: Path) -> bool:
    """Run the smoke study here and there; say whether all files are equal."""
    here, there = smoke(folder / "here"), smoke(folder / "there")
    here.complete()
    output = there.complete(*SLURM, "runtime=10 * attempt", *QUICK)
    ours, theirs = here.files(), there.files()
    equal = sum(theirs.get(name) == content for name, content in ours.items())
    count = len(ours.keys() | theirs.keys())
    print(
        f"{submitted(output)} SLURM jobs; files equal bit for bit: {equal} of {count}", flush=True
    )
    return ours == theirs and submitted(output) >= 5


def accounting() -> bool:
    """Whether the cluster has it."""
    return subprocess.run(["sacct"], capture_output=True).returncode == 0


def reported(folder: Path, jobs: int) -> bool:
    """Say what the efficiency report holds, and whether that is a line for each job, with its rule,
    processor time and memory."""
    with next(folder.glob("efficiency_report_*.csv")).open() as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["RuleName"] and float(row["RequestedMem_MB"]) > 0
        ]
    named, used = (
        {row["MainJobID"] for row in rows},
        [row for row in rows if float(row["MaxRSS_MB"]) > 0],
    )
    print(
        f"efficiency report: {len(named)} of {jobs} jobs, {len(used)} of {len(rows)} steps with "
        "the memory they took",
        flush=True,
    )
    return len(named) == jobs and len(used) > 0


def more_for_another_attempt(folder: Path) -> bool:
    """Run a study whose training exceeds its memory and one of whose steps exceeds its time once;
    say whether it ends well."""
    folder.mkdir()
    report = REPORT if accounting() else ()
    output = Site(folder, wants=WANTS).complete(*SLURM, "runtime=1 * attempt", *QUICK, *report)
    tried = {rule: output.count(f"Failed {rule} ") for rule in ("train", "arms")}
    print(
        f"killed by SLURM and submitted again with more: {tried['train']} of 4 for memory, "
        f"{tried['arms']} of 1 for time"
    )
    complete = not report or reported(folder, submitted(output))
    return complete and tried == {"train": 4, "arms": 1}


def main() -> int:
    """Start, run, compare, stop."""
    with tempfile.TemporaryDirectory(prefix="vgstudy-slurm-") as folder:
        cluster = Path(folder) / "cluster"
        Path(folder).chmod(0o755)  # the database has a user of its own
        started = subprocess.run([CLUSTER, "up", cluster])
        try:
            if started.returncode == 77:
                print("SKIPPED: the SLURM test did not run")
                return 0
            if started.returncode:
                return 1
            os.environ["SLURM_CONF"] = str(cluster / "slurm.conf")
            done = [same_files(Path(folder)), more_for_another_attempt(Path(folder) / "more")]
            return 0 if all(done) else 1
        finally:
            subprocess.run([CLUSTER, "down", cluster], check=True)


if __name__ == "__main__":
    sys.exit(main())
