"""Folders with a copy of the workflow, and one with a small study that tests kill, damage or
grow."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from vgstudy.store.parquet import read_footer, read_table

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
WORKFLOW = ("Snakefile", "workflow", "profiles", "environment.yml", "config")
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
# they say what the results cost
COSTS = ("report.html", "summary.md")
TABLES_OF_ESTIMATE = (
    r"decays|outcomes|estimates|trajectories|profiles|layer_decays|contrasts|limits|"
    r"variances"
)
JOBS = {  # of Snakemake, by the path of what they write below results/
    r"faults/(?:probes|curves)/(.*)\.parquet": "train",
    r"faults/(?:runs\.parquet|jobs/.*)": "design",
    rf"faults/(?:{TABLES_OF_ESTIMATE})\.parquet": "estimate",
    r"faults/figures/.*": "figures",
    r"faults/tables/.*|.*\.csv": "report",
}


def copy_parts(folder: Path, *parts: str) -> None:
    """Copy files and folders of the project."""
    for part in parts:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)


def copy_of_the_workflow(folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Copy the workflow into a folder; return a function that calls Snakemake there, as without an
    activated environment."""
    copy_parts(folder, *WORKFLOW)

    def snakemake(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PATH": os.defpath}
        options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
        call = [BIN / "snakemake", *arguments]
        return subprocess.run(call, cwd=folder, env=environment, **options)

    return snakemake


@dataclass
class Site:
    """A folder with the workflow, the package as it is now, and the study `faults`.

    Attributes
    ----------
    engine
        "stand-in": training and figures are made up, jobs are small; "real": training is not;
        "all": nothing is.
    wants
        Further variables of the environment, such as those that make the stand-in take memory or
        time.
    """

    folder: Path
    engine: str = "stand-in"
    wants: dict[str, str] = field(default_factory=dict)
    results: Path = field(init=False)

    def __post_init__(self) -> None:
        copy_parts(self.folder, *WORKFLOW, "src", "tests/stand_in")
        (self.folder / "config/config.yaml").write_text("studies: faults\n")
        (self.folder / "config/studies/faults.yaml").write_text(STUDY)
        self.results = self.folder / "results"

    @property
    def environment(self) -> dict[str, str]:
        """Variables with which processes take the package and the stand-in from here."""
        paths = [
            str(self.folder / part)
            for part in ("src", *(["tests/stand_in"] if self.engine != "all" else []))
        ]
        # stand-ins import numpy before vgstudy sets them
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        return (
            os.environ
            | one
            | {"PYTHONPATH": os.pathsep.join(paths), "FAULTS_ENGINE": self.engine, **self.wants}
        )

    def start(self, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Snakemake in a session of its own, its output in a file; `before` starts it,
        such as setpriv."""
        call = [*before, str(BIN / "snakemake"), "--cores", "2", *arguments]
        with (self.folder / "output").open("w") as output:
            options = {
                "stdin": subprocess.DEVNULL,
                "stdout": output,
                "stderr": output,
                "start_new_session": True,
            }
            # what a shell starts in the background ignores SIGINT
            hear = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # noqa: E731
            return subprocess.Popen(
                call, cwd=self.folder, env=self.environment, text=True, preexec_fn=hear, **options
            )

    def unlock(self) -> None:
        """Remove the lock that a killed Snakemake left, if there is one, as its message says."""
        if any(self.folder.glob(".snakemake/locks/*")):
            assert self.start("--unlock").wait() == 0, self.output()

    def output(self) -> str:
        """Return what the last call printed."""
        return (self.folder / "output").read_text()

    def complete(self, *arguments: str) -> str:
        """Run plain `snakemake --cores 2` to its end; return its output.

        Raises
        ------
        AssertionError
            If it fails.
        """
        assert self.start(*arguments).wait() == 0, self.output()
        return self.output()

    def vgstudy(self, *arguments: str, **options) -> subprocess.Popen[str]:
        """One step, started as the workflow does."""
        call = [str(BIN / "vgstudy"), *arguments]
        return subprocess.Popen(
            call,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def tables(self) -> list[Path]:
        """Every table of the study."""
        return sorted(
            path for path in self.results.rglob("*.parquet") if path.parent.name != "figures"
        )

    def finished(self) -> list[Path]:
        """Every file that bears its name."""
        return [
            p
            for p in sorted(self.results.rglob("*"))
            if p.is_file() and "logs" not in p.parts and p.name[0] != "."
        ]

    def files(self) -> dict[str, object]:
        """What every finished file holds, without the time and cost of making it."""
        paths = [path for path in self.finished() if not str(path).endswith(COSTS)]
        return {str(path.relative_to(self.results)): content(path) for path in paths}

    def ages(self) -> dict[str, int]:
        """When every finished file was written, in nanoseconds."""
        ages = {}
        for path in self.finished():
            # Snakemake removes outputs before it makes them again
            with suppress(FileNotFoundError):
                ages[str(path.relative_to(self.results))] = path.stat().st_mtime_ns
        return ages


def content(path: Path) -> object:
    """What a file holds, for comparison."""
    if path.suffix != ".parquet" or path.parent.name == "figures":
        return path.read_bytes()
    footer = {
        key: value for key, value in read_footer(path).items() if key not in ("provenance", "cost")
    }
    # NaN equals NaN as text
    return footer, repr(read_table(footer["table"], path).to_pydict())


def job_of(name: str) -> str:
    """The job of Snakemake that writes a file, named below results/; tables of one step and job are
    one."""
    for pattern, rule in JOBS.items():
        if match := re.fullmatch(pattern, name):
            return " ".join((rule, *match.groups()))
    return "report" if name.endswith(COSTS) else name
