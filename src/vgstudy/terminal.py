"""The command `vgstudy`: arguments that commands share, and how every command begins and ends:
threads, encodings, mistakes in one line, quiet imports."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from vgstudy.config import config_path
from vgstudy.errors import UserError

StudyArguments = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="STUDY",
        help="Names of studies, or paths ending in .yaml; default: those of --config.",
    ),
]
NamesArgument = Annotated[
    list[str], typer.Argument(metavar="STUDY", help="Names of studies that were run.")
]
FolderArgument = Annotated[
    Path, typer.Argument(metavar="FOLDER", file_okay=False, help="A study's results, results/NAME.")
]
ResultsArgument = Annotated[
    Path,
    typer.Argument(metavar="RESULTS", file_okay=False, help="The folder of results."),
]
ConfigOption = Annotated[
    Path,
    typer.Option(help="The file that names the studies; study files are in studies/ next to it."),
]
ResultsOption = Annotated[
    Path, typer.Option(help="The folder of results, with one folder for each study.")
]
SeedsOption = Annotated[
    str | None,
    typer.Option(help="Take only these seeds: n for 0..n-1, a range a-b, or a list [a, b]."),
]
RESULTS, CONFIG, REGISTER = (
    Path("results"),
    config_path("config.yaml"),
    config_path("claims"),
)


def _folder(text: str | Path) -> Path:
    if not str(text):
        raise UserError("--logdir: is empty; name a folder")
    return Path(text)


LogdirOption = Annotated[
    Path,
    typer.Option(parser=_folder, help="Where to write; show it with: tensorboard --logdir LOGDIR."),
]


def read_named(studies: list[str] | None, config: Path, seeds: str | None = None) -> list[Any]:
    """Return the named studies, by default those that the configuration names."""
    from vgstudy.config.load import load_config, parse_seeds, read_studies
    from vgstudy.tasks.registry import use_files

    named = load_config(config)
    use_files(named)
    where = "STUDY" if studies else f"{config}: studies"
    chosen = parse_seeds(seeds) or named.seeds
    return [*read_studies(studies or named.studies, chosen, config.parent, where).values()]


# of the click that typer brings along
UsageError: Any = typer.BadParameter.__base__


class Commands(TyperGroup):
    """Print a user's mistake, or that memory ran out, in one line and without a traceback."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse what comes before the command; exit with code 2 on a mistake."""
        replace_unencodable()
        # no argument at all asks for help
        with _one_line_usage(ctx) if args else nullcontext():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; exit with code 2 on a mistake, with 1 on a `MemoryError`."""
        # of linear algebra: on small arrays more threads only wait for each other
        use_threads(1)
        try:
            with _one_line_usage(ctx):
                return super().invoke(ctx)
        except UserError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from None
        except MemoryError:
            advice = "run fewer jobs at a time, such as with --cores 1, or on a machine with more"
            typer.echo(f"error: memory ran out; {advice}", err=True)
            raise typer.Exit(1) from None


@contextmanager
def _one_line_usage(ctx: Any) -> Iterator[None]:
    """Print in one line what is wrong with the arguments."""
    try:
        yield
    except UsageError as error:
        message = error.format_message().rstrip(".").replace("Value error, ", "")
        command = (error.ctx or ctx).command_path
        typer.echo(f"error: {message}; see: {command} --help", err=True)
        raise typer.Exit(2) from None


def replace_unencodable() -> None:
    """Print `?` for characters that a terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def use_threads(count: int) -> None:
    """Set the threads of numerical libraries, which they read when they are imported."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    os.environ.update(dict.fromkeys(names, str(count)))


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what TensorFlow prints when it is imported, which no setting suppresses, off a terminal;
    a log may have it."""
    # the engine is made for processors, and looking for a graphics card prints errors
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3" if sys.stderr.isatty() else "1")
    if not sys.stderr.isatty():
        yield
        return
    terminal = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(requested: bool) -> None:
    if requested:
        from importlib.metadata import version

        typer.echo(f"vgstudy {version('vgstudy')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Train networks with many seeds, measure how gradients decay, report it with intervals."""
