"""Everything the page says about one study."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vgstudy.figures.captions import figure_names
from vgstudy.figures.frames import Frames
from vgstudy.report.accounting import accounting_sentence, accounting_table, status_counts
from vgstudy.report.asked import asked, in_short
from vgstudy.report.attachments import Attachment
from vgstudy.report.cells import cell_table
from vgstudy.report.content import Content, content
from vgstudy.report.deviations import deviations
from vgstudy.report.findings import Finding, Table, findings
from vgstudy.report.origin import Origin, origin
from vgstudy.report.pictures import Picture, pictures
from vgstudy.report.trust import trust_tables

FIRST = 5  # findings on the first screen


@dataclass(frozen=True)
class StudyPage:
    """The parts of a study's section, ready to be laid out; all texts are plain, not HTML.

    Attributes
    ----------
    name
        Of the results folder; begins every anchor of the section.
    in_short, asked
        The design in one sentence and in several.
    counts
        Runs by status.
    accounting
        The same in a sentence, and by activation and optimizer in a table.
    trust
        Tables to judge the numbers by.
    deviations
        Where results differ from the plan, in sentences.
    """

    name: str
    title: str
    in_short: str
    asked: tuple[str, ...]
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    accounting: str
    accounts: Table
    pictures: tuple[Picture, ...]
    cells: Table
    trust: tuple[Table, ...]
    deviations: tuple[str, ...]
    explorer: Content
    origin: Origin

    @property
    def first(self) -> tuple[Finding, ...]:
        """The findings of the first screen."""
        return self.findings[:FIRST]

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """The files that travel with the section."""
        return (
            *(file for picture in self.pictures for file in picture.files.values()),
            Attachment(f"{self.name}/explorer", self.explorer.numbers),
            Attachment(f"{self.name}/explorer.json", self.explorer.told),
        )

    def number(self, figure: str) -> int:
        """Number of a figure in this section, from 1.

        Raises
        ------
        ValueError
            If the section has no such figure.
        """
        return [picture.name for picture in self.pictures].index(figure) + 1


def study_page(folder: Path, frames: Frames) -> StudyPage:
    """Put what a study's folder and its tables hold into words.

    Raises
    ------
    UserError
        If a table, picture or caption is missing, damaged or of another version.
    """
    return described(
        folder.name, frames, pictures(folder, figure_names(frames.study)), origin(folder)
    )


def described(name: str, frames: Frames, drawn: tuple[Picture, ...], source: Origin) -> StudyPage:
    """The section of a study from its tables, its pictures and where they come from."""
    return StudyPage(
        name=name,
        title=frames.study["title"],
        in_short=in_short(frames.study),
        asked=tuple(asked(frames.study)),
        findings=tuple(findings(frames)),
        counts=status_counts(frames),
        accounting=accounting_sentence(frames),
        accounts=accounting_table(frames),
        pictures=drawn,
        cells=cell_table(frames),
        trust=trust_tables(frames),
        deviations=deviations(frames),
        explorer=content(frames),
        origin=source,
    )
