"""The report: one page that needs nothing beside it, made from the finished tables and pictures of some studies."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from vgstudy.files import write_whole
from vgstudy.report.study_page import StudyPage, study_page


def write_report(results: Path, names: Sequence[str]) -> None:
    """Write `results/report.html` about the named studies, each with a folder of its name in `results`.

    Raises
    ------
    UserError
        If a table, picture or caption of a study is missing, damaged or of another version.
    """
    write_whole(results / "report.html", rendered([study_page(results / name) for name in names]).encode())


def rendered(pages: Sequence[StudyPage]) -> str:
    """The page as HTML; every text of a study is escaped."""
    environment = Environment(
        loader=PackageLoader("vgstudy"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html").render(pages=pages)
