"""How every command begins, ends and prints: threads, encodings, mistakes in one line, quiet
imports, tables on any terminal."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import typer
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from vgstudy.errors import UserError

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
        message, command = error.format_message().rstrip("."), (error.ctx or ctx).command_path
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


_WORD = re.compile(r"[^\W\d_]{2}")


def show(renderable: RenderableType) -> None:
    """Print what rich can render; off a terminal in lines so long that nothing is cut or broken."""
    Console(width=None if sys.stdout.isatty() else 1000).print(renderable)


def text_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table of texts, without markup; columns of numbers are on the right."""
    table = Table(
        title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, show_header=any(head)
    )
    for place, name in enumerate(head):
        has_words = any(_WORD.search(row[place]) for row in rows)
        table.add_column(Text(name), justify="left" if has_words else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
