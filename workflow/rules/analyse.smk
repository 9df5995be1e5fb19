# Decay factors that are not on disk: a process for a batch of jobs, because it starts for longer than it computes. Outputs that are
# there belong to no batch, so new ones neither delete them nor make them again; the rule `decay` does that if it must be.
for name, study_plan in PLANS.items():
    for number, batch in study_plan.undecayed.items():

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


# What checks the methods needs no study, but waits for the designs: so training starts first, and this fills the cores that it leaves.
# Once there it is not made again for one more study.
rule coverage:
    input:
        [
            d
            for d in DESIGNS
            if Path(d).exists() or not Path("results/coverage.parquet").exists()
        ],
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
    input:
        # MNIST has been downloaded then
        [
            d
            for d in DESIGNS
            if Path(d).exists() or not Path("results/conformance.parquet").exists()
        ],
    output:
        "results/conformance.parquet",
    log:
        "results/logs/conformance.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["conformance"],
        mnist=MNIST,
    shell:
        "vgstudy conformance results > {log} 2>&1"


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
        # of what claims report, only arms show anything
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
        register=lambda wildcards: (
            sorted(path.name for path in REGISTER.glob("*.yaml"))
            if STUDIES[wildcards.study].arms
            else []
        ),
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
        tables=PREPARED.job_paths,
    output:
        "results/claims.parquet",
    log:
        "results/logs/claims.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["claims"],
        register=sorted(path.name for path in REGISTER.glob("*.yaml")),
        studies=list(STUDIES),
    shell:
        "vgstudy claims results {params.studies:q} > {log} 2>&1"
