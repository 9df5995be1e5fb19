"""Everything the page says about one study."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vgstudy.figures.frames import Frames
from vgstudy.figures.registry import figure_names
from vgstudy.report.design_text import describe_design
from vgstudy.report.embedded_figures import KINDS, EmbeddedFigure, embedded_figures
from vgstudy.report.explorer import Explorer, explorer
from vgstudy.report.finding import Finding
from vgstudy.report.findings import findings
from vgstudy.report.provenance import Provenance, read_provenance
from vgstudy.report.robustness import cell_table, robustness_tables
from vgstudy.report.run_outcomes import (
    accounting_table,
    counts_sentence,
    deviations,
    status_counts,
)
from vgstudy.report.table import Table

FIRST_FINDINGS = 5  # at the top of the section


@dataclass(frozen=True)
class StudySection:
    """The parts of a study's section, ready to be laid out; all texts are plain, not HTML.

    Attributes
    ----------
    name
        Of the results folder; begins every anchor of the section.
    design
        The design in sentences; the first is enough in short.
    counts
        Runs by status.
    accounting
        The same in a sentence, and by setting in `accounts`.
    robustness
        Tables to judge the numbers by.
    deviations
        Where results differ from the plan, in sentences.
    """

    name: str
    title: str
    design: tuple[str, ...]
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    accounting: str
    accounts: Table
    figures: tuple[EmbeddedFigure, ...]
    cells: Table
    robustness: tuple[Table, ...]
    deviations: tuple[str, ...]
    explorer: Explorer
    provenance: Provenance

    @property
    def first_findings(self) -> tuple[Finding, ...]:
        """The findings at the top of the section."""
        return self.findings[:FIRST_FINDINGS]

    @property
    def figure_kinds(self) -> tuple[str, ...]:
        """The files of a figure that the page links to."""
        return KINDS

    def figure_number(self, name: str) -> int | None:
        """Return the number of a figure in this section, from 1; None if it has no such figure."""
        names = [figure.name for figure in self.figures]
        return names.index(name) + 1 if name in names else None


def study_section(folder: Path, frames: Frames) -> StudySection:
    """Return the section of a study from its folder and tables.

    Raises
    ------
    UserError
        If a table, figure or caption is missing, damaged or of another version.
    """
    counts = status_counts(frames)
    return StudySection(
        name=folder.name,
        title=frames.study["title"],
        design=describe_design(frames.study),
        findings=tuple(findings(frames)),
        counts=counts,
        accounting=counts_sentence(counts),
        accounts=accounting_table(frames),
        figures=embedded_figures(folder, figure_names(frames.study)),
        cells=cell_table(frames),
        robustness=robustness_tables(frames),
        deviations=deviations(frames),
        explorer=explorer(frames),
        provenance=read_provenance(folder),
    )
