from vgstudy.figures.registry import figure_names, figures
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
            labels=lambda wildcards: {"figure": figures()[wildcards.figure].title},
        ),
    log:
        "results/{study}/logs/figures.log",
    conda:
        "../../environment.yml"
    params:
        stage=STAGES["figures"],
        estimands=lambda wildcards: {
            name: figures()[name].estimand
            for name in figure_names(PLANS[wildcards.study].study.model_dump())
        },
    shell:
        "vgstudy figures results/{wildcards.study} > {log} 2>&1"
