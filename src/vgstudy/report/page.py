"""The report: one page that needs nothing beside it, made from the finished tables and pictures of
some studies."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from vgstudy.errors import UserError
from vgstudy.figures.frames import read_frames
from vgstudy.report.attachments import Attachment
from vgstudy.report.claims import ClaimsPart, claims_part
from vgstudy.report.conformance import conformance_table
from vgstudy.report.coverage import coverage_table
from vgstudy.report.findings import Table
from vgstudy.report.overview import Overview, overview
from vgstudy.report.scripts import library, policy, scripts
from vgstudy.report.sheets import write_shared_sheets, write_sheets
from vgstudy.report.study_page import StudyPage, study_page
from vgstudy.report.weight import weight_sentence, weights
from vgstudy.store.files import write_whole
from vgstudy.store.tables import shared_rows


def write_report(results: Path, names: Sequence[str]) -> str:
    """Write `report.html`, `summary.md` and the CSV exports; every named study has a folder in
    `results`.

    Returns
    -------
    str
        What the page weighs.

    Raises
    ------
    UserError
        If a study is named twice, or a table, picture or caption of one is missing, damaged or of
        another version.
    """
    if twice := [name for name in names if list(names).count(name) > 1]:
        raise UserError(f"study {twice[0]} is named twice; name each once")
    frames = {name: read_frames(results / name) for name in names}
    pages = [study_page(results / name, own) for name, own in frames.items()]
    first = (
        overview(
            frames, shared_rows(results, "claims") or [], {page.name: page.origin for page in pages}
        )
        if frames
        else None
    )
    part = claims_part(results)
    for name in names:
        write_sheets(results / name)
    write_shared_sheets(results)
    write_whole(results / "summary.md", summary(pages, part, first).encode())
    html = rendered(pages, part, checks(results), first)
    write_whole(results / "report.html", html.encode())
    return weight_sentence(
        weights(html, (code_library(), *(file for page in pages for file in page.attachments)))
    )


def rendered(
    pages: Sequence[StudyPage],
    claims: ClaimsPart | None = None,
    checked: Mapping[str, Table | None] | None = None,
    first: Overview | None = None,
) -> str:
    """The page as HTML; every text of a study is escaped. `checked` holds the tables of
    `checks`."""
    tables = {"coverage": None, "conformance": None} | dict(checked or {})
    parts = {"pages": pages, "claims": claims, "checked": tables, "first": first}
    code = {
        "scripts": scripts(),
        "library": code_library(),
        "policy": policy((*scripts(), library())),
    }
    return _filled("report.html", {**parts, **code}, escape=True)


def checks(results: Path) -> dict[str, Table | None]:
    """What belongs to no study and tells how far the methods are right, by name; None for what was
    not computed."""
    return {"coverage": coverage_table(results), "conformance": conformance_table(results)}


@cache
def code_library() -> Attachment:
    """What draws the explorer's charts."""
    return Attachment("vega.js", library().encode())


def summary(pages: Sequence[StudyPage], claims: ClaimsPart | None, first: Overview | None) -> str:
    """The first screen, the claims and the findings as Markdown."""
    return _filled("summary.md", {"pages": pages, "claims": claims, "first": first}, escape=False)


def _filled(template: str, parts: Mapping[str, Any], escape: bool) -> str:
    environment = Environment(
        loader=PackageLoader("vgstudy"),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["titled"] = titled
    return environment.get_template(template).render(parts)


def titled(topic: str) -> str:
    """A topic as the beginning of a paragraph: closed by a full stop unless it is closed
    already."""
    return topic if topic.endswith(("?", "!", ".")) else f"{topic}."
