# A job's id is a hash of its manifest, the number of the train stage included: other contents are another job, and a manifest's age says nothing.


rule train:
    input:
        lambda wildcards: PREPARED.manifest(wildcards.study, wildcards.job, ancient),
    output:
        probes="results/{study}/probes/{job}.parquet",
        curves="results/{study}/curves/{job}.parquet",
    log:
        "results/{study}/logs/train/{job}.log",
    priority: lambda wildcards: PREPARED.jobs[wildcards.study, wildcards.job].seconds
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        # growing with the attempt
        mem_mb=lambda wildcards, attempt: (
            attempt * PREPARED.jobs[wildcards.study, wildcards.job].mem_mb
        ),
        runtime=lambda wildcards, attempt: (
            attempt * PREPARED.jobs[wildcards.study, wildcards.job].minutes
        ),
    shell:
        "vgstudy train results/{wildcards.study}/jobs/{wildcards.job}.json --threads {threads} > {log} 2>&1"
