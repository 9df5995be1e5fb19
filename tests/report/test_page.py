"""The page can be read on its own, says what the tables say, and shows every text as text."""

import csv
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from report.conftest import EVIL
from vgstudy.errors import UserError
from vgstudy.report.page import csv_bytes, write_report
from vgstudy.schema import EXPORTED
from vgstudy.study_results import load

KINDS = ("svg", "pdf", "png", "csv")
VOID = ("meta", "img", "input", "br", "line", "path", "rect", "circle")


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


@pytest.fixture(scope="module")
def study_page(reported):
    return Page((reported / "made/report.html").read_text(encoding="utf-8"))


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
    pages = {f"{study}/report.html" for study in ("made", "other")}
    assert pages <= linked
    assert all((reported / place).is_file() for place in pages)
    ends = {Path(place).suffix[1:] for place in linked - pages}
    assert ends == set(KINDS)


def test_a_page_of_a_study_links_to_files_next_to_it_and_to_the_main_page(study_page, reported):
    linked = {a["href"] for tag, a in study_page.tags if tag == "a" and a["href"][0] != "#"}
    files = {
        f"./figures/{name}.{kind}"
        for name, text in captions(reported / "made").items()
        for kind in KINDS
        if not text["caption"].startswith("Not drawn")
    }
    assert linked == files | {"tables/", "../report.html", "../report.html#methods"}
    assert (reported / "made/tables").is_dir()


def test_texts_of_a_study_come_out_as_text(page, html):
    assert "<script>alert" not in html
    assert EVIL in page.text


def test_every_figure_of_a_study_and_its_texts_are_on_its_page(study_page, reported):
    images = [attributes for tag, attributes in study_page.tags if tag == "img"]
    texts = captions(reported / "made").values()
    drawn = [text for text in texts if not text["caption"].startswith("Not drawn")]
    alts = Counter(f"{text['title']}. {text['takeaway'] or text['title']}" for text in drawn)
    assert Counter(image["alt"] for image in images) == alts
    assert {(image["width"], image["height"]) for image in images} == {("96", "48")}
    for text in texts:
        assert " ".join(text["caption"].split()) in study_page.text


def test_the_main_page_has_a_figure_for_each_question(page, reported):
    images = [attributes["alt"] for tag, attributes in page.tags if tag == "img"]
    texts = captions(reported / "made")
    for name in ("accounting", "depth-limit", "odds-ratios", "signal-start"):
        assert any(alt.startswith(texts[name]["title"]) for alt in images)
    assert not any(alt.startswith(texts["profiles"]["title"]) for alt in images)


def test_the_summary_is_short_and_leads_to_what_it_says(page, html):
    first = Page(html[html.index('<section id="summary"') : html.index("<nav")])
    assert 3 <= sum(tag == "li" for tag, _ in first.tags) <= 5
    assert len(first.text.split()) <= 250
    links = [attributes["href"][1:] for tag, attributes in first.tags if tag == "a"]
    assert set(links) <= set(page.ids)


def test_the_markdown_has_the_same_findings(reported, page):
    text = (reported / "summary.md").read_text(encoding="utf-8")
    assert f"## {EVIL}" in text
    findings = re.findall(r"^\d\. \*\*.*?\*\* (.*) \*", text, re.MULTILINE)
    assert len(findings) >= 3
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


def test_csv_files_hold_the_tables_against_themselves(reported):
    for table in EXPORTED:
        with (reported / f"made/tables/{table}.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        frame = load(reported, "made").read(table)
        assert len(rows) == len(frame)
        if "value" in frame and rows:
            values = pd.to_numeric(pd.Series([row["value"] for row in rows]))
            assert values.equals(frame["value"].reset_index(drop=True))


def test_csv_files_have_no_lists_by_hand():
    lists = {"sample": [[1.0, 2.0]], "others": [["A2"]], "others_fail": [[0.5]]}
    frame = pd.DataFrame({"id": ["A1"], **lists})
    assert csv_bytes("claims", frame) == b"id\nA1\n"
