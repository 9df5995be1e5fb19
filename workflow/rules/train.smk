# A job's id is a hash of its manifest, the number of the train stage included: other contents are another job, and a manifest's age says nothing.


def manifest(job):
    if PREPARED.is_kept(job):
        return []
    path = str(job.path)
    return path if PREPARED.is_lost(job) else ancient(path)  # see AFTER


rule train:
    input:
        lambda wildcards: manifest(PREPARED.jobs[wildcards.study, wildcards.job]),
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
