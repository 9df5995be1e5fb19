"""Run a study from Python: the commands of the workflow in its order, and so its numbers."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from vgstudy.config import config_path, values
from vgstudy.config.load import check_study, read_studies
from vgstudy.config.study import Study
from vgstudy.errors import UserError
from vgstudy.planning.checks import check_resources
from vgstudy.planning.plan import Plan, plan_study, write_design
from vgstudy.schema import STUDY_TABLES
from vgstudy.store.parquet import check_footer
from vgstudy.study_results import StudyResults

# each needs the tables of `estimate` and no table of another
AFTER_ESTIMATE = ("arms", "overlay")
Command = Sequence[str | Path]


def run(
    study: str | Path | Mapping[str, Any],
    folder: str | Path | None = None,
    *,
    name: str = "study",
    seeds: int | str | Sequence[int] | None = None,
    cores: int | None = None,
    report: bool = False,
) -> StudyResults:
    """Train the networks of a study and estimate everything the report shows.

    The numbers are those that Snakemake gives, bit for bit. Training runs in processes of its own,
    which takes no memory of this one. With a folder a study can be stopped and continued, and more
    seeds or levels train only the new runs.

    Parameters
    ----------
    study
        The keys of a study file as a mapping; or the path of such a file, ending in .yaml; or the
        name of a study in `config/studies` or, where there is no such folder, in the package.
    folder
        The folder of results, which gets a folder for the study; by default a new temporary one.
    name
        The study's name, if it is given as a mapping.
    seeds
        Seeds to use instead of the study's: a number n for 0 to n-1, a range such as "100-199", or
        a list.
    cores
        How many jobs run at the same time; by default as many as the machine has cores.
    report
        Whether to draw all figures too, judge the claims and write `report.html` to the folder.

    Raises
    ------
    UserError
        If the study has a mistake, the machine is too small for it, or a step fails.

    Examples
    --------
    >>> import vgstudy
    >>> study = {
    ...     "title": "Does depth alone stop a sigmoid network?",
    ...     "task": {"name": "circles", "noise": 0.1, "factor": 0.8},
    ...     "factors": {
    ...         "depth": [2, 4],
    ...         "width": 5,
    ...         "activation": {"sigmoid": "sigmoid"},
    ...         "initializer": {"Xavier": "glorot_uniform"},
    ...         "optimizer": {"Adam": "adam"},
    ...     },
    ...     "training": {"epochs": 20, "batch_size": 32},
    ...     "seeds": 10,
    ...     "log": {"probe_epochs": [0, 20], "test_every": 5},
    ...     "outcome": {"learned_above": 0.7},
    ... }
    >>> results = vgstudy.run(study, name="depth")
    >>> len(results.outcomes)
    20
    """
    place = Path(mkdtemp(prefix="vgstudy-") if folder is None else folder)
    plan = plan_study(_checked(study, name, seeds), place)
    at_once = cores or os.cpu_count() or 1
    check_resources([plan], place, at_once)
    if file := plan.study.task.file:
        file.download()
    write_design(plan)
    _call_all([("train", job.path) for job in _longest_first(plan)], at_once)
    if not _is_estimated(plan):
        _call(("estimate", plan.folder))
        _call_all([(step, plan.folder) for step in AFTER_ESTIMATE], at_once)
    if report:
        _call(("figures", plan.folder))
        for step in ("claims", "report"):
            _call((step, place, plan.study.name))
    return StudyResults(plan.folder)


def _checked(study: Any, name: str, seeds: Any) -> Study:
    """Return the study that `run` was given."""
    try:
        listed = list(seeds) if isinstance(seeds, range | tuple) else seeds
        chosen = None if listed is None else values.seeds(listed)
    except ValueError as error:
        raise UserError(f"run: seeds: {error}") from None
    if isinstance(study, Mapping):
        return check_study(study, name, f"run: study {name!r}", chosen)
    if isinstance(study, str | Path):
        folder = config_path("studies").parent
        return next(iter(read_studies([str(study)], chosen, folder, "run").values()))
    raise UserError(
        "run: study must be a mapping of a study's keys, a path ending in .yaml, or the name of a "
        f"study, not {study!r}"
    )


def _longest_first(plan: Plan) -> list[Any]:
    return sorted(plan.untrained, key=lambda job: -job.seconds)


def _is_estimated(plan: Plan) -> bool:
    """Return whether all tables of the study are there, of this design and this version."""
    try:
        for table in STUDY_TABLES:
            check_footer(table, plan.folder / f"{table}.parquet", plan.digest)
    except UserError:
        return False
    return True


def _call_all(commands: Iterable[Command], at_once: int) -> None:
    """Run commands, some at the same time; after a failure no further one starts."""
    pool = ThreadPoolExecutor(at_once)
    try:
        for _ in pool.map(_call, commands):
            pass
    finally:
        pool.shutdown(cancel_futures=True)


def _call(command: Command) -> None:
    """Run a command of vgstudy in a process of its own, as the workflow does."""
    call = [sys.executable, "-P", "-m", "vgstudy", *map(str, command)]
    done = subprocess.run(call, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no message, it was killed; use fewer cores"]
        step = " ".join(map(str, command))
        raise UserError(f"vgstudy {step}: {said[-1].removeprefix('error: ')}")
