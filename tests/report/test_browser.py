"""The report in a real browser, opened from disk: no network, no error, it can be operated, and by
everybody."""

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from report.conftest import EVIL
from vgstudy.figures.frames import read_frames
from vgstudy.figures.registry import figures
from vgstudy.figures.write import write_figure
from vgstudy.report.page import write_report

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
    "microsoft-edge",
)
EXECUTABLE = next(filter(None, map(shutil.which, BROWSERS)), None)
STUDY = "made/report.html"  # the page of a study
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1360, "height": 900}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(EXECUTABLE is None, reason=f"no browser on PATH: {', '.join(BROWSERS)}"),
]


@pytest.fixture(scope="module")
def results(reported, tmp_path_factory) -> Path:
    """The report of the made-up studies with one figure that is really drawn."""
    folder = tmp_path_factory.mktemp("browser") / "results"
    shutil.copytree(reported, folder)
    spec = figures()["accounting"]
    write_figure(folder / "made/figures", spec, spec.view(read_frames(folder / "made")))
    write_report(folder, ["made", "other"])
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, results):
    """A function that opens the report; at the end nothing may have been complained of or asked of
    a network."""
    noise: list[str] = []
    context = browser.new_context(viewport=DESKTOP, accept_downloads=True)

    def opens(place: str = "", name: str = "report.html", **settings) -> Page:
        page = context.new_page()
        page.set_default_timeout(5000)
        page.emulate_media(**settings)
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.on(
            "request",
            lambda request: (
                noise.append(request.url)
                if request.url[:5] not in ("file:", "blob:", "data:")
                else None
            ),
        )
        page.goto(f"{(results / name).as_uri()}{place}")
        return page

    yield opens
    context.close()
    assert noise == []


def explorer(page: Page) -> Locator:
    """The explorer of a study once it has drawn its charts."""
    section = page.locator("#explorer")
    section.evaluate("(details) => { details.open = true; }")
    section.scroll_into_view_if_needed()
    page.locator("#explorer[data-drawn]").wait_for()
    return section


def drawn_again(section: Locator, act) -> None:
    """Do something that makes the explorer draw, and wait until it has."""
    before = int(section.get_attribute("data-drawn"))
    act()
    section.page.wait_for_function(
        "([id, n]) => document.getElementById(id).dataset.drawn > n",
        arg=[section.get_attribute("id"), before],
    )


def downloaded(page: Page, button: Locator) -> tuple[str, bytes]:
    with page.expect_download() as download:
        button.click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def numbers(page: Page, section: Locator) -> list[dict[str, str]]:
    """What the explorer shows, as it hands it out."""
    name, content = downloaded(page, section.get_by_role("button", name="Numbers shown as CSV"))
    assert name.endswith("-explorer.csv")
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_every_figure_is_shown_from_within_the_page(opened):
    page = opened()
    page.evaluate("[...document.images].forEach((image) => { image.loading = 'eager'; })")
    page.wait_for_function(
        "() => [...document.images].every((image) => image.complete && image.naturalWidth > 0)"
    )
    assert page.locator("img").count() > 4
    drawn = page.locator("#made-accounting img")
    assert drawn.evaluate("(image) => image.naturalWidth") > 300


def test_a_figure_is_downloaded_from_next_to_the_page(opened, results):
    figure = opened("#made-accounting").locator("#made-accounting")
    figure.locator("details").evaluate("(details) => { details.open = true; }")
    for kind in ("svg", "pdf", "png", "csv"):
        link = figure.get_by_role("link", name=f"as {kind.upper()}")
        assert link.get_attribute("href") == f"made/figures/accounting.{kind}"
        assert (results / f"made/figures/accounting.{kind}").is_file()


def test_texts_of_a_study_are_texts(opened):
    page = opened()
    assert page.title().startswith(EVIL)
    assert page.locator("#made").get_by_role("heading", level=1).inner_text() == EVIL
    assert page.locator("article b").count() == 0


@pytest.mark.parametrize("name", ["report.html", STUDY])
@pytest.mark.parametrize(
    ("scheme", "size"), [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)]
)
def test_axe_finds_nothing(opened, scheme, size, name):
    page = opened(name=name, color_scheme=scheme)
    page.set_viewport_size(size)
    if name == STUDY:
        explorer(page)
    page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    violations = Axe().run(page).response["violations"]
    nodes = {rule["id"]: [node["html"][:150] for node in rule["nodes"]] for rule in violations}
    assert nodes == {}


@pytest.mark.parametrize("name", ["report.html", STUDY])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_the_page_itself_never_scrolls_sideways(opened, size, name):
    page = opened(name=name)
    page.set_viewport_size(size)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_explorer_shows_the_chosen_cells_against_the_tables(opened, results):
    page = opened(name=STUDY)
    section = explorer(page)
    assert section.locator(".chart svg").count() == 5
    drawn_again(section, lambda: section.locator("form").get_by_label("He", exact=True).check())
    drawn_again(section, lambda: section.locator("[name=ratio]").select_option("d_g"))
    for _ in range(2):
        drawn_again(section, lambda: section.locator("[name=epoch]").press("ArrowRight"))
    assert "12 cells" not in section.get_by_role("status").inner_text()
    assert section.get_by_role("status").inner_text() == "6 cells of depth 6 at epoch 20"
    shown = [row for row in numbers(page, section) if row["chart"] == "depth"]
    estimates = pd.read_parquet(results / "made/estimates.parquet").query(
        "quantity == 'd_g' and epoch == 20"
    )
    runs = pd.read_parquet(results / "made/runs.parquet").drop_duplicates("cell")
    truth = (
        estimates.merge(runs, on="cell")
        .query("width == 25 and optimizer == 'SGD'")
        .dropna(subset="value")
    )
    key = ["activation", "initializer", "depth"]
    expected = {
        tuple(map(str, row[:3])): row[3] for row in truth[[*key, "value"]].itertuples(index=False)
    }
    assert {
        tuple(row[name] for name in key): pytest.approx(float(row["value"]), rel=2e-3)
        for row in shown
    } == expected


def test_a_copied_link_leads_to_the_same_selection(opened, browser):
    page = opened(name=STUDY)
    section = explorer(page)
    drawn_again(section, lambda: section.locator("form").get_by_label("ReLU", exact=True).uncheck())
    drawn_again(section, lambda: section.locator("[name=depth]").press("ArrowLeft"))
    section.get_by_role("button", name="Copy link").click()
    link = page.url
    assert link == section.locator("[data-link]").input_value()
    before = numbers(page, section)
    other = opened(f"#{link.partition('#')[2]}", name=STUDY)
    again = explorer(other)
    assert not again.locator("form").get_by_label("ReLU", exact=True).is_checked()
    assert numbers(other, again) == before
    assert {row["depth"] for row in before if row["chart"] == "layers"} == {"5"}
    other.wait_for_function(
        "document.getElementById('explorer').getBoundingClientRect().top < innerHeight"
    )


def test_no_cell_chosen_shows_no_chart(opened):
    section = explorer(opened(name=STUDY))
    for activation in ("tanh", "ReLU", "sigmoid"):
        drawn_again(
            section,
            lambda name=activation: (
                section.locator("form").get_by_label(name, exact=True).uncheck()
            ),
        )
    assert section.get_by_role("status").inner_text().startswith("No cell is chosen")
    assert section.locator("figure.empty").count() == 5


def test_a_chart_is_downloaded(opened):
    page = opened(name=STUDY)
    section = explorer(page)
    button = section.get_by_role(
        "button", name="Size in each layer, at the chosen depth and epoch: as SVG"
    )
    name, content = downloaded(page, button)
    assert name == "made-layers.svg"
    image = ElementTree.fromstring(content)
    assert image.tag == "{http://www.w3.org/2000/svg}svg"
    titles = [title.text for title in image.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 3 * 7  # activations, layers
    assert all(" of 4 seeds" in title for title in titles)


def test_rows_are_filtered_by_every_word(opened):
    page = opened("#table-1", name=STUDY)
    table = page.locator("#table-1")
    assert table.evaluate("(details) => details.open")
    table.get_by_label("Filter rows").fill("relu adam HE learned")
    rows = table.locator("tbody tr:visible").all_inner_texts()
    assert rows
    assert all({"ReLU", "Adam", "He", "P(learned)"} <= set(row.split()) for row in rows)
    shown = f"{len(rows)} of {table.locator('tbody tr').count()} rows"
    assert table.get_by_role("status").inner_text() == shown


def test_the_summary_comes_first_and_each_finding_has_its_bars(opened):
    page = opened()
    page.set_viewport_size(PHONE)
    assert page.locator("#summary").bounding_box()["y"] < page.locator("nav").bounding_box()["y"]
    findings = page.locator("#summary .findings li").all()
    assert findings[0].bounding_box()["y"] < 600
    for finding in findings:
        target = finding.locator("a").get_attribute("href")[1:]
        assert finding.locator(".bars i").count() >= 1
        assert page.locator(f"[id='{target}']").count() == 1


def test_few_words_are_open_when_the_page_loads(opened):
    page = opened()
    assert len(page.locator("#summary").inner_text().split()) <= 250
    assert len(page.locator("#made").inner_text().split()) <= 300


def test_every_link_of_the_contents_leads_to_its_place(opened):
    page = opened()
    links = page.locator("nav a:visible").all()
    assert len(links) == 5
    for link in links:
        link.click()
        target = page.locator(f"[id='{link.get_attribute('href')[1:]}']")
        assert -1 <= target.bounding_box()["y"] < 900 or page.evaluate(
            "innerHeight + scrollY >= document.body.scrollHeight - 2"
        )


def test_the_page_is_read_by_keyboard_alone(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('content').contains(document.activeElement)")


def test_print_leaves_the_controls_out(opened):
    page = opened(media="print")
    for selector in ("nav", ".take", ".filter"):
        parts = page.locator(selector)
        assert parts.count()
        assert all(part.is_hidden() for part in parts.all())
    assert page.locator("#made-accounting img").is_visible()


def test_what_the_address_asks_for_that_is_not_there_is_left_alone(opened):
    section = explorer(
        opened(
            "#explorer?activation=nothing&depth=99&epoch=7&ratio=x&curve=&mean=w_l1_change",
            name=STUDY,
        )
    )
    assert section.get_by_role("status").inner_text().startswith("No cell is chosen")
    assert (
        section.locator("[name=depth]").get_attribute("max") == "2"
    )  # three depths, none of them 99
    assert section.locator("[name=mean]").input_value() == "w_l1_change"
    assert section.locator("[name=ratio]").input_value() == "d_g"


def test_the_pages_lead_to_each_other(opened):
    page = opened()
    page.locator("#made").get_by_role("link", name="Everything about this study").click()
    assert page.get_by_role("heading", level=1).inner_text() == EVIL
    page.get_by_role("link", name="All studies").click()
    assert page.url.endswith("/report.html")
    assert page.locator("#summary").is_visible()
