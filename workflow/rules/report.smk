from vgstudy.schema import EXPORTED


rule report:
    input:
        "results/claims.parquet",
        STUDY_OUTPUTS,
        JOB_OUTPUTS,
    output:
        "results/summary.md",
        "results/claims.csv",
        expand("results/{study}/report.html", study=PLANS),
        expand("results/{study}/tables/{table}.csv", study=PLANS, table=EXPORTED),
        report(
            "results/report.html",
            caption="../report/report.rst",
            category="Report",
            labels={"page": "all studies"},
        ),
    log:
        "results/logs/report.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["report"],
        studies=list(PLANS),
    shell:
        "vgstudy report results {params.studies:q} > {log} 2>&1"
