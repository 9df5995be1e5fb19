"""The page can be read on its own, says what the tables say, and shows every text as text."""

import json
import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from report.conftest import EVIL
from vgstudy.errors import UserError
from vgstudy.report.embedded_figures import KINDS
from vgstudy.report.page import write_report

VOID = ("meta", "img", "input", "br", "line", "path", "rect")


class Page(HTMLParser):
    """Tags with attributes, ids, and the text outside of styles, scripts and settings."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.words, self._open = [], [], []
        self.feed(html)
        self.ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if not {"style", "pre", "script"} & set(self._open):
            self.words.append(data)


@pytest.fixture(scope="module")
def html(reported):
    return (reported / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def captions(folder):
    return json.loads((folder / "figures/captions.json").read_text(encoding="utf-8"))


def test_nothing_is_loaded_from_elsewhere(page, html):
    sources = [value for _, attributes in page.tags if (value := attributes.get("src"))]
    assert sources
    assert all(source.startswith("data:image/svg+xml,") for source in sources)
    assert not {tag for tag, _ in page.tags} & {"link", "iframe", "object", "embed", "base"}
    without_images = re.sub(r'src="data:[^"]*"', "", html)
    assert not re.search(r"url\(|@import|fetch\(|https?://(?!www\.w3\.org)", without_images)
    assert "default-src 'none'" in html


def test_every_link_has_its_place(page):
    targets = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    anchors = {target[1:] for target in targets if target.startswith("#")}
    assert anchors <= set(page.ids)
    assert Counter(page.ids).most_common(1)[0][1] == 1


def test_downloads_are_the_files_next_to_the_page(page, reported):
    linked = {a["href"] for tag, a in page.tags if tag == "a" and not a["href"].startswith("#")}
    tables = {"made/tables/", "other/tables/"}
    figures = {
        f"{study}/figures/{name}.{kind}"
        for study in ("made", "other")
        for name in captions(reported / study)
        for kind in KINDS
    }
    assert linked == tables | figures
    assert all((reported / table).is_dir() for table in tables)


def test_texts_of_a_study_come_out_as_text(page, html):
    assert "<script>alert" not in html
    assert EVIL in page.text


def test_every_figure_and_caption_of_every_study_is_there(page, reported):
    images = [attributes for tag, attributes in page.tags if tag == "img" and attributes["alt"]]
    texts = [text for study in ("made", "other") for text in captions(reported / study).values()]
    described = Counter(image["alt"] for image in images)
    assert described == Counter(f"{text['title']}. {text['caption']}" for text in texts)
    assert {(image["width"], image["height"]) for image in images} == {("96", "48")}


def test_the_summary_is_short_and_leads_to_what_it_says(page, html):
    first = Page(html[html.index('<section id="summary"') : html.index("<nav")])
    assert 4 <= sum(tag == "li" for tag, _ in first.tags) <= 5
    assert len(first.text.split()) <= 250
    links = [attributes["href"][1:] for tag, attributes in first.tags if tag == "a"]
    assert set(links) <= set(page.ids)


def test_the_markdown_has_the_same_findings(reported, page):
    text = (reported / "summary.md").read_text(encoding="utf-8")
    assert f"## {EVIL}" in text
    findings = re.findall(r"^\d\. \*\*.*?\*\* (.*) \*", text, re.MULTILINE)
    assert len(findings) >= 4
    assert all(finding in page.text for finding in findings)
    assert "\n\n\n" not in text


def test_no_missing_number_is_shown_as_such(page):
    assert not re.search(r"\b(nan|NaN|NaT|inf|None|null)\b|<NA>", page.text)


def test_equal_tables_give_an_equal_page(reported, html):
    write_report(reported, ["made", "other"])
    assert (reported / "report.html").read_text(encoding="utf-8") == html


def test_a_missing_study_or_one_named_twice_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"nothing/runs\.parquet is missing; make it: "):
        write_report(tmp_path, ["nothing"])
    with pytest.raises(UserError, match="study a is named twice; name each once"):
        write_report(tmp_path, ["a", "a"])
    assert not list(tmp_path.iterdir())
