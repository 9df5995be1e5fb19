"""The report in a real browser, opened from disk: no network, no error, it can be operated, and by
everybody."""

import csv
import io
import shutil
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, sync_playwright
from pyarrow.parquet import read_table

from report.test_report import EVIL, retitle, write_pictures
from synthetic import write_synthetic_study
from vgstudy.figures.frames import read_frames
from vgstudy.figures.registry import view_of
from vgstudy.figures.rendering import csv as csv_of
from vgstudy.figures.rendering import parquet
from vgstudy.figures.rendering import table as table_of
from vgstudy.figures.write import write_figures
from vgstudy.report.page import write_report

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
    "microsoft-edge",
)
FOUND = next(filter(None, map(shutil.which, BROWSERS)), None)
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1360, "height": 900}
REAL = ("profile-start", "accounting")  # drawn; the others are tiny stand-ins
ODD = 'a&b <"c"> = #d?'

pytestmark = pytest.mark.skipif(FOUND is None, reason=f"no browser on PATH: {', '.join(BROWSERS)}")


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """A report of two made-up studies, one of them with a title full of HTML."""
    folder = tmp_path_factory.mktemp("browser")
    write_synthetic_study(
        folder / "made", depths=(2, 5, 6), initializers=("Xavier", "He"), seeds=range(4)
    )
    write_synthetic_study(
        folder / "other",
        depths=(1,),
        widths=(5,),
        activations=("ReLU",),
        seeds=range(2),
        optimizers=("SGD",),
    )
    retitle(folder / "made", title=EVIL)
    for name in ("made", "other"):
        write_pictures(folder / name)
    write_figures(folder / "made", REAL)
    write_report(folder, ["made", "other"])
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=FOUND, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, results):
    """A function that opens the report; at the end nothing may have been complained of or asked of
    a network."""
    noise: list[str] = []
    context = browser.new_context(viewport=DESKTOP, accept_downloads=True)

    def opens(place: str = "", **settings) -> Page:
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
        page.goto(f"{(results / 'report.html').as_uri()}{place}")
        return page

    yield opens
    context.close()
    assert noise == []


def explorer(page: Page, study: str = "made") -> Locator:
    """The explorer of a study once it has drawn its charts."""
    section = page.locator(f"#{study}-explorer")
    section.scroll_into_view_if_needed()
    page.locator(f"#{study}-explorer[data-drawn]").wait_for()
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


def test_every_picture_is_shown_from_within_the_page(opened):
    page = opened()
    shown = "(image) => image.src.startsWith('blob:') && image.complete && image.naturalWidth > 0"
    page.wait_for_function(f"() => [...document.querySelectorAll('img[data-file]')].every({shown})")
    assert page.locator("img[data-file]").count() > 20


def test_texts_of_a_study_are_texts(opened):
    page = opened()
    assert page.title().startswith(EVIL)
    assert page.locator("#made").get_by_role("heading", level=1).inner_text() == EVIL
    assert page.locator("article b").count() == 0


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)]
)
def test_axe_finds_nothing(opened, scheme, size):
    page = opened(color_scheme=scheme)
    page.set_viewport_size(size)
    explorer(page)
    page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    found = Axe().run(page).response["violations"]
    assert {rule["id"]: [node["html"][:150] for node in rule["nodes"]][:3] for rule in found} == {}


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_the_page_itself_never_scrolls_sideways(opened, size):
    page = opened()
    page.set_viewport_size(size)
    explorer(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("drawn", REAL)
def test_a_figure_is_taken_away_in_every_format(opened, results, drawn):
    page = opened()
    figure = page.locator(f"#made-{drawn}")
    taken = {}
    for kind in ("SVG", "PDF", "CSV", "Parquet"):
        name, taken[kind] = downloaded(page, figure.get_by_role("button", name=f"as {kind}"))
        assert name == f"made-{drawn}.{kind.lower()}"
        assert taken[kind] == (results / f"made/figures/{drawn}.{kind.lower()}").read_bytes()
    assert ElementTree.fromstring(taken["SVG"]).tag.endswith("svg")
    assert taken["PDF"].startswith(b"%PDF-1.4")
    assert taken["PDF"].endswith(b"%%EOF\n")
    table = table_of(view_of(drawn)(read_frames(results / "made")).frame)
    assert table.num_rows > 4
    assert read_table(io.BytesIO(taken["Parquet"])).to_pylist() == table.to_pylist()
    assert taken["CSV"].decode() == table.to_pandas().to_csv(index=False)
    name, content = downloaded(page, figure.get_by_role("button", name="as PNG"))
    width = figure.locator("img").evaluate("(image) => image.width")
    assert (name, content[:8]) == (f"made-{drawn}.png", b"\x89PNG\r\n\x1a\n")
    assert (
        int.from_bytes(content[16:20], "big")
        == 3 * int(figure.locator("img").get_attribute("width"))
        >= width
    )


def test_csv_made_in_the_page_is_that_of_pandas(opened):
    """Any texts and numbers: shortest digits, exponents, signs of zero, gaps in runs and alone,
    more than a page of Parquet."""
    rng = np.random.default_rng(5)
    count = 30_000
    bits = rng.integers(0, 2**64, count, dtype=np.uint64).view(np.float64)
    ends = [
        0.0,
        -0.0,
        1e16,
        1e-5,
        9999999999999998.0,
        0.0001,
        123456.0,
        np.inf,
        -np.inf,
        np.nan,
        5e-324,
        1.7976931348623157e308,
    ]
    frame = pd.DataFrame(
        {
            "any number": np.concatenate([ends, bits[: count - len(ends)]]),
            "run of gaps": np.where(np.arange(count) // 9000 % 2, np.nan, rng.normal(size=count)),
            "gaps": np.where(rng.random(count) < 0.3, np.nan, rng.normal(size=count).round(2)),
            "whole": rng.integers(-(2**62), 2**62, count),
            "small": rng.integers(-9, 9, count).astype("int16"),
            'text, "quoted"': pd.Series(
                rng.choice(["a", "b,c", 'd"e', "line\nbreak", "δ → 😀", " x ", None], count),
                dtype="str",
            ),
            "level": pd.Categorical(rng.choice([ODD, "tanh"], count)),
            "nothing": [None] * count,
        }
    )
    for rows in (frame, frame.head(3), frame.head(0)):
        made = opened().evaluate(
            "(text) => csvOf(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer)",
            b64encode(parquet(rows)).decode(),
        )
        assert made == csv_of(rows).decode()


def test_the_explorer_shows_the_chosen_cells_against_the_tables(opened, results):
    page = opened()
    section = explorer(page)
    assert section.locator(".chart svg").count() == 5
    drawn_again(section, lambda: section.locator("form").get_by_label("He", exact=True).check())
    drawn_again(section, lambda: section.locator("[name=signal]").select_option("g"))
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
    page = opened()
    section = explorer(page)
    drawn_again(section, lambda: section.locator("form").get_by_label("ReLU", exact=True).uncheck())
    drawn_again(section, lambda: section.locator("[name=depth]").press("ArrowLeft"))
    section.get_by_role("button", name="Copy link").click()
    link = page.url
    assert link == section.locator("[data-link]").input_value()
    before = numbers(page, section)
    other = opened(f"#{link.partition('#')[2]}")
    again = explorer(other)
    assert not again.locator("form").get_by_label("ReLU", exact=True).is_checked()
    assert numbers(other, again) == before
    assert {row["depth"] for row in before if row["chart"] == "layers"} == {"5"}
    other.wait_for_function(
        "document.getElementById('made-explorer').getBoundingClientRect().top < innerHeight"
    )


def test_no_cell_chosen_is_told_and_shows_no_chart(opened):
    section = explorer(opened())
    for activation in ("tanh", "ReLU", "sigmoid"):
        drawn_again(
            section,
            lambda name=activation: (
                section.locator("form").get_by_label(name, exact=True).uncheck()
            ),
        )
    assert section.get_by_role("status").inner_text().startswith("No cell is chosen")
    assert section.locator("figure.empty").count() == 5


def test_charts_are_taken_away(opened):
    page = opened()
    section = explorer(page)
    name, content = downloaded(
        page,
        section.get_by_role(
            "button", name="Level of each layer, at the chosen depth and epoch: as SVG"
        ),
    )
    assert (name, content[:4]) == ("made-layers.svg", b"<svg")
    name, content = downloaded(
        page, section.get_by_role("button", name="Learning curve, at the chosen depth: as PNG")
    )
    assert (name, content[:4]) == ("made-curves.png", b"\x89PNG")


def test_rows_are_filtered_by_every_word(opened):
    page = opened("#made-cells")
    table = page.locator("#made-cells")
    assert table.evaluate("(details) => details.open")
    table.get_by_label("Filter rows").fill("relu adam HE")
    rows = table.locator("tbody tr:visible").all_inner_texts()
    assert len(rows) == 6
    assert all({"ReLU", "Adam", "He"} <= set(row.split()) for row in rows)
    assert (
        table.get_by_role("status").inner_text() == f"6 of {table.locator('tbody tr').count()} rows"
    )


def test_a_table_is_taken_away_as_it_stands(opened):
    page = opened("#made-cells")
    table = page.locator("#made-cells")
    name, content = downloaded(page, table.get_by_role("button", name="Table as CSV"))
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert name == "made-cells.csv"
    assert rows[0] == table.locator("th").all_text_contents()
    assert rows[-1] == table.locator("tbody tr").last.locator("td").all_text_contents()
    assert len(rows) == table.locator("tr").count()


def test_the_first_screen_is_in_short(opened):
    page = opened()
    page.set_viewport_size(PHONE)
    assert page.locator("#overview").bounding_box()["y"] < page.locator("nav").bounding_box()["y"]
    assert page.locator("#overview .findings li").first.bounding_box()["y"] < 600
    links = page.locator("#overview a").all()
    assert len(links) >= 3
    for link in links:
        assert page.locator(f"[id='{link.get_attribute('href')[1:]}']").count() == 1


def test_every_link_of_the_contents_leads_to_its_place(opened):
    page = opened()
    links = page.locator("nav a:visible").all()
    assert len(links) > 10
    for link in links[:8]:
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
    for selector in ("nav", ".take", ".explorer", ".filter"):
        parts = page.locator(selector)
        assert parts.count()
        assert all(part.is_hidden() for part in parts.all())
    assert page.locator("#made-accounting img").is_visible()


def test_what_the_address_asks_for_that_is_not_there_is_left_alone(opened):
    section = explorer(
        opened(
            "#made-explorer?activation=nothing&depth=99&epoch=7&signal=x&curve=&weight=w_l1_change"
        )
    )
    assert section.get_by_role("status").inner_text().startswith("No cell is chosen")
    assert (
        section.locator("[name=depth]").get_attribute("max") == "2"
    )  # three depths, none of them 99
    assert section.locator("[name=weight]").input_value() == "w_l1_change"
    assert section.locator("[name=signal]").input_value() == "δ"
