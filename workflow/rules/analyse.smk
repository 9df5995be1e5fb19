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


rule conformance:
    output:
        "results/conformance.parquet",
    log:
        "results/logs/conformance.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["conformance"],
        mnist=os.environ.get("VGSTUDY_MNIST", ""),
    shell:
        "vgstudy conformance results > {log} 2>&1"


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


rule predict:
    input:
        runs="results/{study}/runs.parquet",
        outcomes="results/{study}/outcomes.parquet",
        tables=lambda wildcards: expand(
            "results/{study}/{table}/{job}.parquet",
            study=wildcards.study,
            table=("probes", "decays"),
            job=PLANS[wildcards.study].jobs,
        ),
    output:
        "results/{study}/prediction.parquet",
    log:
        "results/{study}/logs/predict.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["predict"],
        folder=lambda wildcards, output: Path(output[0]).parent,
    shell:
        "vgstudy predict {params.folder} > {log} 2>&1"


rule follow:
    input:
        register=sorted(REGISTER.glob("*.yaml")),
        runs="results/{study}/runs.parquet",
        tables=lambda wildcards: expand(
            "results/{study}/{table}/{job}.parquet",
            study=wildcards.study,
            table=("probes", "curves"),
            job=PLANS[wildcards.study].jobs,
        ),
    output:
        "results/{study}/arms.parquet",
    log:
        "results/{study}/logs/follow.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["follow"],
        folder=lambda wildcards, output: Path(output[0]).parent,
    shell:
        "vgstudy follow {params.folder} > {log} 2>&1"


rule overlay:
    input:
        runs="results/{study}/runs.parquet",
        estimates="results/{study}/estimates.parquet",
    output:
        "results/{study}/overlays.parquet",
    log:
        "results/{study}/logs/overlay.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["overlay"],
        folder=lambda wildcards, output: Path(output[0]).parent,
    shell:
        "vgstudy overlay {params.folder} > {log} 2>&1"


rule claims:
    input:
        register=sorted(REGISTER.glob("*.yaml")),
        runs=expand("results/{study}/runs.parquet", study=STUDIES),
        outcomes=expand("results/{study}/outcomes.parquet", study=STUDIES),
        prediction=expand("results/{study}/prediction.parquet", study=STUDIES),
        tables=JOB_PATHS,
    output:
        "results/claims.parquet",
    log:
        "results/logs/claims.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["claims"],
        studies=list(STUDIES),
    shell:
        "vgstudy claims results {params.studies:q} > {log} 2>&1"
