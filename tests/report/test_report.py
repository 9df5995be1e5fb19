"""The report is one page that needs nothing else, says what the tables say, and shows every text as
text."""

import gzip
import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections import Counter
from html.parser import HTMLParser

import pytest

from made_frames import made_frames
from synthetic import study, write_synthetic_study
from vgstudy.errors import UserError
from vgstudy.figures.captions import caption_of, caption_text, figure_names
from vgstudy.figures.frames import read_frames
from vgstudy.figures.registry import view_of
from vgstudy.report.accounting import accounting_sentence, accounting_table, status_counts
from vgstudy.report.asked import asked, in_short, keras_words
from vgstudy.report.cells import cell_table
from vgstudy.report.coverage import coverage_table
from vgstudy.report.findings import findings
from vgstudy.report.origin import cost_sentence, duration, made_table, origin
from vgstudy.report.page import write_report
from vgstudy.report.pictures import KINDS, pictures
from vgstudy.store import parquet
from vgstudy.store.parquet import write_table
from vgstudy.validation.simulation import simulate

EVIL = "<script>alert('&amp;')</script> \"a\" & <b>b"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt" viewBox="0 0 72 36"/>'


class Page(HTMLParser):
    """What a test wants to know of a page: tags with attributes, ids, text outside of style and
    settings."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.words, self._open = [], [], []
        self.feed(html)
        self.ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "input"):
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if not {"style", "pre", "script"} & set(self._open):
            self.words.append(data)


def write_pictures(folder):
    """Tiny pictures with the captions that the real ones have; drawing is tested elsewhere."""
    frames = read_frames(folder)
    captions = {
        n: {"title": caption_of(n).title, "caption": caption_text(n, view_of(n)(frames))}
        for n in figure_names(frames.study)
    }
    (folder / "figures").mkdir()
    (folder / "figures/captions.json").write_text(json.dumps(captions), encoding="utf-8")
    for name in captions:
        for kind in KINDS:
            (folder / f"figures/{name}.{kind}").write_bytes(SVG)


def retitle(folder, **changes):
    """Write the study's footer anew with some keys changed."""
    path = folder / "runs.parquet"
    footer = parquet.read_footer(path)
    parquet.write_table(
        "runs", parquet.read_table("runs", path), path, footer | {"study": footer["study"] | changes}
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_synthetic_study(
        folder / "made", depths=(2, 5), initializers=("Xavier", "He"), seeds=range(4)
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
    simulated = simulate(100, ["outcomes"])
    columns = {name: [row[name] for row in simulated] for name in simulated[0]}
    write_table("coverage", columns, folder / "coverage.parquet", {})
    write_report(folder, ["made", "other"])
    return folder


@pytest.fixture(scope="module")
def html(results):
    return (results / "report.html").read_text(encoding="utf-8")


def test_the_report_shows_how_often_intervals_are_right(html, tmp_path):
    assert "100 samples each" in html
    assert "accuracy of two modes, 90% learn" in html
    assert "approximate" in html
    assert coverage_table(tmp_path) is None


def test_the_table_of_coverage_by_hand(results):
    table = coverage_table(results)
    assert table is not None
    assert table.head[-3:] == ("5 seeds", "10 seeds", "30 seeds")
    assert [row[3] for row in table.rows] == [
        f"accuracy of two modes, {share} learn" for share in ("50%", "90%")
    ]
    assert [row[2].startswith("approximate") for row in table.rows] == [
        True,
        False,
    ]  # what was found is told once


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_nothing_is_loaded_from_elsewhere(page, html):
    addresses = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "href", "action", "data")
    ]
    assert addresses
    assert all(address.startswith(("#", "data:image/svg+xml,")) for address in addresses)
    assert not {tag for tag, _ in page.tags} & {"link", "iframe", "object", "embed", "base"}
    assert not re.search(
        r"url\(|@import", re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    )


def test_only_the_page_s_own_scripts_may_run(page, html):
    policy = next(
        a["content"]
        for tag, a in page.tags
        if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    ran = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    hashes = [b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in ran]
    later = gzip.decompress(b64decode(re.search(r'id="file:vega.js">([^<]+)<', html)[1]))
    assert re.findall(r"'sha256-([^']+)'", policy) == [
        *hashes,
        b64encode(hashlib.sha256(later).digest()).decode(),
    ]
    assert "unsafe-eval" not in policy
    assert policy.startswith("default-src 'none'")
    assert {a.get("type") for tag, a in page.tags if tag == "script"} == {None, "application/gzip"}


def test_the_files_in_the_page_are_those_beside_it(html, results):
    packed = dict(re.findall(r'<script type="application/gzip" id="file:([^"]+)">([^<]+)<', html))
    files = {name: gzip.decompress(b64decode(text)) for name, text in packed.items()}
    beside = [path for kind in KINDS for path in results.glob(f"*/figures/*.{kind}")]
    assert {name: content for name, content in files.items() if "/figures/" in name} == {
        str(path.relative_to(results)): path.read_bytes() for path in beside
    }
    assert {name for name in files if "/figures/" not in name} == {
        *("made/explorer", "made/explorer.json", "other/explorer", "other/explorer.json"),
        "vega.js",
    }


def test_every_link_has_its_place_and_every_place_is_one(page):
    targets = [attributes["href"][1:] for tag, attributes in page.tags if tag == "a"]
    assert set(targets) <= set(page.ids)
    assert Counter(page.ids).most_common(1)[0][1] == 1


def test_texts_of_a_study_come_out_as_text(page, html):
    assert "alert(" not in "".join(re.findall(r"<script>.*?</script>", html, flags=re.DOTALL))
    assert "<script>alert" not in html
    assert EVIL in page.text


def test_every_figure_and_caption_of_every_study_is_there(page, results):
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    expected = [
        (name, texts)
        for study_ in ("made", "other")
        for name, texts in captions(results / study_).items()
    ]
    assert len(images) == len(expected)
    assert all(
        image["alt"] == f"{texts['title']}. {texts['caption']}"
        for image, (_, texts) in zip(images, expected, strict=True)
    )
    assert all(texts["caption"] in page.text for _, texts in expected)
    assert {(image["width"], image["height"]) for image in images} == {("96", "48")}


def captions(folder):
    return json.loads((folder / "figures/captions.json").read_text(encoding="utf-8"))


def test_every_finding_is_told_and_at_most_five_come_first(page, results, html):
    frames = read_frames(results / "made")
    told = findings(frames)
    assert len(told) > 5
    assert all(finding.headline in page.text for finding in told)
    first = html[html.index('<article id="made"') : html.index('id="made-asked"')]
    assert first.count("<li><strong>") == 5
    assert "?." not in page.text
    assert accounting_sentence(frames) in page.text


def test_a_finding_names_the_number_of_its_figure(page, results):
    names = figure_names(read_frames(results / "made").study)
    assert (
        f"Figure {names.index('profile-start') + 1}. {caption_of('profile-start').title}"
        in page.text
    )


def test_no_missing_number_is_shown_as_such(page):
    assert not re.search(r"\b(nan|NaN|NaT|inf|None|null)\b|<NA>", page.text)


def test_equal_tables_give_an_equal_page(results, html):
    write_report(results, ["made", "other"])
    assert (results / "report.html").read_text(encoding="utf-8") == html


def test_every_cell_has_a_row_against_the_table(results):
    frames = read_frames(results / "made")
    table = cell_table(frames)
    assert len(table.rows) == frames.runs["cell"].nunique()
    row = dict(zip(table.head, table.rows[-1], strict=True))
    levels = {
        "depth": 5,
        "width": 25,
        "activation": "sigmoid",
        "initializer": "He",
        "optimizer": "Adam",
    }
    assert {name: row[name] for name in levels} == {
        name: str(level) for name, level in levels.items()
    }
    one = frames.estimates.query(
        "depth == 5 and width == 25 and activation == 'sigmoid' and initializer == 'He' and optimizer == 'Adam'"
    )
    value = one.query("quantity == 'd_g' and epoch == 20")["value"].item()
    assert float(row["d of g, end"].split(" ")[0]) == pytest.approx(value, rel=0.02)


def test_accounts_by_hand():
    ends = ["learned", "learned", "not learned", "diverged", None]
    frames = made_frames(
        outcomes=[{"seed": seed, "status": end} for seed, end in enumerate(ends)],
        missing=[{"width": 25}],
    )
    assert status_counts(frames) == {
        "learned": 2,
        "not learned": 1,
        "dead": 0,
        "diverged": 1,
        "missing": 2,
    }
    assert accounting_sentence(frames) == (
        "Of 6 runs, 2 learned, 1 did not learn, 0 ended with a dead gradient, 1 diverged and 2 have no result."
    )
    assert accounting_table(frames).rows == (
        ("tanh", "Xavier", "SGD", "5", "5", "2", "1", "0", "1", "1"),
        ("tanh", "Xavier", "SGD", "25", "1", "0", "0", "0", "0", "1"),
    )


def test_design_in_words_by_hand():
    resolved = study(depths=(1, 2, 3, 5), seeds=range(2))
    assert in_short(resolved) == (
        "Every combination of depth 1–3 and 5; width 5 and 25; activation tanh, ReLU and sigmoid; initializer Xavier, He and "
        "uniform(0, 1); optimizer SGD and Adam: 144 cells × 2 seeds = 288 runs."
    )
    words = " ".join(asked(resolved))
    assert "Xavier is GlorotUniform; He is HeUniform" in words
    assert "tanh is" not in words
    assert "1,000 points, noise 0.1, radii 1 and 0.8, each input scaled to [−1, 1]" in words
    assert "ends above 0.75" in words
    compared = (
        "every initializer against Xavier, every optimizer against SGD and every width against 5"
    )
    assert f"{compared}, in the decay factor of δ and P(learned)." in words
    assert "declares no contrast" in " ".join(asked(resolved | {"contrasts": []}))


def test_cost_by_hand():
    costs = [
        {"cpu_seconds": 100.0, "wall_seconds": 90.0, "peak_mb": 900.4},
        {"cpu_seconds": 80.0, "wall_seconds": 130.0},
    ]
    assert cost_sentence(costs, 2) == (
        "Training took 3.00 min of CPU time in 2 jobs; the longest trained for 2.17 min on the clock and "
        "the largest needed 900 MiB of memory."
    )
    assert (
        cost_sentence(costs[1:], 2)
        == "Training took 80.0 s of CPU time in 2 jobs (recorded for 1); the longest trained for 2.17 min on the clock."
    )
    assert cost_sentence([], 2) == "What training took was not recorded."
    assert cost_sentence([costs[1] | {"runs": 1320}], 1).startswith(
        "Training 1,320 runs took 80.0 s of CPU time in 1 job;"
    )


def test_an_optimizer_is_told_with_its_step_size_by_hand():
    assert (
        keras_words({"class_name": "SGD", "config": {"momentum": 0.9}})
        == "SGD(learning_rate=0.01, momentum=0.9)"
    )
    assert (
        keras_words({"class_name": "Adam", "config": {"learning_rate": 0.1}})
        == "Adam(learning_rate=0.1)"
    )
    assert keras_words({"class_name": "GlorotUniform", "config": {}}) == "GlorotUniform"
    assert duration(9000) == "2.50 h"


def test_versions_that_differ_are_all_named_by_hand():
    sources = [
        {"cpu": c, "utc": "now", "packages": {"numpy": "2"}, "flags": {"F": f}}
        for c, f in (("x", None), ("y", "1"))
    ]
    assert made_table(sources).rows == (("cpu", "x and y"), ("numpy", "2"), ("F", "none and 1"))


def test_hashes_against_hashlib(results):
    source = origin(results / "other")
    hashes = {name: (rows, digest) for name, rows, digest in source.hashes.rows}
    content = (results / "other/estimates.parquet").read_bytes()
    assert hashes["estimates.parquet"][1] == hashlib.sha256(content).hexdigest()
    jobs = sorted(set(parquet.read_table("runs", results / "other/runs.parquet")["job"].to_pylist()))
    each = [
        hashlib.sha256((results / f"other/probes/{job}.parquet").read_bytes()).hexdigest()
        for job in jobs
    ]
    assert (
        hashes[f"probes/ ({len(jobs)} files)"][1]
        == hashlib.sha256("".join(each).encode()).hexdigest()
    )
    assert json.loads(source.config) == parquet.read_footer(results / "other/runs.parquet")["study"]


def test_a_missing_table_or_picture_is_told(tmp_path):
    with pytest.raises(UserError, match=r"nothing: no such folder; "):
        write_report(tmp_path, ["nothing"])
    with pytest.raises(UserError, match=r"captions\.json is missing"):
        pictures(tmp_path, ["accounting"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"accounting": {"title": "t"}}',
        '{"accounting": {"title": "t", "caption": "c"}}',
    ],
)
def test_a_damaged_picture_or_caption_is_told(tmp_path, content):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/captions.json").write_text(content)
    for kind in KINDS:
        (tmp_path / f"figures/accounting.{kind}").write_text("<svg")
    with pytest.raises(UserError, match="holds a damaged file; rebuild it"):
        pictures(tmp_path, ["accounting"])
