"""What the page carries stays small: bytes per point and per number, so that no figure or explorer
grows unnoticed.

In the report of the default studies (2026-11-21) a figure takes up to 0.2 kB a point on top of 15
to 25 kB.
"""

import re
import zlib
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure

from synthetic import write_synthetic_study
from vgstudy.figures.captions import figure_names
from vgstudy.figures.frames import read_frames
from vgstudy.figures.registry import view_of
from vgstudy.figures.rendering import parquet, svg
from vgstudy.figures.write import pdf, picture
from vgstudy.report.arrays import packed
from vgstudy.report.attachments import Attachment
from vgstudy.report.page import code_library
from vgstudy.report.scripts import scripts
from vgstudy.report.weight import weight_sentence, weights

FIGURE, POINT = 25_000, 280  # characters in the page
ESTIMATE = 6  # made-up estimates are noisier than real ones


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weight") / "made"
    design = {
        "activations": ("tanh", "ReLU"),
        "initializers": ("Xavier", "He"),
        "widths": (5,),
        "optimizers": ("SGD",),
    }
    write_synthetic_study(folder, depths=(2, 5, 9), seeds=range(4), **design)
    return read_frames(folder)


def test_a_figure_weighs_no_more_than_its_points_deserve(frames):
    for name in figure_names(frames.study):
        view = view_of(name)(frames)
        drawn = picture(name, view)
        weight = sum(
            len(Attachment("", content).packed)
            for content in (svg(drawn), pdf(drawn), parquet(view.frame))
        )
        assert weight < FIGURE + POINT * len(view.frame), name


def test_an_estimate_in_the_explorer_takes_a_few_bytes(frames):
    found = packed(frames)
    count = sum(map(len, (frames.estimates, frames.trajectories, frames.profiles)))
    assert len(Attachment("", found.content).packed) < ESTIMATE * count


def test_what_every_page_carries_is_small():
    assert len(code_library().packed) < 450_000
    assert sum(map(len, scripts())) < 40_000


def test_weights_add_up_to_the_page_by_hand():
    files = [
        Attachment("a/figures/b.svg", b"x" * 50),
        Attachment("a/explorer", b"y"),
        Attachment("vega.js", b"z"),
    ]
    html = "".join(file.packed for file in files) + "ä" * 500_000
    parts = weights(html, files)
    assert sum(parts.values()) == pytest.approx(len(html.encode()) / 1e6)
    assert parts.keys() == {"pictures", "explorers", "Vega-Lite", "text and tables"}
    assert weight_sentence({"text": 1.04, "PDF": 0.5}) == "1.5 MB: text 1.0 and PDF 0.5"
    assert weight_sentence({"text": 9.0}).endswith("; 8 MB is the goal for the default studies")


def test_a_slim_pdf_is_whole_by_its_own_index(frames):
    """Every object is where the cross-reference table says, streams inflate, the font has glyphs
    and no hints."""
    figure: Figure = picture("accounting", view_of("accounting")(frames))
    content = pdf(figure)
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", content)[1])
    table = re.match(
        rb"xref\n0 (\d+)\n0{10} 65535 f \n((?:\d{10} 0{5} n \n)+)trailer", content[start:]
    )
    offsets = [int(line[:10]) for line in table[2].splitlines()]
    assert len(offsets) == int(table[1]) - 1
    for number, offset in enumerate(offsets, 1):
        assert content[offset:].startswith(b"%d 0 obj\n" % number)
    places = [match.end() for match in re.finditer(rb"\nstream\n", content)]
    heads = [content[content.rindex(b" 0 obj\n", 0, place) : place] for place in places]
    sizes = [int(re.search(rb"/Length (\d+) /Filter /FlateDecode", head)[1]) for head in heads]
    inflated = [
        zlib.decompress(content[place : place + size])
        for place, size in zip(places, sizes, strict=True)
    ]
    fonts = [
        TTFont(BytesIO(data))
        for head, data in zip(heads, inflated, strict=True)
        if b"/Length1 " in head
    ]
    assert fonts
    for font in fonts:
        assert {"glyf", "hmtx", "loca"} <= set(font.keys())
        assert not {"fpgm", "prep", "cvt "} & set(font.keys())
    assert any(re.search(rb"^[-\d. ]+ l$", data, re.MULTILINE) for data in inflated)
    assert not any(
        re.search(rb"^[-\d. ]*\.\d{3,}[-\d. ]* [ml]$", data, re.MULTILINE) for data in inflated
    )
