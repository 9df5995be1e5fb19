"""What commands print: tables with rich, on any terminal."""

import re
import sys

from rich import box, table
from rich.console import Console, RenderableType
from rich.text import Text

from vgstudy.report.table import Table

_WORD = re.compile(r"[^\W\d_]{2}")


def show(renderable: RenderableType) -> None:
    """Print what rich can render; off a terminal in lines so long that nothing is cut or broken."""
    Console(width=None if sys.stdout.isatty() else 1000).print(renderable)


def print_table(content: Table, note: str = "") -> None:
    """Print a table and a note below it."""
    show(rich_table(content))
    if note:
        show(Text(note))


def rich_table(content: Table) -> table.Table:
    """Return a table as rich draws it: columns of numbers to the right, without markup."""
    title = Text(content.caption) if content.caption else None
    drawn = table.Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, show_header=any(content.head)
    )
    for place, head in enumerate(content.head):
        has_words = any(_WORD.search(row[place]) for row in content.rows)
        drawn.add_column(Text(head), justify="left" if has_words else "right", overflow="fold")
    for row in content.rows:
        drawn.add_row(*map(Text, row))
    return drawn
