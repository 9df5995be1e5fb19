"""Faults on purpose: kills at random moments and damaged files, in a small study of its own.

`python tests/faults.py --points 200 [--engine real] [--seed 0]` runs the long version, `make faults` calls it. After every fault
the files that are there must be whole and equal to an undisturbed run's; at the end of every round plain `snakemake --cores 2`
must complete with all of them.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from vgstudy.store.logs import read_footer, read_table

ROOT = Path(__file__).parents[1]
STUDY = """
title: Faults
task: {name: circles}
factors:
  depth: [1, 2, 4, 5]
  width: 2
  activation: {tanh: tanh}
  initializer: {Xavier: glorot_uniform, He: he_uniform}
  optimizer: {SGD: SGD}
training: {epochs: 2, batch_size: 32}
seeds: 4
log: {probe_epochs: [0, 2], test_every: 1}
outcome: {learned_above: 0.5}
"""
KILLS = ("power cut", "snakemake", "trainer", "SIGTERM", "Ctrl-C")
DAMAGES = ("truncated", "flipped bit", "empty", "foreign", "another job's", "missing", "old", "from the future")


@dataclass
class Site:
    """A folder with the workflow, the package as it is now, and the study `faults`."""

    folder: Path
    engine: str = "stand-in"
    results: Path = field(init=False)

    def __post_init__(self) -> None:
        for part in ("Snakefile", "workflow", "profiles", "environment.yml", "config/claims", "src", "tests/stand_in"):
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, self.folder / part)
        (self.folder / "config/studies").mkdir()
        (self.folder / "config/config.yaml").write_text("studies: faults\n")
        (self.folder / "config/studies/faults.yaml").write_text(STUDY)
        self.results = self.folder / "results"

    @property
    def environment(self) -> dict[str, str]:
        """That of processes which take the package and the stand-in from here."""
        path = os.pathsep.join([str(self.folder / "src"), str(self.folder / "tests/stand_in")])
        return os.environ | {"PYTHONPATH": path, "FAULTS_ENGINE": self.engine}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Snakemake in a session of its own, its output in the file `said`."""
        call = [str(Path(sys.executable).with_name("snakemake")), "--cores", "2", *arguments]
        with (self.folder / "said").open("w") as said:
            return subprocess.Popen(
                call,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                text=True,
                start_new_session=True,
            )

    def said(self) -> str:
        """What the last call printed."""
        return (self.folder / "said").read_text()

    def complete(self, *arguments: str) -> str:
        """Run plain `snakemake --cores 2` to its end; what it said.

        Raises
        ------
        AssertionError
            If it fails.
        """
        assert self.start(*arguments).wait() == 0, self.said()
        return self.said()

    def tables(self) -> list[Path]:
        """Every table of the study."""
        return sorted(path for path in self.results.rglob("*.parquet") if path.parent.name != "figures")

    def files(self) -> dict[str, object]:
        """What every finished file holds; times and costs of making it aside. Reading verifies it."""
        return {
            str(path.relative_to(self.results)): content(path)
            for path in sorted(self.results.rglob("*"))
            if path.is_file() and "logs" not in path.parts and path.name[0] != "." and path.name not in COSTS
        }


COSTS = ("report.html", "summary.md")  # they tell what it cost


def content(path: Path) -> object:
    """What a file holds, for comparison."""
    if path.suffix != ".parquet" or path.parent.name == "figures":
        return path.read_bytes()
    footer = {key: value for key, value in read_footer(path).items() if key not in ("provenance", "cost")}
    return footer, read_table(footer["table"], path).to_pydict().__repr__()  # NaN equals NaN as text


def processes(session: int) -> Iterator[tuple[int, str]]:
    """Ids and command lines of the processes of a session."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == session:
                    yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (ProcessLookupError, FileNotFoundError):
                continue


def kill(process: subprocess.Popen[str], how: str) -> None:
    """Do one of KILLS to a running workflow and wait until it is gone."""
    if how == "trainer":
        trainers = [pid for pid, command in processes(process.pid) if "vgstudy" in command and "snakemake" not in command]
        for pid in trainers[:1]:
            os.kill(pid, signal.SIGKILL)
    elif how == "power cut":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.send_signal({"snakemake": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "Ctrl-C": signal.SIGINT}[how])
    process.wait()


def killed(site: Site, how: str, moment: float) -> dict[str, object]:
    """Start the workflow and do one of KILLS after so many seconds; the finished files that are there then."""
    process = site.start()
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        kill(process, how)
    return site.files()


def damage(path: Path, how: str, rng: random.Random) -> None:
    """Do one of DAMAGES to a file."""
    whole = path.read_bytes()
    if how == "truncated":
        path.write_bytes(whole[: rng.randrange(1, len(whole))])
    elif how == "flipped bit":
        at = rng.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << rng.randrange(8)]) + whole[at + 1 :])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "foreign":
        pq.write_table(pa.table({"seed": [1]}), path)
    elif how == "another job's":
        others = sorted(set(path.parent.glob("*.parquet")) - {path})
        shutil.copy(rng.choice(others), path)
    elif how == "missing":
        path.unlink()
    else:  # the clock was changed
        days = -3000 if how == "old" else 3000
        os.utime(path, (time.time() + 86400 * days,) * 2)


def damaged_as_told(site: Site, how: str, rng: random.Random) -> None:
    """Damage a table, run the workflow to its end, and look whether it said so."""
    path = rng.choice(site.tables())
    damage(path, how, rng)
    said = site.complete()
    if how not in ("missing", "old", "from the future"):
        lines = [line for line in said.splitlines() if line.endswith("it is made again")]
        assert len(lines) == 1, said
        assert lines[0].startswith(str(path.relative_to(site.folder))), said


def long_version(points: int, engine: str, seed: int) -> None:
    """Rounds of faults until so many were made; prints a line for each.

    Raises
    ------
    AssertionError
        If a file is not what an undisturbed run writes, or a run does not complete.
    """
    rng, made = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), engine)
        site.complete()
        expected = site.files()
        while made.total() < points:
            shutil.rmtree(site.results)
            begin = time.monotonic()
            site.complete()  # how long it takes, on a machine whose load may change
            usual = time.monotonic() - begin
            shutil.rmtree(site.results)
            for _ in range(8):  # the next ones hit what the first have left
                how, moment = rng.choice(KILLS), rng.uniform(0.1, 1) * usual
                there = killed(site, how, moment)
                assert there.items() <= expected.items(), "a file is not what an undisturbed run writes"
                made[how] += 1
                print(f"{made.total():4} {how:12} after {moment:5.2f} s: {len(there)} of {len(expected)} files", flush=True)
                if len(there) == len(expected):
                    break
            site.complete()
            assert site.files() == expected, "a finished study is not what an undisturbed run writes"
            for how in rng.sample(DAMAGES, 3):
                damaged_as_told(site, how, rng)
                assert site.files() == expected, f"a file that was {how}"
                made[how] += 1
                print(f"{made.total():4} {how}", flush=True)
    print(json.dumps({"faults": made.total(), "engine": engine, "seed": seed, **dict(sorted(made.items()))}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Kill and damage a small study at random, and look what it costs.")
    parser.add_argument("--points", type=int, default=200, help="how many faults (default 200)")
    parser.add_argument("--engine", choices=["stand-in", "real"], default="stand-in", help="what trains (default: a stand-in)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and choices (default 0)")
    options = parser.parse_args()
    long_version(options.points, options.engine, options.seed)
