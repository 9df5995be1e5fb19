"""CPU seconds and memory of the analysis of the default study with 30 seeds, on made-up logs.

`python benchmarks/analysis.py FOLDER` writes logs of 21,600 runs of 500 epochs into FOLDER/synthetic and runs the steps after
training, without figures and report. Steps are processes of their own, as in the workflow; those of jobs run one after another.
"""

import resource
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from synthetic import write_synthetic_study

VGSTUDY = Path(sys.executable).with_name("vgstudy")
DESIGN = {"depths": range(1, 21), "seeds": range(30), "epochs": 500, "probe_epochs": [0, 1, 2, 5, 10, 20, 50, 100, 200, 500]}


def timed(name: str, calls: Iterable[tuple[str, Path]]) -> None:
    """Run `vgstudy` commands and print their CPU seconds together, and the largest memory of any process so far."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for command, path in calls:
        subprocess.run([VGSTUDY, command, path], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name}: {seconds:.1f} CPU seconds; largest process so far {after.ru_maxrss / 1024:.0f} MiB", flush=True)


if __name__ == "__main__":
    folder = Path(sys.argv[1]) / "synthetic"
    write_synthetic_study(folder, estimate=False, **DESIGN)
    jobs = sorted((folder / "probes").iterdir())
    timed(f"decay of {len(jobs)} jobs", (("decay", path) for path in jobs))
    for step in ("estimate", "predict", "overlay"):
        timed(step, [(step, folder)])
