"""From config/config.yaml to results/report.html.

Rules say what depends on what; `vgstudy` does the work. Reading this file plans every study, imports no TensorFlow and writes nothing.
"""

import os
import sys
from pathlib import Path

from snakemake.utils import min_version

from vgstudy.claims.checks import check_register
from vgstudy.claims.register import read_register
from vgstudy.config.load import load_config, read_studies, seeds_text
from vgstudy.errors import UserError
from vgstudy.planning import preflight
from vgstudy.planning.prepared import prepare
from vgstudy.stages import STAGES
from vgstudy.store import files, lock
from vgstudy.schema import EXPORTED, STUDY_TABLES
from vgstudy.tasks import Mnist
from vgstudy.figures.captions import caption_of, figure_names

min_version("9.19")

# The rules call `vgstudy` of the environment that runs Snakemake, activated or not.
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])
)

CONFIG, RESULTS = Path("config/config.yaml"), Path("results")
REGISTER = Path("config/claims")

cluster = workflow.resource_settings.nodes

try:  # before `configfile:`, whose messages name no line; until then `config` holds what the command line sets
    named = load_config(CONFIG, config)
    Mnist.file.use(named.mnist)
    where = "--config: studies" if "studies" in config else f"{CONFIG}: studies"
    STUDIES = read_studies(named.studies, named.seeds, CONFIG.parent, where)
    check_register(
        read_register(REGISTER),
        {name: study.model_dump(mode="json") for name, study in STUDIES.items()},
        known=sorted(path.stem for path in CONFIG.parent.glob("studies/*.yaml")),
    )
    if workflow.is_main_process and workflow.resource_settings.cores == 0:
        raise UserError("--cores: 0 cores run nothing; give at least 1")
    # a job of a cluster does not look: the workflow that started it did
    PREPARED = prepare(STUDIES.values(), RESULTS, look=workflow.is_main_process)
    PLANS = PREPARED.plans
    if workflow.is_main_process and not cluster:  # whose memory counts instead
        preflight.check_memory(PLANS.values())
except UserError as mistake:
    print(f"error: {mistake}", file=sys.stderr)
    sys.exit(2)

if workflow.is_main_process:
    for line in PREPARED.told(None if cluster else workflow.resource_settings.cores):
        print(line, file=sys.stderr)

MNIST = not Mnist.file.must_be_downloaded or any(
    isinstance(study.task, Mnist) for study in STUDIES.values()
)
CHECKED = expand("results/{check}.parquet", check=PREPARED.checks)
# A design's age says nothing, but Snakemake overlooks damaged outputs if all that is made again of their inputs is ancient.
AFTER = str if PREPARED.has_damaged_checks else ancient
DESIGNS = [AFTER(f"results/{name}/runs.parquet") for name in STUDIES]


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
        "results/claims.parquet",
        # what somebody deleted is made again, although no later step needs it any more
        PREPARED.paths,
        CHECKED,
        # Snakemake trusts a file that is there; this has no input, but makes it make again what is damaged
        lambda wildcards: workflow.dag.forcefiles.update(map(str, PREPARED.damaged))
        or [],


onstart:
    try:
        preflight.check_cluster(workflow.executor_plugin.name)
        lock.hold(RESULTS)
        if count := files.no_later_than_now(RESULTS):
            print(f"{RESULTS}: {count} times in the future were set to now")
    except UserError as mistake:
        print(f"error: {mistake}", file=sys.stderr)
        sys.exit(2)


onsuccess:
    if "report" in {job.rule.name for job in workflow.dag.jobs}:
        print("The report is in results/report.html")


onerror:
    if workflow.scheduler.failed:
        told = (
            "Some jobs failed: each one's log is above and in results/STUDY/logs/; what a cluster refused is in Snakemake's own, "
            f"{log[0]}. What is finished is kept: mend what the logs name, then start the same command again. "
            "A job whose log gives no reason was killed, most often because memory was short: "
            "run fewer jobs at a time, such as with --cores 1."
        )
    else:
        told = "Stopped. What is finished is kept: start the same command again to go on."
    print(told, file=sys.stderr)
