from vgstudy.schema import STUDY_TABLES


rule figures:
    input:
        expand("results/{{study}}/{table}.parquet", table=STUDY_TABLES),
    output:
        report(
            directory("results/{study}/figures"),
            patterns=["{figure}.svg"],
            caption="../report/figure.rst",
            category="{study}",
            labels=lambda wildcards: {"figure": steps.figure_title(wildcards.figure)},
        ),
    log:
        "results/{study}/logs/figures.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["figures"],
    shell:
        "vgstudy figures results/{wildcards.study} > {log} 2>&1"
