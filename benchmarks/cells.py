"""Time and memory of figures and report for a study of many cells, and the weight of the page.

`python benchmarks/cells.py FOLDER [--widths 28]` writes a finished study of 360 cells for each
width, 3 seeds each, on made-up logs into FOLDER/synthetic (a quarter of an hour), then draws its
figures and writes its report, each in a process of its own.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from synthetic import write_synthetic_study

DESIGN = {"depths": range(1, 21), "seeds": range(3), "epochs": 20, "probe_epochs": [0, 20]}


def timed(step: str, *arguments: str) -> None:
    """Run a step of `vgstudy`; print its CPU seconds, wall seconds and memory."""
    begin = time.monotonic()
    process = subprocess.Popen([Path(sys.executable).with_name("vgstudy"), step, *arguments])
    _, status, used = os.wait4(process.pid, 0)
    seconds, wall = used.ru_utime + used.ru_stime, time.monotonic() - begin
    print(
        f"{step}: {seconds:.1f} CPU seconds, {wall:.1f} s, {used.ru_maxrss / 1024:.0f} MiB",
        flush=True,
    )
    if status:
        sys.exit(f"{step} failed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Time the figures and the report of a study of many cells."
    )
    parser.add_argument("folder", type=Path, help="where to write the made-up study")
    parser.add_argument(
        "--widths", type=int, default=28, help="360 cells each (default 28: 10,080 cells)"
    )
    options = parser.parse_args()
    study = options.folder / "synthetic"
    begin = time.process_time()
    write_synthetic_study(study, widths=range(2, 2 + options.widths), **DESIGN)
    print(f"logs and estimates: {time.process_time() - begin:.1f} CPU seconds", flush=True)
    timed("figures", str(study))
    timed("report", str(options.folder), "synthetic")
    print(f"report.html: {(options.folder / 'report.html').stat().st_size / 1e6:.1f} MB")
