"""The pages: one of all studies, which can be read on its own, and one of everything about each
study."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vgstudy.errors import UserError
from vgstudy.figures.frames import read_frames
from vgstudy.report.claims_section import ClaimsSection, claims_section
from vgstudy.report.csv_export import write_shared_csv, write_study_csv
from vgstudy.report.fixes import fixes
from vgstudy.report.run_outcomes import MEANINGS
from vgstudy.report.study_section import StudySection, study_section
from vgstudy.report.study_tables import validation_tables
from vgstudy.report.summary import summary
from vgstudy.store.files import write_whole

SCRIPTS, EXPLORER_SCRIPTS = ("page.js",), ("charts.js", "explorer.js")


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
    studies = {name: read_frames(results / name) for name in names}
    sections = [study_section(results / name, frames) for name, frames in studies.items()]
    claims, remedies = claims_section(results), fixes()
    for name in names:
        write_study_csv(results / name)
    write_shared_csv(results)
    parts = {
        "sections": sections,
        "claims": claims,
        "first": summary(studies, claims, remedies) if studies else None,
        "fixes": remedies,
        "progress": progress,
    }
    for section in sections:
        html = study_page(section, claims, progress)
        write_whole(results / section.name / "report.html", html.encode())
    write_whole(results / "summary.md", _render("summary.md", parts, escape=False).encode())
    write_whole(results / "report.html", main_page(**parts).encode())
    return results / "report.html"


def main_page(**parts: Any) -> str:
    """Return the page of all studies as HTML; every text of a study is escaped."""
    fixed = {"validation": validation_tables(), "scripts": scripts(SCRIPTS)}
    return _render("report.html", {**parts, **fixed}, escape=True)


def study_page(
    study: StudySection, claims: ClaimsSection | None, progress: Sequence[str] = ()
) -> str:
    """Return the page of everything about one study as HTML."""
    parts = {
        "study": study,
        "claims": claims.of_study(study.name) if claims else (),
        "meanings": MEANINGS,
        "progress": progress,
        "scripts": scripts((*SCRIPTS, *EXPLORER_SCRIPTS)),
    }
    return _render("study.html", parts, escape=True)


def scripts(names: Sequence[str]) -> tuple[Markup, ...]:
    """Return scripts of the page, in the order in which they run."""
    templates = files("vgstudy") / "templates"
    return tuple(Markup((templates / name).read_text(encoding="utf-8")) for name in names)


def _render(template: str, parts: Mapping[str, Any], escape: bool) -> str:
    environment = Environment(
        loader=PackageLoader("vgstudy"),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(parts)
