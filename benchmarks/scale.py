"""How planning grows: CPU seconds of a dry-run for thousands of jobs, and of the search for damaged tables.

`python benchmarks/scale.py [--seeds 225 900]` prints a line for each number of seeds, then one for the search.
"""

import argparse
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from vgstudy.schema import COLUMNS
from vgstudy.store import logs

ROOT = Path(__file__).parents[1]
FILES = 1000


def dry_run(seeds: int) -> str:
    """Plan the default study's cells at widths 50 and 100, with so many seeds, through Snakemake."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("Snakefile", "workflow", "profiles", "environment.yml"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, Path(folder) / part)
        studies = Path(folder) / "config/studies"
        studies.mkdir(parents=True)
        study = (ROOT / "config/studies/extensions.yaml").read_text()
        (studies / "wide.yaml").write_text(re.sub(r"width:.*", "width: [50, 100]", study))
        (studies.parent / "config.yaml").write_text(f"studies: wide\nseeds: {seeds}\n")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        call = [str(Path(sys.executable).with_name("snakemake")), "--dry-run", "--quiet"]
        said = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=True).stderr
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    jobs = re.findall(r"^ (?:train|total) +(\d+)", said, re.MULTILINE)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = after.ru_maxrss / 1024
    return f"{seeds} seeds: {jobs[0]} training jobs, {jobs[1]} jobs in all: {seconds:.1f} CPU seconds, {peak:.0f} MiB"


def search() -> str:
    """Verify many small tables."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "decays/0.parquet"
        empty = {name: pa.array([], type=type_) for name, (type_, _) in COLUMNS["decays"].items()}
        logs.write_table("decays", empty, path, {})
        copies = [shutil.copy(path, path.with_name(f"{number}.parquet")) for number in range(1, FILES + 1)]
        begin = time.process_time()
        for copy in copies:
            logs.verify("decays", Path(copy))
        return f"verifying a small table: {(time.process_time() - begin) / FILES * 1e3:.2f} CPU milliseconds"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Time the planning of thousands of jobs.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[225, 900], help="numbers of seeds (default 225 900)")
    for number in parser.parse_args().seeds:
        print(dry_run(number), flush=True)
    print(search())
