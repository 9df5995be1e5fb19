"""The report: one page that needs nothing beside it, made from the finished tables and pictures of some studies."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from vgstudy.errors import UserError
from vgstudy.findings import Table
from vgstudy.report.claims import ClaimsPart, claims_part
from vgstudy.report.coverage import coverage_table
from vgstudy.report.scripts import policy, scripts
from vgstudy.report.study_page import StudyPage, study_page
from vgstudy.store.files import write_whole


def write_report(results: Path, names: Sequence[str]) -> None:
    """Write `results/report.html` about the named studies, each with a folder of its name in `results`.

    Raises
    ------
    UserError
        If a study is named twice, or a table, picture or caption of one is missing, damaged or of another version.
    """
    if twice := [name for name in names if list(names).count(name) > 1]:
        raise UserError(f"study {twice[0]} is named twice; name each once")
    pages = [study_page(results / name) for name in names]
    page = rendered(pages, claims_part(results / "claims.parquet"), coverage_table(results))
    write_whole(results / "report.html", page.encode())


def rendered(pages: Sequence[StudyPage], claims: ClaimsPart | None = None, coverage: Table | None = None) -> str:
    """The page as HTML; every text of a study is escaped."""
    environment = Environment(
        loader=PackageLoader("vgstudy"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    parts = {"pages": pages, "claims": claims, "coverage": coverage, "scripts": scripts(), "policy": policy(scripts())}
    return environment.get_template("report.html").render(parts)
