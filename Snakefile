"""From config/config.yaml to results/report.html.

Rules say what depends on what; `vgstudy` does the work. Reading this file plans every study,
imports no TensorFlow and writes nothing.
"""

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

from vgstudy.schema import JOB_TABLES, STUDY_TABLES
from vgstudy.stages import STAGES
from vgstudy.terminal.workflow import CLAIMS, CONFIG, plan_workflow, start_workflow

min_version("9.19")

# The rules call the `vgstudy` of the environment that runs Snakemake, activated or not.
os.environ.update(PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()]))

# Before `configfile:`, whose messages name no key: until then `config` is what the command line sets.
PLANS = plan_workflow(config)
STUDY_OUTPUTS = expand(
    "results/{study}/{output}",
    study=PLANS,
    output=[*(f"{table}.parquet" for table in STUDY_TABLES), "figures"],
)
JOB_OUTPUTS = [path for plan in PLANS.values() for path in plan.paths(*JOB_TABLES)]


configfile: CONFIG


wildcard_constraints:
    study="|".join(PLANS),


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
        [plan.study_path for plan in PLANS.values()],


onstart:
    try:
        cores = workflow.cores
    except WorkflowError:  # other machines run the jobs
        cores = None
    start_workflow(PLANS, cores)


onsuccess:
    print("The report is in results/report.html")


onerror:
    print(
        "Stopped. Finished results are kept: fix what the logs above and in results/STUDY/logs/ name, then start the "
        "same command again. A job whose log names no reason was killed, most often for lack of memory: run fewer jobs "
        "at a time, such as with --cores 1.",
        file=sys.stderr,
    )
