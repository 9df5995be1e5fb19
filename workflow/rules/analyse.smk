rule estimate:
    input:
        runs="results/{study}/runs.parquet",
        tables=lambda wildcards: PLANS[wildcards.study].paths("probes", "curves"),
    output:
        decays="results/{study}/decays.parquet",
        outcomes="results/{study}/outcomes.parquet",
        estimates="results/{study}/estimates.parquet",
        trajectories="results/{study}/trajectories.parquet",
        profiles="results/{study}/profiles.parquet",
        layer_decays="results/{study}/layer_decays.parquet",
        contrasts="results/{study}/contrasts.parquet",
        depth_curves="results/{study}/depth_curves.parquet",
        pooled="results/{study}/pooled.parquet",
        two_by_two="results/{study}/two_by_two.parquet",
        best_rates="results/{study}/best_rates.parquet",
        paired="results/{study}/paired.parquet",
        thresholds="results/{study}/thresholds.parquet",
        limits="results/{study}/limits.parquet",
        variances="results/{study}/variances.parquet",
    log:
        "results/{study}/logs/estimate.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["estimate"],
    shell:
        "vgstudy estimate results/{wildcards.study} > {log} 2>&1"


rule arms:
    input:
        # only studies with arms show reported values from the claims
        register=lambda wildcards: (
            sorted(steps.CLAIMS.glob("*.yaml")) if PLANS[wildcards.study].study.arms else []
        ),
        runs="results/{study}/runs.parquet",
        tables=lambda wildcards: PLANS[wildcards.study].paths("probes", "curves"),
    output:
        "results/{study}/arms.parquet",
    log:
        "results/{study}/logs/arms.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["arms"],
    shell:
        "vgstudy arms results/{wildcards.study} > {log} 2>&1"


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
    shell:
        "vgstudy overlay results/{wildcards.study} > {log} 2>&1"


rule claims:
    input:
        register=sorted(steps.CLAIMS.glob("*.yaml")),
        runs=expand("results/{study}/runs.parquet", study=PLANS),
        decays=expand("results/{study}/decays.parquet", study=PLANS),
        outcomes=expand("results/{study}/outcomes.parquet", study=PLANS),
        tables=JOB_OUTPUTS,
    output:
        "results/claims.parquet",
    log:
        "results/logs/claims.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["claims"],
        studies=list(PLANS),
    shell:
        "vgstudy claims results {params.studies:q} > {log} 2>&1"
