"""The smoke study on a real SLURM cluster of one node gives the files that it gives here, bit for bit.

`make test-slurm` calls it: it starts the cluster, runs the study in both ways through Snakemake, compares, and stops the cluster.
Exit code 0 if they agree, and also, with a line that says so, where SLURM cannot be installed.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from sites import ROOT, Site

SLURM = ("--profile", "profiles/slurm", "--jobs", "2", "--default-resources", "slurm_partition=main", "mem_mb=1500", "runtime=10")
QUICK = ("--latency-wait", "5", "--slurm-init-seconds-before-status-checks", "3", "--seconds-between-status-checks", "3")
CLUSTER = Path(__file__).with_name("cluster.sh")


def smoke(folder: Path) -> Site:
    """A folder with the workflow and the smoke study."""
    folder.mkdir()
    site = Site(folder, "real")
    (folder / "config/config.yaml").write_text("studies: smoke\n")
    (folder / "config/studies/smoke.yaml").write_bytes((ROOT / "config/studies/smoke.yaml").read_bytes())
    return site


def main() -> int:
    """Start, run, compare, stop."""
    with tempfile.TemporaryDirectory(prefix="vgstudy-slurm-") as folder:
        cluster = Path(folder) / "cluster"
        started = subprocess.run([CLUSTER, "up", cluster])
        try:
            if started.returncode == 77:
                print("SKIPPED: the SLURM test did not run")
                return 0
            if started.returncode:
                return 1
            os.environ["SLURM_CONF"] = str(cluster / "slurm.conf")
            here, there = smoke(Path(folder) / "here"), smoke(Path(folder) / "there")
            here.complete()
            said = there.complete(*SLURM, *QUICK)
            submitted = said.count("has been submitted with SLURM jobid")
            same = here.files() == there.files()
            print(f"{submitted} SLURM jobs; {len(here.files())} files are {'equal bit for bit' if same else 'DIFFERENT'}")
            return 0 if same and submitted >= 5 else 1
        finally:
            subprocess.run([CLUSTER, "down", cluster], check=True)


if __name__ == "__main__":
    sys.exit(main())
