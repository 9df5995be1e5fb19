"""What the Snakefile does when it is read, before its first job and after its last."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snakemake.exceptions import WorkflowError

from vgstudy.claims.networks import check_register
from vgstudy.claims.register import read_register
from vgstudy.config.load import load_config, read_studies
from vgstudy.errors import UserError, one_line_errors
from vgstudy.planning.checks import check_resources
from vgstudy.planning.forecast import AT_ONCE, forecast
from vgstudy.planning.plan import Plan, plan_study
from vgstudy.planning.speed import read_speed
from vgstudy.schema import STUDY_TABLES
from vgstudy.tasks.registry import use_files

CONFIG, CLAIMS, RESULTS = Path("config/config.yaml"), Path("config/claims"), Path("results")
# advice on a job whose log names no reason, by whether SLURM ran it
OF_KILLED_JOBS = {
    False: "A job whose log names no reason was killed, most often for lack of memory: run fewer "
    "jobs at a time, such as with --cores 1.",
    True: "A job whose log is empty was not accepted, or SLURM killed it: what is above says why, "
    "and so does `scontrol show job ID`.",
}
# below the folder of a study
STUDY_OUTPUTS = (*(f"{table}.parquet" for table in STUDY_TABLES), "figures")


def plan_workflow(overrides: Mapping[str, Any]) -> dict[str, Plan]:
    """Return the plan of every configured study by name; exit with code 2 on a user's mistake.

    The rules call the `vgstudy` of the environment that runs Snakemake, activated or not.

    Parameters
    ----------
    overrides
        Keys of `config.yaml` that the command line sets.
    """
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])
    with one_line_errors():
        settings = load_config(CONFIG, overrides)
        use_files(settings)
        where = "--config: studies" if "studies" in overrides else f"{CONFIG}: studies"
        studies = read_studies(settings.studies, settings.seeds, CONFIG.parent, where)
        check_register(
            read_register(CLAIMS),
            {name: study.model_dump(mode="json") for name, study in studies.items()},
            known=sorted(path.stem for path in CONFIG.parent.glob("studies/*.yaml")),
        )
        return {name: plan_study(study, RESULTS) for name, study in studies.items()}


def start(plans: Mapping[str, Plan], workflow: Any) -> None:
    """Print what will happen; exit with code 2 if memory, disk space or data do not suffice, or if
    SLURM is asked for where it is not.

    Jobs print how far their study is; they learn how many run at a time from the environment.

    Parameters
    ----------
    workflow
        Snakemake's workflow; it has `cores` unless other machines run the jobs.
    """
    try:
        cores = workflow.cores
    except WorkflowError:
        cores = None
    with one_line_errors():
        if workflow.executor_plugin.name == "slurm":
            check_slurm()
        check_resources(plans.values(), RESULTS, cores)
    if cores:
        os.environ[AT_ONCE] = str(cores)
    for sentence in forecast(plans.values(), cores, read_speed(RESULTS, cores)):
        print(sentence, file=sys.stderr)


def check_slurm() -> None:
    """Refuse to start where no job can be submitted.

    Raises
    ------
    UserError
        If there is no command `sbatch`.
    """
    if shutil.which("sbatch") is None:
        raise UserError(
            "SLURM: there is no command `sbatch` on this machine; start the workflow on a login "
            "node of the cluster, or leave out --profile profiles/slurm to run here"
        )


def figure_title(name: str) -> str:
    """Return the title of a figure, which Snakemake's own report shows."""
    # it imports the drawing libraries, which planning does without
    from vgstudy.figures.registry import figures

    return figures()[name].title


def succeed() -> None:
    """Say where the report is."""
    print(f"The report is in {RESULTS / 'report.html'}")


def fail(workflow: Any) -> None:
    """Say what to do after a failure."""
    print(
        "Stopped. Finished results are kept: fix what the logs above and in results/STUDY/logs/ "
        "name, then start the same command again.",
        OF_KILLED_JOBS[workflow.executor_plugin.name == "slurm"],
        file=sys.stderr,
    )
