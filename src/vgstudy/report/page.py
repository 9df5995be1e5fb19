"""The pages: one of all studies, which can be read on its own, and one of everything about each
study; and the tables as CSV files next to them."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vgstudy.errors import UserError
from vgstudy.figures.frames import Frames, read_frames
from vgstudy.figures.registry import figures
from vgstudy.report.claims_section import ClaimsSection, claims_section
from vgstudy.report.design_text import describe_design
from vgstudy.report.embedded_figures import embedded_figures
from vgstudy.report.explorer import explorer
from vgstudy.report.fixes import fixes
from vgstudy.report.provenance import read_provenance
from vgstudy.report.run_outcomes import (
    MEANINGS,
    counts_sentence,
    deviations,
    outcome_tables,
    status_counts,
)
from vgstudy.report.study_tables import (
    comparison_sentences,
    result_tables,
    robustness_tables,
    validation_tables,
)
from vgstudy.report.summary import summary
from vgstudy.results import Results
from vgstudy.schema import EXPORTED, TABLES
from vgstudy.store.files import write_whole
from vgstudy.store.parquet import read_table
from vgstudy.store.tables import shared

SCRIPTS, EXPLORER_SCRIPTS = ("page.js",), ("charts.js", "explorer.js")
# figures in sight when the main page opens: one for each question
MAIN_FIGURES = (
    "accounting",
    "depth-limit",
    "odds-ratios",
    "arms-learned",
    "arms-moved",
    "signal-start",
)

Parts = dict[str, Any]  # what a template shows, by name; texts are plain, not HTML


def write_report(results: Path, names: Sequence[str], progress: Sequence[str] = ()) -> Path:
    """Write `report.html`, `summary.md`, a `report.html` in each study's folder, and the tables as
    CSV; return the path of the main page.

    Every named study has a folder in `results`.

    Parameters
    ----------
    progress
        Of a workflow that still runs: how far each study is, in sentences.

    Raises
    ------
    UserError
        If a study is named twice, or a table, figure or caption of one is missing, damaged or of
        another version.
    """
    if repeated := [name for name in names if list(names).count(name) > 1]:
        raise UserError(f"study {repeated[0]} is named twice; name each once")
    frames = {name: read_frames(results / name) for name in names}
    studies = [study_parts(results / name, each) for name, each in frames.items()]
    claims, remedies = claims_section(results), fixes()
    write_csv(results, names)
    parts = {
        "sections": studies,
        "claims": claims,
        "first": summary(frames, claims, remedies) if studies else None,
        "fixes": remedies,
        "progress": progress,
    }
    for study in studies:
        html = study_page(study, claims, progress)
        write_whole(results / study["name"] / "report.html", html.encode())
    write_whole(results / "summary.md", render("summary.md", parts, escape=False).encode())
    write_whole(results / "report.html", main_page(parts).encode())
    return results / "report.html"


def study_parts(folder: Path, frames: Frames) -> Parts:
    """Return everything that the pages show of one study; raises as `write_report`."""
    counts = status_counts(frames)
    embedded = embedded_figures(folder, figures(frames.study))
    drawn = [each for each in embedded if each.drawn]
    main = [each for each in drawn if each.name in MAIN_FIGURES and not frames.study["trial"]]
    return {
        "name": folder.name,
        "title": frames.study["title"],
        "design": describe_design(frames.study),
        "comparisons": comparison_sentences(frames),
        "counts": counts,
        "accounting": counts_sentence(counts),
        "outcomes": outcome_tables(frames),
        "main_figures": main,
        "other_figures": [each for each in drawn if each not in main],
        "not_drawn": [each for each in embedded if not each.drawn],
        "tables": result_tables(frames),
        "robustness": robustness_tables(frames),
        "deviations": deviations(frames),
        "explorer": explorer(frames),
        "provenance": read_provenance(folder),
    }


def main_page(parts: Parts) -> str:
    """Return the page of all studies as HTML."""
    fixed = {"validation": validation_tables(), "scripts": scripts(SCRIPTS)}
    return render("report.html", {**parts, **fixed})


def study_page(study: Parts, claims: ClaimsSection | None, progress: Sequence[str] = ()) -> str:
    """Return the page of everything about one study as HTML."""
    parts = {
        "study": study,
        "claims": claims.of_study(study["name"]) if claims else (),
        "meanings": MEANINGS,
        "progress": progress,
        "scripts": scripts((*SCRIPTS, *EXPLORER_SCRIPTS)),
    }
    return render("study.html", parts)


def scripts(names: Sequence[str]) -> tuple[Markup, ...]:
    """Return scripts of the page, in the order in which they run."""
    templates = files("vgstudy.report") / "templates"
    return tuple(Markup((templates / name).read_text(encoding="utf-8")) for name in names)


def render(template: str, parts: Parts, escape: bool = True) -> str:
    """Return a filled template; in HTML every text is escaped."""
    environment = Environment(
        loader=PackageLoader("vgstudy.report"),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(parts)


def write_csv(results: Path, names: Sequence[str]) -> None:
    """Write the tables of each study as `tables/TABLE.csv` in its folder, and every table that
    belongs to no study as CSV next to it; raises as `write_report`."""
    for name in names:
        study = Results(results / name)
        for table in EXPORTED:
            content = csv_bytes(table, study.read(table))
            write_whole(results / name / "tables" / f"{table}.csv", content)
    for path, table in shared(results).items():
        if path.exists():
            content = csv_bytes(table, read_table(table, path).to_pandas())
            write_whole(path.with_suffix(".csv"), content)


def csv_bytes(table: str, frame: pd.DataFrame) -> bytes:
    """Return the frame of a table as CSV in UTF-8, in full precision and without columns of lists;
    a missing value is an empty field."""
    columns = TABLES[table].columns.items()
    lists = [name for name, column in columns if pa.types.is_list(column.type)]
    content: str = frame.drop(columns=lists).to_csv(index=False)
    return content.encode()
