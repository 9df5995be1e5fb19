"""From config/config.yaml to results/report.html.

Rules say what depends on what; `vgstudy` does the work. Reading this file plans every study,
imports no TensorFlow and writes nothing.
"""

from snakemake.utils import min_version

from vgstudy.schema import JOB_TABLES
from vgstudy.stages import STAGES
from vgstudy import workflow as steps

min_version("9.19")

# before `configfile:`, whose messages name no key: `config` is what the command line sets
PLANS = steps.plan_workflow(config)
STUDY_OUTPUTS = expand("results/{study}/{output}", study=PLANS, output=steps.STUDY_OUTPUTS)
JOB_OUTPUTS = [path for plan in PLANS.values() for path in plan.paths(*JOB_TABLES)]


configfile: steps.CONFIG


# the image in which every step runs with --sdm apptainer
container: config.get("container")


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
    steps.start(PLANS, workflow)


onsuccess:
    steps.succeed()


onerror:
    steps.fail(workflow)
