"""What simulation finds of every interval and test, as a table for the terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from vgstudy.validation.trials import LABELLED, PRIMARY, SECOND, WITHDRAWN

ROLES = (PRIMARY, LABELLED, SECOND, WITHDRAWN)


def table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """A row for each procedure in each role; `rows` are those of `coverage`."""
    found = dict.fromkeys((row["role"], row["procedure"], row["label"]) for row in rows)
    shown = Table(caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head in ("role", "procedure", "found"):
        shown.add_column(head)
    for texts in sorted(found, key=lambda each: ROLES.index(each[0])):
        shown.add_row(*map(Text, texts))
    shown.caption = "primary: decides, within .02 of the nominal everywhere; labelled: decides, not so everywhere; second: beside"
    return shown
