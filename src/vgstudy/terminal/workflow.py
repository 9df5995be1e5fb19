"""What the Snakefile does when it is read and before its first job."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vgstudy.claims.networks import check_register
from vgstudy.claims.register import read_register
from vgstudy.config.load import load_config, read_studies
from vgstudy.errors import one_line_errors
from vgstudy.planning.checks import check_resources
from vgstudy.planning.forecast import forecast
from vgstudy.planning.plan import Plan, plan_study
from vgstudy.tasks import Mnist

CONFIG, CLAIMS, RESULTS = Path("config/config.yaml"), Path("config/claims"), Path("results")


def plan_workflow(overrides: Mapping[str, Any]) -> dict[str, Plan]:
    """Return the plan of every configured study by name; exit with code 2 on a user's mistake.

    Parameters
    ----------
    overrides
        Keys of `config.yaml` that the command line sets.
    """
    with one_line_errors():
        settings = load_config(CONFIG, overrides)
        Mnist.file.use(settings.mnist)
        where = "--config: studies" if "studies" in overrides else f"{CONFIG}: studies"
        studies = read_studies(settings.studies, settings.seeds, CONFIG.parent, where)
        check_register(
            read_register(CLAIMS),
            {name: study.model_dump(mode="json") for name, study in studies.items()},
            known=sorted(path.stem for path in CONFIG.parent.glob("studies/*.yaml")),
        )
        return {name: plan_study(study, RESULTS) for name, study in studies.items()}


def start_workflow(plans: Mapping[str, Plan], cores: int | None) -> None:
    """Print what will happen; exit with code 2 if memory, disk space or data do not suffice.

    Parameters
    ----------
    cores
        Cores of this machine that run jobs; None if other machines run them.
    """
    with one_line_errors():
        check_resources(plans.values(), RESULTS, cores)
    for sentence in forecast(plans.values(), cores):
        print(sentence, file=sys.stderr)
