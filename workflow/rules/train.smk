rule train:
    input:
        # a job's id is a hash of its manifest, so a manifest's age says nothing
        ancient("results/{study}/jobs/{job}.json"),
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
        # more with each attempt
        mem_mb=lambda wildcards, attempt: (
            attempt * PLANS[wildcards.study].jobs[wildcards.job].mem_mb
        ),
        runtime=lambda wildcards, attempt: (
            attempt * PLANS[wildcards.study].jobs[wildcards.job].minutes
        ),
    shell:
        # its last line says how far the study is: to the terminal and into the log
        "vgstudy train {input} --threads {threads} 2> {log}"
