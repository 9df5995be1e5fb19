"""The commands that are steps of the workflow: parse, one call, exit. Each imports what it needs
when it runs."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from vgstudy.terminal import (
    REGISTER,
    RESULTS,
    FolderArgument,
    NamesArgument,
    ResultsArgument,
    ResultsOption,
    SeedsOption,
    app,
    quiet,
    use_threads,
)


@app.command()
def design(
    study: Annotated[Path, typer.Argument(metavar="STUDY_FILE", help="A study file.")],
    results: ResultsOption = RESULTS,
    seeds: SeedsOption = None,
) -> None:
    """Write a study's runs and its jobs to train.

    Writes runs.parquet and a manifest for each missing job. Downloads its data set if needed.
    """
    from vgstudy.config.load import load_study, parse_seeds
    from vgstudy.planning.plan import plan_study, write_design

    read = load_study(study, parse_seeds(seeds))
    if read.task.file:
        with quiet():
            read.task.file.download()
    write_design(plan_study(read, results))


@app.command()
def train(
    manifest: Annotated[
        Path,
        typer.Argument(metavar="MANIFEST", help="A job's manifest, results/NAME/jobs/JOB.json."),
    ],
    threads: Annotated[
        int, typer.Option(min=1, help="Number of threads. Does not affect the results.")
    ] = 1,
) -> None:
    """Train one job: write its probes and curves.

    Prints how far the study is.
    """
    from vgstudy.planning import manifests
    from vgstudy.planning.forecast import progress

    # before TensorFlow is imported, which takes seconds
    manifests.read(manifest)
    use_threads(threads)
    with quiet():
        from vgstudy.engine import job

    job.run(manifest, threads)
    sentence = progress(manifest.parent.parent, datetime.now())
    typer.echo(sentence)
    # a workflow sends stderr to a log
    if not sys.stderr.isatty():
        typer.echo(sentence, err=True)


@app.command()
def estimate(folder: FolderArgument) -> None:
    """Estimate a study's numbers, with intervals.

    Writes outcomes, decay factors, profiles, trajectories, comparisons, depth limits and shares of
    variance.
    """
    from vgstudy.analysis import study_estimates

    study_estimates.write_estimates(folder)


@app.command()
def arms(folder: FolderArgument) -> None:
    """Summarise each arm of a study over the epochs.

    Accuracy, gradients and weights.
    """
    from vgstudy.claims.arms import write_arms

    write_arms(folder, REGISTER)


@app.command()
def overlay(folder: FolderArgument) -> None:
    """Compare a study before training with theory.

    Writes theory's predictions next to the measurements.
    """
    from vgstudy.theory.overlays import write_overlays

    write_overlays(folder)


@app.command()
def claims(results: ResultsArgument, studies: NamesArgument) -> None:
    """Judge the tutorials' claims by the studies' results.

    Writes results/claims.parquet.
    """
    from vgstudy.claims.claim_rows import write_claims

    write_claims(results, studies, REGISTER)


@app.command()
def figures(folder: FolderArgument) -> None:
    """Draw all figures of a study from its estimates."""
    from vgstudy.figures.write import write_figures

    write_figures(folder)


@app.command()
def report(
    results: ResultsArgument,
    studies: NamesArgument,
    partial: Annotated[
        bool,
        typer.Option(
            "--partial",
            help="Report the jobs trained so far, into RESULTS/partial; may be "
            "called while the workflow runs.",
        ),
    ] = False,
) -> None:
    """Write the report of one or more studies.

    Writes results/report.html, a page for each study, results/summary.md and the tables as CSV.
    """
    if partial:
        from vgstudy.report.partial import write_partial_report

        page = write_partial_report(results, studies, REGISTER)
    else:
        from vgstudy.report.page import write_report

        page = write_report(results, studies)
    typer.echo(f"The report is in {page}")
