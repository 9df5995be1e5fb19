"""One finding of a study."""

from dataclasses import dataclass

from vgstudy.report.table import Table


@dataclass(frozen=True)
class Finding:
    """A finding.

    Attributes
    ----------
    key
        Ends the anchor of the finding on the page.
    topic
        What it is about, as a heading.
    headline
        One or two sentences with numbers and intervals.
    more
        Further sentences.
    tables
        The numbers behind it.
    figure
        Name of the figure that shows it; empty if none does.
    """

    key: str
    topic: str
    headline: str
    more: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    figure: str = ""
