"""CPU seconds and memory of the analysis, on made-up logs: by default those of the default study
with 30 seeds.

`python benchmarks/analysis.py FOLDER` writes logs of 21,600 runs of 500 epochs into
FOLDER/synthetic, unless they are there, and runs the steps after training, without figures and
report. Steps are processes of their own, as in the workflow, decay one for each batch of jobs; they
run one after another. 100 million rows of probes: `--widths 5 --seeds 2400 --cells-per-job 9
--steps decay`.
"""

import argparse
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from synthetic import write_synthetic_study

VGSTUDY = Path(sys.executable).with_name("vgstudy")
DESIGN = {
    "depths": range(1, 21),
    "epochs": 500,
    "probe_epochs": [0, 1, 2, 5, 10, 20, 50, 100, 200, 500],
}
STEPS = ("estimate", "predict", "overlay")


def timed(step: str, study: Path, rows: int) -> None:
    """Run a step; print its CPU seconds together, rows a second, and the largest memory of
    any process so far."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([VGSTUDY, step, study], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    speed = f"{rows / seconds / 1e6:.2f} million rows of probes a second"
    largest = f"largest process so far {after.ru_maxrss / 1024:.0f} MiB"
    print(f"{step}: {seconds:.1f} CPU seconds, {speed}; {largest}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Time the analysis of made-up logs.")
    parser.add_argument("folder", type=Path, help="where the logs are, or will be written")
    parser.add_argument("--widths", type=int, nargs="+", default=[5, 25])
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument(
        "--cells-per-job",
        type=int,
        default=40,
        help="half of their seeds are in one job, half in another",
    )
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS)
    options = parser.parse_args()
    study = options.folder / "synthetic"
    if not (study / "runs.parquet").exists():
        seeds, widths = (
            range(1000, 1000 + options.seeds),
            options.widths,
        )  # 999 is a seed of no design
        write_synthetic_study(
            study, options.cells_per_job, estimate=False, widths=widths, seeds=seeds, **DESIGN
        )
    jobs = sorted((study / "probes").iterdir())
    rows = sum(pq.read_metadata(path).num_rows for path in jobs)
    print(f"{rows / 1e6:.1f} million rows of probes in {len(jobs)} jobs", flush=True)
    for step in options.steps:
        timed(step, study, rows)
