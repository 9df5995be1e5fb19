"""The command line: parse, one call, exit. Every command imports what it needs when it runs."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from vgstudy.errors import UserError

StudyArguments = Annotated[
    list[str] | None,
    typer.Argument(metavar="STUDY", help="Names of studies, or paths ending in .yaml; default: those of --config."),
]
ConfigOption = Annotated[
    Path, typer.Option("--config", help="The file that names the studies; study files are in studies/ beside it.")
]
ResultsOption = Annotated[Path, typer.Option("--results", help="The folder of results, with one folder for each study.")]
SeedsOption = Annotated[
    str | None, typer.Option("--seeds", help="Instead of the studies' own: a number n for 0..n-1, a range a-b, or a list [a, b].")
]
RegisterOption = Annotated[Path, typer.Option("--register", help="The folder of the register of claims.")]


class Commands(TyperGroup):
    """Tells a user's mistake in one line, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; exit with code 2 on a `UserError`."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from None


app = typer.Typer(
    cls=Commands,
    help="Vanishing gradients with evidence: seeded training runs, decay factors with intervals, a report.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"vgstudy {version('vgstudy')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Vanishing gradients with evidence: seeded training runs, decay factors with intervals, a report."""


def _seeds(text: str | None) -> tuple[int, ...] | None:
    import yaml

    from vgstudy.config import reading as config
    from vgstudy.config import yamlfile

    if text is None:
        return None
    try:
        value = yamlfile.parse(text)
    except yaml.YAMLError:
        value = text
    return config.check_seeds(value, "--seeds")


@app.command()
def plan(
    studies: StudyArguments = None,
    config: ConfigOption = Path("config/config.yaml"),
    results: ResultsOption = Path("results"),
    seeds: SeedsOption = None,
) -> None:
    """Check the machine; print what studies hold, will do and will cost: runs, jobs, time, memory, disk. Writes nothing."""
    from rich.console import Console

    from vgstudy.config.reading import load_config, read_studies
    from vgstudy.plan import planning, preflight
    from vgstudy.terminal import plan_table as summary

    named = load_config(config)
    chosen = read_studies(studies or named.studies, _seeds(seeds) or named.seeds, config.parent, str(config))
    console, plans = Console(), [planning.plan(study, results) for study in chosen.values()]
    preflight.check(plans, results)
    for planned in plans:
        console.print(summary.table(planned))
        for line in (*preflight.story(planned, os.cpu_count()), *preflight.damaged(planned).values()):
            typer.echo(line)
    for line in preflight.settings():
        typer.echo(line)


@app.command()
def design(
    study: Annotated[Path, typer.Argument(metavar="STUDY_FILE", help="A study file.")],
    results: ResultsOption = Path("results"),
    seeds: SeedsOption = None,
) -> None:
    """Write the manifests of the jobs a study still needs, and its runs.parquet; fetch its data if they are to be downloaded."""
    from vgstudy.config.reading import load_study
    from vgstudy.plan import planning

    read = load_study(study, _seeds(seeds))
    if read.task.name == "mnist":
        from vgstudy.engine.download import fetch_mnist

        fetch_mnist()
    planning.write_design(planning.plan(read, results))


@app.command()
def train(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="A job's manifest, results/NAME/jobs/JOB.json.")],
    threads: Annotated[int, typer.Option(min=1, help="Threads of TensorFlow. They do not reach the numbers.")] = 1,
) -> None:
    """Train one job; writes its probes and curves."""
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the engine is made for processors, and looking for a card prints errors
    if sys.stderr.isatty():
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up notes belong in a log, not on a terminal
    from vgstudy.engine import jobs

    jobs.run(manifest, threads)


@app.command()
def decay(
    probes: Annotated[Path, typer.Argument(metavar="PROBES", help="A job's probes, results/NAME/probes/JOB.parquet.")],
) -> None:
    """Write the decay factors of one job."""
    from vgstudy.analysis import tables

    tables.write_decays(probes)


@app.command()
def estimate(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A study's results, results/NAME.")]) -> None:
    """Write outcomes, estimates, profiles and contrasts of a study."""
    from vgstudy.analysis import tables

    tables.write_estimates(folder)


@app.command()
def predict(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A study's results, results/NAME.")]) -> None:
    """Write how well gradients before training foretell failure in a study."""
    from vgstudy.claims.prediction import write_prediction

    write_prediction(folder)


@app.command()
def follow(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A study's results, results/NAME.")],
    register: RegisterOption = Path("config/claims"),
) -> None:
    """Write how accuracies, gradients and weights run over the epochs in the arms of a study."""
    from vgstudy.analysis.arms import write_arms

    write_arms(folder, register)


@app.command()
def claims(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="The folder of results.")],
    studies: Annotated[list[str], typer.Argument(metavar="STUDY", help="Names of the studies that were run.")],
    register: RegisterOption = Path("config/claims"),
) -> None:
    """Judge every claim of the register by what the studies found; writes results/claims.parquet."""
    from vgstudy.claims.tables import write_claims

    write_claims(results, studies, register)


@app.command()
def figures(folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A study's results, results/NAME.")]) -> None:
    """Draw a study's figures from its finished estimates."""
    from vgstudy.figures import write_figures

    write_figures(folder)


@app.command()
def figure(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A study's results, results/NAME.")],
    name: Annotated[str, typer.Argument(metavar="FIGURE", help="A figure's name, as its files have it.")],
) -> None:
    """Draw one figure anew."""
    from vgstudy.figures import write_figures

    write_figures(folder, [name])


@app.command()
def report(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="The folder of results.")],
    studies: Annotated[list[str], typer.Argument(metavar="STUDY", help="Names of the studies to report.")],
) -> None:
    """Write results/report.html."""
    from vgstudy.report import write_report

    write_report(results, studies)


@app.command()
def theory(
    studies: StudyArguments = None,
    config: ConfigOption = Path("config/config.yaml"),
    depth: Annotated[int, typer.Option("--depth", min=1, help="Hidden layers; the study's nearest depth is shown.")] = 10,
) -> None:
    """Print what theory predicts for studies' networks before any update, and how far each number can be trusted."""
    from rich.console import Console

    from vgstudy.config.reading import load_config, read_studies
    from vgstudy.terminal import theory_table

    named = load_config(config)
    console = Console()
    for study in read_studies(studies or named.studies, named.seeds, config.parent, str(config)).values():
        console.print(theory_table.table(study, depth))
