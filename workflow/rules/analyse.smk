rule decay:
    input:
        "results/{study}/probes/{job}.parquet",
    output:
        "results/{study}/decays/{job}.parquet",
    log:
        "results/{study}/logs/decay/{job}.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["decay"],
    shell:
        "vgstudy decay {input} > {log} 2>&1"


rule coverage:
    output:
        "results/coverage.parquet",
    log:
        "results/logs/coverage.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["coverage"],
    shell:
        "vgstudy coverage results > {log} 2>&1"


rule estimate:
    input:
        runs="results/{study}/runs.parquet",
        tables=lambda wildcards: expand(
            "results/{study}/{table}/{job}.parquet",
            study=wildcards.study,
            table=("probes", "curves", "decays"),
            job=PLANS[wildcards.study].jobs,
        ),
    output:
        outcomes="results/{study}/outcomes.parquet",
        estimates="results/{study}/estimates.parquet",
        trajectories="results/{study}/trajectories.parquet",
        profiles="results/{study}/profiles.parquet",
        contrasts="results/{study}/contrasts.parquet",
        linearity="results/{study}/linearity.parquet",
        limits="results/{study}/limits.parquet",
        variances="results/{study}/variances.parquet",
    log:
        "results/{study}/logs/estimate.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["estimate"],
        folder=lambda wildcards, output: Path(output.outcomes).parent,
    shell:
        "vgstudy estimate {params.folder} > {log} 2>&1"
