"""From config/config.yaml to results/report.html.

Rules say what depends on what; `vgstudy` does the work. Reading this file plans every study,
imports no TensorFlow and writes nothing.
"""

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

from vgstudy.claims.networks import check_register
from vgstudy.claims.register import read_register
from vgstudy.config.load import load_config, read_studies
from vgstudy.errors import one_line_errors
from vgstudy.planning.checks import check_resources
from vgstudy.planning.forecast import forecast
from vgstudy.planning.plan import plan_study
from vgstudy.schema import JOB_TABLES, STUDY_TABLES
from vgstudy.stages import STAGES
from vgstudy.tasks import Mnist

min_version("9.19")

# The rules call the `vgstudy` of the environment that runs Snakemake, activated or not.
os.environ["PATH"] = os.pathsep.join(
    [str(Path(sys.executable).parent), *os.get_exec_path()]
)

CONFIG, RESULTS, REGISTER = (
    Path("config/config.yaml"),
    Path("results"),
    Path("config/claims"),
)

# Before `configfile:`, whose messages name no key; until then `config` holds what the command line
# sets.
with one_line_errors():
    settings = load_config(CONFIG, config)
    Mnist.file.use(settings.mnist)
    where = "--config: studies" if "studies" in config else f"{CONFIG}: studies"
    STUDIES = read_studies(settings.studies, settings.seeds, CONFIG.parent, where)
    check_register(
        read_register(REGISTER),
        {name: study.model_dump(mode="json") for name, study in STUDIES.items()},
        known=sorted(path.stem for path in CONFIG.parent.glob("studies/*.yaml")),
    )
    PLANS = {name: plan_study(study, RESULTS) for name, study in STUDIES.items()}

STUDY_OUTPUTS = expand(
    "results/{study}/{output}",
    study=STUDIES,
    output=[*(f"{table}.parquet" for table in STUDY_TABLES), "figures"],
)
JOB_OUTPUTS = [path for plan in PLANS.values() for path in plan.paths(*JOB_TABLES)]


configfile: CONFIG


wildcard_constraints:
    study="|".join(STUDIES),


include: "workflow/rules/design.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        "results/report.html",
        # what somebody deleted is made again, although no later step needs it any more
        STUDY_OUTPUTS,
        JOB_OUTPUTS,


onstart:
    try:
        cores = workflow.cores
    except WorkflowError:  # other machines run the jobs
        cores = None
    with one_line_errors():
        check_resources(PLANS.values(), RESULTS, cores)
    for sentence in forecast(PLANS.values(), cores):
        print(sentence, file=sys.stderr)


onsuccess:
    print("The report is in results/report.html")


onerror:
    print(
        "Stopped. Finished results are kept: fix what the logs above and in results/STUDY/logs/ name, "
        "then start the same command again. A job whose log names no reason was killed, most often "
        "for lack of memory: run fewer jobs at a time, such as with --cores 1.",
        file=sys.stderr,
    )
