"""Published numbers beside ours, as a table for the terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from vgstudy.conformance.check import Check
from vgstudy.wording import ABSENT, plural

ANSWERS = {True: "yes", False: "NO", None: "not run"}
HEADS = ("source", "quantity", "setup", "published", "ours", "rule", "agrees", "note")


def table(checks: Sequence[Check]) -> Table:
    """A row for each check; the caption counts the answers."""
    shown = Table(title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD, padding=0)
    for head in HEADS:
        shown.add_column(head, justify="right" if head in ("published", "ours") else "left")
    for each in checks:
        numbers = (ABSENT if value is None else f"{value:.4g}" for value in (each.published, each.ours))
        texts = (each.source, each.quantity, each.setup, *numbers, each.rule, ANSWERS[each.agrees], each.note or "")
        shown.add_row(*map(Text, texts))
    counts = ", ".join(f"{answer}: {sum(each.agrees is key for each in checks)}" for key, answer in ANSWERS.items())
    shown.caption = Text(f"{plural(len(checks), 'published number')}; {counts}")
    return shown
