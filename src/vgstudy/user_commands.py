"""The commands that only users call: parse, one call, exit. Each imports what it needs when it
runs."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from vgstudy.formatting import plural
from vgstudy.terminal import (
    CONFIG,
    RESULTS,
    ConfigOption,
    FolderArgument,
    LogdirOption,
    ResultsArgument,
    ResultsOption,
    SeedsOption,
    StudyArguments,
    app,
    read_named,
)


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
