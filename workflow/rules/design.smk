# One rule for each study, because its outputs are the manifests that are not on disk yet. A
# manifest on disk belongs to no rule, so growing a study neither deletes it nor makes the job that
# was trained from it run again.
from vgstudy.config.load import seeds_text

for name, plan in PLANS.items():

    rule:
        name:
            f"design_{name}"
        output:
            runs=f"results/{name}/runs.parquet",
            manifests=[job.path for job in plan.jobs.values() if job.new],
            # another design has another name, so it is written even if .snakemake is gone
            study=plan.study_path,
        log:
            f"results/{name}/logs/design.log",
        priority: 1_000_000  # before any training, which goes by its seconds
        localrule: True
        conda:
            "../../environment.yml"
        params:
            # functions, because text may hold braces
            study=lambda wildcards, output, study=plan.study: study.path,
            seeds=lambda wildcards, output, study=plan.study: seeds_text(study.seeds),
        shell:
            "vgstudy design --results results --seeds {params.seeds:q} -- {params.study:q}"
            " > {log} 2>&1"
