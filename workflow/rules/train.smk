# A job's id is a hash of its manifest, the number of the train stage included: other contents are another job, and a manifest's age says nothing.


rule train:
    input:
        # but Snakemake overlooks damaged outputs if all that is made again of the inputs is ancient
        lambda wildcards: (
            str if PLANS[wildcards.study].jobs[wildcards.job].path in LOST else ancient
        )(f"results/{wildcards.study}/jobs/{wildcards.job}.json"),
    output:
        probes="results/{study}/probes/{job}.parquet",
        curves="results/{study}/curves/{job}.parquet",
    log:
        "results/{study}/logs/train/{job}.log",
    priority: lambda wildcards: PLANS[wildcards.study].jobs[wildcards.job].seconds
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: PLANS[wildcards.study]
        .jobs[wildcards.job]
        .resources(attempt)["mem_mb"],
        runtime=lambda wildcards, attempt: PLANS[wildcards.study]
        .jobs[wildcards.job]
        .resources(attempt)["runtime"],
    shell:
        "vgstudy train {input} --threads {threads} > {log} 2>&1"
