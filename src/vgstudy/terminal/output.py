"""What commands print: tables with rich, on any terminal."""

import re
import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

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
