"""Cause faults on purpose in a small study: kills at random moments, limits, damaged files.

`python tests/faults.py --points 200 [--engine real] [--seed 0]` runs the long version, `make
faults` calls it. A third of the kills hit the whole workflow or one of its jobs, wherever it is;
the others one step on its own, half of them in the moment of writing. After every kill the files
that are there must be whole and equal to an undisturbed run's. `vgstudy verify` must name every
damaged file whose content differs; once these are removed, `snakemake --cores 2` must complete with
all files. A lock that a killed Snakemake leaves is removed as it says. The finished jobs that a
kill of the workflow cost are counted.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sites import Site, job_of

KILLS = ("power cut", "snakemake", "job", "SIGTERM", "Ctrl-C")  # of a workflow
STEPS = {
    "train": 5,
    "design": 2,
    "estimate": 2,
    "arms": 1,
    "overlay": 1,
    "claims": 1,
    "figures": 1,
    "report": 1,
}
DAMAGES = ("truncated", "flipped bit", "empty", "foreign", "another job's", "missing", "old")
# faults of a round
ROUND = {"workflow": 8, "step": 16, "limit": 4, "damage": 6}


def processes(session: int) -> Iterator[tuple[int, str]]:
    """Ids and command lines of the processes of a session."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == session:
                    yield (
                        int(entry.name),
                        (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(),
                    )
            except (ProcessLookupError, FileNotFoundError):
                continue


def kill(process: subprocess.Popen[str], how: str) -> None:
    """Do one of KILLS to a running workflow and wait until it is gone."""
    if how == "job":
        jobs = [
            pid
            for pid, command in processes(process.pid)
            if "vgstudy" in command and "snakemake" not in command
        ]
        for pid in jobs[-1:]:
            os.kill(pid, signal.SIGKILL)
    elif how == "power cut":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.send_signal(
            {"snakemake": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "Ctrl-C": signal.SIGINT}[how]
        )
    process.wait()


def killed(site: Site, how: str, jobs: int, moment: float) -> bool:
    """Start the workflow and do one of KILLS some seconds after a number of jobs are done.

    Returns
    -------
    bool
        False if the workflow ended before.
    """
    site.unlock()
    process = site.start()
    while process.poll() is None and len({job_of(name) for name in site.ages()}) < jobs:
        time.sleep(0.05)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        kill(process, how)
        return True
    return False


def step_call(site: Site, step: str, rng: random.Random) -> list[str]:
    """The arguments of `vgstudy` for a step, of a random job where it is a job's."""
    job = rng.choice(sorted(path.stem for path in site.results.glob("faults/jobs/*.json")))
    special = {
        "train": [f"results/faults/jobs/{job}.json"],
        "design": ["--results", "results", "--", "config/studies/faults.yaml"],
        "claims": ["results", "faults"],
        "report": ["results", "faults"],
    }
    return [step, *special.get(step, ["results/faults"])]


def stop_step(
    process: subprocess.Popen[str],
    how: signal.Signals,
    results: Path,
    usual: float,
    rng: random.Random,
) -> None:
    """Kill a step at a random moment of its life, or, as often, in the moment in which it writes
    its first file."""
    moment, begin = rng.uniform(0, usual), time.monotonic()
    if rng.random() < 0.5:
        while (
            process.poll() is None
            and not any(results.rglob(".*.part"))
            and time.monotonic() < begin + 120
        ):
            time.sleep(0.001)
        moment = rng.expovariate(1 / 0.03)  # s
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        process.send_signal(how)
    process.communicate()


def siblings(path: Path) -> list[Path]:
    """Return the other files of its kind in its folder."""
    return sorted(set(path.parent.glob(f"*{path.suffix}")) - {path})


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
        shutil.copy(rng.choice(siblings(path)), path)
    elif how == "missing":
        path.unlink()
    else:
        os.utime(path, (time.time() - 86400 * 3000,) * 2)


def limits(kind: str, rng: random.Random) -> tuple[int, int]:
    """What a step may write in one file, or have of memory, in bytes, as `resource.setrlimit` wants
    it."""
    return (
        (resource.RLIMIT_FSIZE, rng.randrange(3000))
        if kind == "full disk"
        else (resource.RLIMIT_AS, rng.randrange(10**8, 10**9))
    )


@dataclass
class Run:
    """The long version: a finished study, faults of all kinds, counts of what they cost."""

    site: Site
    rng: random.Random
    expected: dict[str, object] = field(default_factory=dict)
    jobs: int = 0
    usual: dict[str, float] = field(default_factory=dict)  # s that a step takes
    made: Counter[str] = field(default_factory=Counter)
    costs: Counter[int] = field(
        default_factory=Counter
    )  # kills of a workflow, by how many finished jobs were done again

    def begin(self) -> None:
        """The undisturbed run."""
        self.site.complete()
        self.expected, self.jobs = (
            self.site.files(),
            len({job_of(name) for name in self.site.ages()}),
        )
        for step in STEPS:
            begin = time.monotonic()
            self.again(step_call(self.site, step, self.rng))
            self.usual[step] = time.monotonic() - begin

    def note(self, kind: str, what: str) -> None:
        """Count a fault and say so; nothing wrong may be there."""
        there = self.site.files()
        wrong = [name for name in there if there[name] != self.expected.get(name)]
        assert not wrong, f"after {kind} {what}: {wrong} are not what an undisturbed run writes"
        self.made[kind] += 1
        print(
            f"{self.made.total():4} {kind:14} {what}: {len(there)} of {len(self.expected)} files, "
            "none wrong",
            flush=True,
        )

    def complete(self, *arguments: str) -> str:
        """The workflow to its end; nothing may be missing."""
        self.site.unlock()
        output = self.site.complete(*arguments)
        there = self.site.files()
        other = [
            name
            for name in there.keys() | self.expected.keys()
            if there.get(name) != self.expected.get(name)
        ]
        assert not other, f"{other} of a finished study are not what an undisturbed run writes"
        return output

    def again(self, call: list[str]) -> None:
        """A step to its end."""
        process = self.site.vgstudy(*call)
        output = process.communicate()[1]
        assert process.returncode == 0, output

    def kill_workflow(self) -> None:
        """From nothing to the end through kills, each hitting what the ones before have left."""
        shutil.rmtree(self.site.results)
        before: dict[str, int] = {}
        for jobs in sorted(self.rng.randrange(self.jobs) for _ in range(ROUND["workflow"])):
            how, moment = self.rng.choice(KILLS), self.rng.uniform(0, 3)
            if not killed(self.site, how, jobs, moment):
                break
            before = self.cost(before)
            self.note(how, f"{moment:.2f} s after {jobs} of {self.jobs} jobs")
        self.complete()
        self.cost(before)

    def cost(self, before: dict[str, int]) -> dict[str, int]:
        """Count the jobs whose finished files are gone or new since then; when the files that are
        there were written."""
        now = self.site.ages()
        if before:
            self.costs[
                len({job_of(name) for name, age in before.items() if now.get(name) != age})
            ] += 1
        return now

    def kill_step(self) -> None:
        """A step on its own, over its finished files or without them, and once more in peace."""
        step = self.rng.choices([*STEPS], [*STEPS.values()])[0]
        call, how = (
            step_call(self.site, step, self.rng),
            self.rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)),
        )
        if step == "train" and self.rng.random() < 0.5:
            (self.site.results / "faults/probes" / Path(call[1]).name).with_suffix(
                ".parquet"
            ).unlink()
        stop_step(self.site.vgstudy(*call), how, self.site.results, self.usual[step], self.rng)
        self.note(f"{step} {how.name}", "")
        self.again(call)
        assert not list(self.site.results.rglob(".*.part"))

    def limit_step(self) -> None:
        """A step that may not write or have what it needs."""
        kind, step = self.rng.choice(("full disk", "no memory")), self.rng.choice([*STEPS])
        what, most = limits(kind, self.rng)
        process = self.site.vgstudy(
            *step_call(self.site, step, self.rng),
            preexec_fn=lambda: resource.setrlimit(what, (most, most)),
        )
        try:
            output = process.communicate(timeout=60)[1]
        except subprocess.TimeoutExpired:  # some libraries ask for memory again and again
            process.kill()
            output = process.communicate()[1]
        one_line = (
            output.count("cannot be written: file too large") == 1 and "Traceback" not in output
        )
        assert kind == "no memory" or process.returncode == 0 or one_line, output
        self.note(f"{kind}", f"{step} with {most} bytes ends with {process.returncode}")
        assert self.site.files() == self.expected

    def damage_files(self) -> None:
        """Damage some files at once; remove what `vgstudy verify` names; complete the workflow."""
        manifests = [*self.site.results.glob("faults/jobs/*.json")]
        paths = self.rng.sample(sorted(manifests + self.site.tables()), ROUND["damage"])
        hows = {path: self.rng.choice(sensible(path)) for path in paths}
        for path, how in hows.items():
            damage(path, how, self.rng)
        verify = self.site.vgstudy("verify")
        problems, _ = verify.communicate()
        named = {path for path in paths if f"rm {path.relative_to(self.site.folder)}`" in problems}
        assert verify.returncode == bool(named), problems
        for path in named:
            path.unlink()
        # a flipped bit that no check covers must not change anything that is read
        for path, how in hows.items():
            state = "named" if path in named else "not named"
            self.note(how, f"{path.relative_to(self.site.folder)} {state}")
        # the workflow itself writes a manifest only if its job has to be trained
        self.again(step_call(self.site, "design", self.rng))
        self.complete()


def sensible(path: Path) -> list[str]:
    """Return the damages that a file can have."""
    alone = not siblings(path)
    return [how for how in DAMAGES if not (how == "another job's" and alone)]


def long_version(points: int, engine: str, seed: int) -> None:
    """Rounds of faults until that number of kills is reached; prints a line for each fault.

    Raises
    ------
    AssertionError
        If a file is not what an undisturbed run writes, or a run does not complete.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Site(Path(folder), engine), random.Random(seed))
        run.begin()
        while kills(run.made) < points:
            run.kill_workflow()
            for _ in range(ROUND["step"]):
                run.kill_step()
            for _ in range(ROUND["limit"]):
                run.limit_step()
            run.damage_files()
    summary = {
        "kills": kills(run.made),
        "faults": run.made.total(),
        "wrong": 0,
        "lost": 0,
        "engine": engine,
        "seed": seed,
    }
    print(
        json.dumps(
            {
                **summary,
                "kinds": dict(sorted(run.made.items())),
                "jobs that a kill cost": dict(sorted(run.costs.items())),
            }
        )
    )


def kills(made: Counter[str]) -> int:
    """How many of the faults were kills."""
    return sum(count for kind, count in made.items() if kind in KILLS or "SIG" in kind)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Kill and damage a small study at random, and look what it costs."
    )
    parser.add_argument(
        "--points",
        type=int,
        default=200,
        help="how many kills; other faults come on top (default 200)",
    )
    parser.add_argument(
        "--engine",
        choices=["stand-in", "real"],
        default="stand-in",
        help="what trains (default: a stand-in)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the moments and choices (default 0)"
    )
    options = parser.parse_args()
    long_version(options.points, options.engine, options.seed)
