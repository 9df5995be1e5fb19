"""From config/config.yaml to results/report.html.

Rules say what depends on what; `vgstudy` does the work. Reading this file plans every study, imports no TensorFlow and writes nothing.
"""

import os
import sys
from pathlib import Path

from snakemake.utils import min_version

from vgstudy.claims.checks import check_register
from vgstudy.claims.register import read_register
from vgstudy.config import yamlfile
from vgstudy.views.captions import caption_of, figure_names
from vgstudy.config.reading import load_studies
from vgstudy.errors import UserError
from vgstudy.plan.planning import plan
from vgstudy.stages import STAGES

min_version("9.19")

# The rules call `vgstudy` of the environment that runs Snakemake, activated or not.
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])
)

CONFIG = Path("config/config.yaml")
REGISTER = sorted(Path("config/claims").glob("*.yaml"))

try:  # before `configfile:`, whose messages name no line; until then `config` holds what the command line sets
    STUDIES = load_studies(yamlfile.read(CONFIG) | config, CONFIG.parent)
    check_register(
        read_register(Path("config/claims")),
        {name: study.model_dump(mode="json") for name, study in STUDIES.items()},
    )
    PLANS = {name: plan(study, Path("results")) for name, study in STUDIES.items()}
except UserError as mistake:
    print(f"error: {mistake}", file=sys.stderr)
    sys.exit(2)


configfile: CONFIG


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
        # what a job wrote and somebody deleted is made again, although no later step needs it any more
        [
            f"results/{name}/{table}/{job}.parquet"
            for name, study_plan in PLANS.items()
            for job in study_plan.jobs
            for table in ("probes", "curves", "decays")
        ],


onsuccess:
    if Path("results/report.html").exists():
        print("The report is in results/report.html")
