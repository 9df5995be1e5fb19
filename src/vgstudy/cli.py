"""The commands: parse, one call, exit. Each imports what it needs when it runs."""

import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from vgstudy.formatting import plural
from vgstudy.terminal import (
    CONFIG,
    REGISTER,
    RESULTS,
    ConfigOption,
    FolderArgument,
    LogdirOption,
    NamesArgument,
    ResultsArgument,
    ResultsOption,
    SeedsOption,
    StudyArguments,
    quiet,
    read_named,
    use_threads,
)
from vgstudy.terminal import app as app


@app.command()
def plan(
    studies: StudyArguments = None,
    config: ConfigOption = CONFIG,
    results: ResultsOption = RESULTS,
    seeds: SeedsOption = None,
) -> None:
    """Print how many runs the studies have and what they cost.

    Time, memory and disk; checks that this machine has them; writes nothing.
    """
    from snakemake.utils import available_cpu_count  # what `--cores all` takes

    from vgstudy.planning.checks import check_resources
    from vgstudy.planning.forecast import forecast
    from vgstudy.planning.plan import plan_study
    from vgstudy.planning.speed import read_speed
    from vgstudy.terminal_tables import plan_table, show

    plans = [plan_study(study, results) for study in read_named(studies, config, seeds)]
    check_resources(plans, results, cores=None)
    cores = available_cpu_count()
    speed = read_speed(results, cores)
    for planned in plans:
        show(plan_table(planned, speed))
    for line in forecast(plans, cores, speed):
        typer.echo(line)


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
def figure(
    name: Annotated[str, typer.Argument(metavar="FIGURE", help="The figure's name, see above.")],
    study: Annotated[
        str | None, typer.Option(help="The study's name, if the folder holds several.")
    ] = None,
    results: ResultsOption = RESULTS,
    style: Annotated[
        Literal["paper", "slides"],
        typer.Option(help="For slides: larger type, and the message as the title."),
    ] = "paper",
    kind: Annotated[
        Literal["svg", "pdf", "png"], typer.Option("--format", help="The kind of file.")
    ] = "pdf",
    into: Annotated[
        Path,
        typer.Option(file_okay=False, help="The folder to write to, by default the current one."),
    ] = Path(),
) -> None:
    """Write one figure, for a paper or for slides.

    Its caption is written as a text file next to it. The figures, of which a study has those that
    suit its design: accounting, depth-limit, performance-narrow, performance-wide, best-rates,
    paired, odds-ratios, two-by-two, arms-accuracy, arms-learned, arms-moved, arms-weights,
    arms-gradients, arms-first-last, arms-entries, signal-start, signal-epochs, decay-layers,
    profiles, fluctuations, theory-width.
    """
    from vgstudy.figures.write import write_one
    from vgstudy.store.tables import study_folder

    path = write_one(study_folder(results, study), name, style, kind, into)
    typer.echo(f"{path}, with its caption in {path.with_suffix('.txt').name}")


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


@app.command()
def verify(results: ResultsArgument = RESULTS) -> None:
    """Check that every file of results is whole.

    Reads every byte of every table and manifest; prints each one that is damaged, foreign or of
    another version, with the command that makes it again. Exit code 1 if there is one.
    """
    from vgstudy.planning.verify import file_problems, without_checksum

    problems = file_problems(results)
    wrong = [problem for problem in problems.values() if problem]
    for problem in wrong:
        typer.echo(problem)
    if older := without_checksum(problems):
        what = plural(len(older), "table")
        typer.echo(f"{results}: {what} of an older version without a checksum of all bytes")
    typer.echo(f"{results}: {plural(len(problems), 'file')} read, {len(wrong)} with a problem")
    raise typer.Exit(bool(wrong))


@app.command()
def tensorboard(
    results: ResultsArgument,
    logdir: LogdirOption = Path("logs"),
    study: Annotated[
        str | None, typer.Option(help="The study's name, if the folder holds several.")
    ] = None,
    cells: Annotated[
        str | None, typer.Option(help="A regular expression that the cell's id must match.")
    ] = None,
    seeds: SeedsOption = None,
) -> None:
    """Write a study's logs for TensorBoard.

    A TensorBoard run for each cell and seed.
    """
    from vgstudy.config.load import parse_seeds
    from vgstudy.probe.events import write_study
    from vgstudy.store.tables import study_folder

    count = write_study(study_folder(results, study), logdir, cells, parse_seeds(seeds))
    typer.echo(
        f"{plural(count, 'run')} written to {logdir}; "
        f"view with: tensorboard --logdir {shlex.quote(str(logdir))}"
    )


@app.command()
def diagnose(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN", help="Files of probes, such as those of GradientProbe."),
    ],
    epoch: Annotated[
        int | None, typer.Option(min=0, help="A measured epoch; default: the last.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Diagnose your own models from their files of probes.

    A model is healthy, vanishing, exploding, dying ReLU, saturated, or has no gradient. Exit code 1
    unless every model is healthy.
    """
    import json

    from vgstudy.probe.diagnosis import diagnose_files
    from vgstudy.probe.display import render
    from vgstudy.terminal_tables import show

    diagnoses = diagnose_files(runs, epoch)
    if as_json:
        typer.echo(json.dumps(diagnoses, indent=1))
    else:
        for each in diagnoses:
            show(render(each))
    raise typer.Exit(any(each["verdict"] != "healthy" for each in diagnoses))


@app.command("at-best-rates")
def at_best_rates(
    folder: FolderArgument,
    seeds: Annotated[str, typer.Argument(metavar="SEEDS", help="Fresh seeds, such as 330-429.")],
) -> None:
    """Print a study file with each network at its best rate.

    From a finished study of several learning rates; with fresh seeds.
    """
    from vgstudy.analysis.best_rates import fresh_study

    typer.echo(fresh_study(folder, seeds))


@app.command()
def theory(
    studies: StudyArguments = None,
    config: ConfigOption = CONFIG,
    depth: Annotated[
        int, typer.Option(min=1, help="Hidden layers; the study's nearest depth is shown.")
    ] = 10,
) -> None:
    """Print what theory predicts before training.

    For each kind of network of the studies, and on what basis.
    """
    from vgstudy.terminal_tables import show, theory_table

    for study in read_named(studies, config):
        show(theory_table(study, depth))
