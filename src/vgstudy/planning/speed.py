"""How fast this machine is, by the jobs that it has trained; changes what is foretold, nothing
else."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from vgstudy.config.log import Log
from vgstudy.errors import UserError
from vgstudy.formatting import number, plural
from vgstudy.planning import cost, manifests
from vgstudy.planning.stacks import groups, stack
from vgstudy.store.parquet import read_footer
from vgstudy.store.tables import job_path

# newest jobs of any study that are looked at
JOBS = 8


@dataclass(frozen=True)
class Speed:
    """What times on this machine are multiplied by.

    Attributes
    ----------
    slowness
        CPU time that training took over what `cost` says.
    jobs
        Trained jobs that say so; without one the slowness is 1.
    """

    slowness: float = 1.0
    jobs: int = 0

    @property
    def sentence(self) -> str:
        """What the times stand on."""
        if not self.jobs:
            return "at the calibrated speed, until a job is trained here"
        took = f"took {number(self.slowness)} times the calibrated time"
        return f"at the speed of the last {plural(self.jobs, 'job')} trained here, which {took}"


def read_speed(results: Path) -> Speed:
    """Return the speed by the newest trained jobs in a folder of results."""
    trained = sorted(results.glob("*/curves/*.parquet"), key=lambda path: path.stat().st_mtime)
    took = list(_took(trained[-JOBS:]))
    if not took:
        return Speed()
    measured, foretold = (sum(each) for each in zip(*took, strict=True))
    return Speed(measured / foretold, len(took))


def _took(paths: list[Path]) -> Iterator[tuple[float, float]]:
    """Yield CPU seconds of training, measured and foretold, of each job that can be read."""
    for path in paths:
        study = path.parent.parent
        try:
            spent = read_footer(job_path(study, "curves", path.stem))["cost"]
            manifest = manifests.read(study / "jobs" / f"{path.stem}.json")
            runs, log = manifests.runs_of(manifest), Log.model_validate(manifest["log"])
        except (UserError, ValidationError, KeyError):
            continue
        foretold = sum(cost.stack_seconds(groups(stacked), log) for stacked in stack(runs))
        yield spent["cpu_seconds"] - spent["start_up_cpu_seconds"], foretold
