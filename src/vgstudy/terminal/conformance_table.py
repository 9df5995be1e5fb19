"""Published numbers beside ours, as a table for the terminal."""

from collections.abc import Sequence
from itertools import groupby

from rich import box
from rich.table import Table
from rich.text import Text

from vgstudy.formatting import ABSENT, ANSWERS, plural
from vgstudy.validation.published_laws import Check

HEADS = ("agrees", "published", "ours", "source; quantity, setup, rule, note")


def table(checks: Sequence[Check]) -> Table:
    """A row for each check under its source, a note only where it is new; the caption counts the
    answers."""
    shown = Table(
        title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for head in HEADS:
        shown.add_column(
            head,
            justify="right" if head in ("published", "ours") else "left",
            no_wrap=head != HEADS[-1],
        )
    for source, listed in groupby(checks, key=lambda each: each.source):
        shown.add_row("", "", "", Text(source, style="bold"))
        told: str | None = None
        for each in listed:
            numbers = (
                ABSENT if value is None else f"{value:.4g}" for value in (each.published, each.ours)
            )
            parts = (each.quantity, each.setup, each.rule, each.note if each.note != told else None)
            shown.add_row(ANSWERS[each.agrees], *numbers, Text("; ".join(filter(None, parts))))
            told = each.note
    counts = ", ".join(
        f"{answer}: {sum(each.agrees is key for each in checks)}" for key, answer in ANSWERS.items()
    )
    shown.caption = Text(f"{plural(len(checks), 'published number')}; {counts}")
    return shown
