"""The report: one page that can be read on its own, from the finished tables and figures."""

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
from vgstudy.report.fixes import Fixes, fixes
from vgstudy.report.run_outcomes import MEANINGS
from vgstudy.report.study_section import StudySection, study_section
from vgstudy.report.study_tables import validation_tables
from vgstudy.report.summary import Summary, summary
from vgstudy.report.table import Table
from vgstudy.store.files import write_whole

SCRIPTS = ("page.js", "charts.js", "explorer.js")


def write_report(results: Path, names: Sequence[str]) -> Path:
    """Write `report.html`, `summary.md` and the tables as CSV; return the path of the page.

    Every named study has a folder in `results`.

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
    claims = claims_section(results)
    remedies = fixes()
    first = summary(studies, sections, claims, remedies) if studies else None
    for name in names:
        write_study_csv(results / name)
    write_shared_csv(results)
    write_whole(results / "summary.md", markdown(sections, claims, first).encode())
    html = page(sections, claims, first, validation_tables(), remedies)
    write_whole(results / "report.html", html.encode())
    return results / "report.html"


def page(
    sections: Sequence[StudySection] = (),
    claims: ClaimsSection | None = None,
    first: Summary | None = None,
    validation: Sequence[Table] = (),
    remedies: Fixes | None = None,
) -> str:
    """Return the page as HTML; every text of a study is escaped."""
    parts = {"sections": sections, "claims": claims, "first": first, "validation": validation}
    fixed = {"fixes": remedies, "scripts": scripts(), "meanings": MEANINGS}
    return _render("report.html", {**parts, **fixed}, escape=True)


def markdown(
    sections: Sequence[StudySection], claims: ClaimsSection | None, first: Summary | None
) -> str:
    """Return the summary, the claims and the studies' designs as Markdown."""
    parts = {"sections": sections, "claims": claims, "first": first}
    return _render("summary.md", parts, escape=False)


def scripts() -> tuple[Markup, ...]:
    """Return the page's scripts, in the order in which they run."""
    templates = files("vgstudy") / "templates"
    return tuple(Markup((templates / name).read_text(encoding="utf-8")) for name in SCRIPTS)


def _render(template: str, parts: Mapping[str, Any], escape: bool) -> str:
    environment = Environment(
        loader=PackageLoader("vgstudy"),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(parts)
