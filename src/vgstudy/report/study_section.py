"""Everything the page says about one study."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vgstudy.figures.frames import Frames
from vgstudy.figures.registry import figure_names
from vgstudy.report.design_text import describe_design
from vgstudy.report.embedded_figures import EmbeddedFigure, embedded_figures
from vgstudy.report.explorer import Explorer, explorer
from vgstudy.report.provenance import Provenance, read_provenance
from vgstudy.report.run_outcomes import (
    accounting_table,
    counts_sentence,
    deviations,
    learning_table,
    status_counts,
    threshold_table,
)
from vgstudy.report.study_tables import (
    comparison_sentences,
    result_tables,
    robustness_tables,
)
from vgstudy.report.table import Table

# figures in sight when the main page opens: one for each question
MAIN_FIGURES = (
    "accounting",
    "depth-limit",
    "odds-ratios",
    "arms-learned",
    "arms-moved",
    "signal-start",
)


@dataclass(frozen=True)
class StudySection:
    """The parts of a study's page, ready to be laid out; all texts are plain, not HTML. The main
    page shows some of them.

    Attributes
    ----------
    name
        Of the results folder; begins every anchor of the study.
    trial
        Whether the study only tests the workflow.
    design
        The design in sentences; the first is enough in short.
    comparisons
        What levels of declared contrasts learn more often, in sentences.
    counts, accounting, outcomes
        Runs by status, in a sentence, and in tables: by setting, and for each arm when its seeds
        learned, and how many did by other thresholds.
    tables, robustness
        Finished estimates, and tables to judge them by.
    deviations
        Where results differ from the plan, in sentences.
    """

    name: str
    title: str
    trial: bool
    design: tuple[str, ...]
    comparisons: tuple[str, ...]
    counts: Mapping[str, int]
    accounting: str
    outcomes: tuple[Table, ...]
    figures: tuple[EmbeddedFigure, ...]
    tables: tuple[Table, ...]
    robustness: tuple[Table, ...]
    deviations: tuple[str, ...]
    explorer: Explorer
    provenance: Provenance

    @property
    def main_figures(self) -> tuple[EmbeddedFigure, ...]:
        """The figures in sight when the main page opens; of a trial none."""
        main = () if self.trial else MAIN_FIGURES
        return tuple(each for each in self.figures if each.name in main and each.drawn)

    @property
    def other_figures(self) -> tuple[EmbeddedFigure, ...]:
        """The figures that are on the study's own page only."""
        return tuple(each for each in self.figures if each not in self.main_figures and each.drawn)

    @property
    def not_drawn(self) -> tuple[EmbeddedFigure, ...]:
        """The figures for which the study lacks something."""
        return tuple(each for each in self.figures if not each.drawn)


def study_section(folder: Path, frames: Frames) -> StudySection:
    """Return the section of a study from its folder and tables.

    Raises
    ------
    UserError
        If a table, figure or caption is missing, damaged or of another version.
    """
    counts = status_counts(frames)
    tables = (accounting_table(frames), learning_table(frames), threshold_table(frames))
    return StudySection(
        name=folder.name,
        title=frames.study["title"],
        trial=bool(frames.study["trial"]),
        design=describe_design(frames.study),
        comparisons=comparison_sentences(frames),
        counts=counts,
        accounting=counts_sentence(counts),
        outcomes=tuple(table for table in tables if table.rows),
        figures=embedded_figures(folder, figure_names(frames.study)),
        tables=result_tables(frames),
        robustness=robustness_tables(frames),
        deviations=deviations(frames),
        explorer=explorer(frames),
        provenance=read_provenance(folder),
    )
