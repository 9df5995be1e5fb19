# Decay factors that are not on disk, for a batch of jobs in one process; the rule `decay` makes those again that are.
for name, plan in PLANS.items():
    for number, batch in plan.undecayed.items():

        rule:
            name:
                f"decay_{name}_{number}"
            input:
                [f"results/{name}/probes/{job}.parquet" for job in batch],
            output:
                [f"results/{name}/decays/{job}.parquet" for job in batch],
            log:
                f"results/{name}/logs/decay/batch-{number}.log",
            conda:
                "../../environment.yml"
            params:
                stage=STAGES["decay"],
            shell:
                "vgstudy decay {input} > {log} 2>&1"


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


rule estimate:
    input:
        runs="results/{study}/runs.parquet",
        tables=lambda wildcards: PLANS[wildcards.study].paths(
            "probes", "curves", "decays"
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
    shell:
        "vgstudy estimate results/{wildcards.study} > {log} 2>&1"


rule predict:
    input:
        runs="results/{study}/runs.parquet",
        outcomes="results/{study}/outcomes.parquet",
        tables=lambda wildcards: PLANS[wildcards.study].paths("probes", "decays"),
    output:
        "results/{study}/prediction.parquet",
    log:
        "results/{study}/logs/predict.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["predict"],
    shell:
        "vgstudy predict results/{wildcards.study} > {log} 2>&1"


rule follow:
    input:
        # only studies with arms show reported values from the claims
        register=lambda wildcards: (
            sorted(REGISTER.glob("*.yaml")) if STUDIES[wildcards.study].arms else []
        ),
        runs="results/{study}/runs.parquet",
        tables=lambda wildcards: PLANS[wildcards.study].paths("probes", "curves"),
    output:
        "results/{study}/arms.parquet",
    log:
        "results/{study}/logs/follow.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["follow"],
    shell:
        "vgstudy follow results/{wildcards.study} > {log} 2>&1"


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
        register=sorted(REGISTER.glob("*.yaml")),
        runs=expand("results/{study}/runs.parquet", study=STUDIES),
        outcomes=expand("results/{study}/outcomes.parquet", study=STUDIES),
        prediction=expand("results/{study}/prediction.parquet", study=STUDIES),
        tables=JOB_OUTPUTS,
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
