"""How every command begins and ends: threads of libraries, a user's mistake in one line,
TensorFlow's start-up out of sight."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from vgstudy.errors import UserError

UsageError: Any = typer.BadParameter.__base__  # of the click that typer brings along


class Commands(TyperGroup):
    """Tells a user's mistake, and that memory ran out, in one line, without a traceback."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Take what stands before the command; exit with code 2 on what is no option."""
        with _usage(ctx) if args else nullcontext():  # no argument at all asks for help
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; exit with code 2 on a `UserError` and on a bad argument, 1 on a
        `MemoryError`."""
        use_threads(1)  # of linear algebra: on small arrays more only wait for each other
        try:
            with _usage(ctx):
                return super().invoke(ctx)
        except UserError as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from None
        except MemoryError:
            typer.echo(
                "error: memory ran out; run fewer jobs at a time, such as with --cores 1, or on a machine with more",
                err=True,
            )
            raise typer.Exit(1) from None


@contextmanager
def _usage(ctx: Any) -> Iterator[None]:
    """Tell in one line what is wrong with the arguments."""
    try:
        yield
    except UsageError as error:
        told, command = error.format_message().rstrip("."), (error.ctx or ctx).command_path
        typer.echo(f"error: {told}; see: {command} --help", err=True)
        raise typer.Exit(2) from None


def use_threads(count: int) -> None:
    """Set the threads of numerical libraries, which they read when they are imported."""
    os.environ.update(
        dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(count))
    )


@contextmanager
def quiet() -> Iterator[None]:
    """What TensorFlow writes when it is imported, which no setting keeps back, belongs in a log,
    not on a terminal."""
    os.environ.setdefault(
        "CUDA_VISIBLE_DEVICES", "-1"
    )  # the engine is made for processors, and looking for a card prints errors
    os.environ.setdefault(
        "TF_CPP_MIN_LOG_LEVEL", "3" if sys.stderr.isatty() else "1"
    )  # no news in a log, but warnings
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


def show(table: Any) -> None:
    """Print a table of rich, off a terminal in lines so long that nothing is cut or broken."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else 1000).print(table)
