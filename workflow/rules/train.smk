# A job's id is a hash of its manifest, the number of the train stage included: other contents are another job, and a manifest's age says nothing.


rule train:
    input:
        # but see AFTER in the Snakefile; a manifest that is written again makes nothing train that is trained
        lambda wildcards: (
            []
            if JOBS[wildcards.study, wildcards.job].path in KEPT
            else (
                str if JOBS[wildcards.study, wildcards.job].path in LOST else ancient
            )(f"results/{wildcards.study}/jobs/{wildcards.job}.json")
        ),
    output:
        probes="results/{study}/probes/{job}.parquet",
        curves="results/{study}/curves/{job}.parquet",
    log:
        "results/{study}/logs/train/{job}.log",
    priority: lambda wildcards: JOBS[wildcards.study, wildcards.job].seconds
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        # growing with the attempt
        mem_mb=lambda wildcards, attempt: (
            attempt * JOBS[wildcards.study, wildcards.job].mem_mb
        ),
        runtime=lambda wildcards, attempt: (
            attempt * JOBS[wildcards.study, wildcards.job].minutes
        ),
    shell:
        "vgstudy train results/{wildcards.study}/jobs/{wildcards.job}.json --threads {threads} > {log} 2>&1"
