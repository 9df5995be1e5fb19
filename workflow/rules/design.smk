# One rule for each study, because its outputs are the manifests that are not on disk yet. A manifest on disk belongs to no
# rule, so growing a study neither deletes it nor makes the job that was trained from it run again.
from vgstudy.config.load import seeds_text

for name, plan in PLANS.items():

    rule:
        name:
            f"design_{name}"
        output:
            runs=f"results/{name}/runs.parquet",
            manifests=[job.path for job in plan.jobs.values() if job.new],
            study=plan.study_path, # another design has another name, so it is written even if .snakemake is gone
        log:
            f"results/{name}/logs/design.log",
        priority: 1_000_000  # before any training, which goes by its seconds
        localrule: True
        conda:
            "../../environment.yml"
        params:
            # Functions, because text may hold braces, and of the output, because then Snakemake does not compare them.
            study=lambda wildcards, output, path=STUDIES[name].path: path,
            seeds=lambda wildcards, output: (
                ["--seeds", seeds_text(settings.seeds)] if settings.seeds else []
            ),
        shell:
            "vgstudy design --results results {params.seeds:q} -- {params.study:q} > {log} 2>&1"
