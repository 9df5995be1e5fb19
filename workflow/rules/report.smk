rule report:
    input:
        "results/claims.parquet",
        CHECKED,
        expand(
            "results/{study}/{part}",
            study=STUDIES,
            part=(*(f"{table}.parquet" for table in STUDY_TABLES), "figures"),
        ),
        PREPARED.job_paths,
    output:
        "results/SHA256SUMS",
        "results/summary.md",
        "results/claims.csv",
        expand("results/{check}.csv", check=PREPARED.checks),
        expand("results/{study}/tables/{sheet}.csv", study=STUDIES, sheet=EXPORTED),
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
        studies=list(STUDIES),
    shell:
        "vgstudy report results {params.studies:q} > {log} 2>&1"
