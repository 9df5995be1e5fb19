"""Files of a figure: the same bytes for the same estimates, tables with every point."""

import json
import re
from dataclasses import fields, replace
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from synthetic import made_frames
from vgstudy.errors import UserError
from vgstudy.figures.registry import figures
from vgstudy.figures.write import compact, picture, rendered, write_figures, write_one

MATPLOTLIB = """<?xml version="1.0" encoding="utf-8" standalone="no"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"
  "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 720 583.2" \
xmlns="http://www.w3.org/2000/svg">
 <metadata><x/></metadata>
 <!-- 10 -->
 <g id="line_1">
  <defs><path id="m1" d="M 0 0
L -3.04 0
z
"/></defs>
  <use xlink:href="#m1" x="48.62" style="fill: #262626; font-family: 'DejaVu Sans'"/>
  <text>seeds' "δ" &lt; 50 % &amp; more</text>
  <path d="M 0.25 0 C 1.00 2.00 3 4 5.55 6 L 1 2"/>
 </g>
</svg>
"""
KINDS = {"svg": b"<svg", "pdf": b"%PDF", "png": b"\x89PNG", "csv": b""}


@pytest.fixture(scope="module")
def written(folder):
    write_figures(folder)
    return folder / "figures"


def test_every_figure_is_written_with_its_caption(written, frames):
    names = list(figures(frames.study))
    captions = json.loads((written / "captions.json").read_text(encoding="utf-8"))
    assert list(captions) == names
    keys = {"title", "takeaway", "caption", "details"}
    assert all(texts.keys() == keys for texts in captions.values())
    for name in names:
        for kind, start in KINDS.items():
            assert (written / f"{name}.{kind}").read_bytes().startswith(start)


def test_the_table_of_a_figure_holds_every_point_exactly(written, frames):
    drawn = figures()["profiles"].view(frames).frame
    table = pd.read_csv(written / "profiles.csv")
    for name in ("x", "value", "low", "high", "n_alive"):
        assert np.array_equal(table[name], drawn[name], equal_nan=True)
    assert list(table["activation"]) == list(drawn["activation"])


@pytest.mark.parametrize("kind", ["svg", "pdf", "png"])
def test_one_figure_is_written_with_its_texts_next_to_it(folder, tmp_path, kind):
    path = write_one(folder, "accounting", "slides", kind, tmp_path)
    assert path.name == f"study-accounting-slides.{kind}"
    assert path.read_bytes().startswith(KINDS[kind])
    text = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert "of the runs learn" in text.splitlines()[0]
    assert figures()["accounting"].caption in text


def test_a_missing_study_is_named(tmp_path):
    with pytest.raises(UserError, match=r"runs\.parquet is missing"):
        write_figures(tmp_path)


def test_svg_has_text_as_text_and_no_date(written):
    content = (written / "profiles.svg").read_text(encoding="utf-8")
    nodes = ElementTree.fromstring(content).iter("{http://www.w3.org/2000/svg}text")
    texts = {"".join(node.itertext()).strip() for node in nodes}
    layer = "layer (1 is nearest the input, the last is the output)"
    assert {"tanh", "ReLU", "Xavier", "He", "(loss per weight)", layer} <= texts
    assert not re.search(r"\d{4}-\d\d-\d\d|matplotlib v", content, flags=re.IGNORECASE)


@pytest.mark.parametrize("name", figures())
def test_a_figure_without_estimates_says_why(name):
    spec = figures()[name]
    content = rendered(picture(spec, spec.view(made_frames())), "svg").decode()
    assert "Not drawn: " in content


@pytest.mark.parametrize("name", ["decay-layers", "accounting", "signal-epochs"])
def test_equal_estimates_give_equal_bytes_in_any_order_of_rows(frames, name):
    tables = [field.name for field in fields(frames) if field.name != "study"]
    shuffled = {table: getattr(frames, table).sample(frac=1, random_state=1) for table in tables}
    spec = figures()[name]
    first, second = (
        picture(spec, spec.view(some)) for some in (frames, replace(frames, **shuffled))
    )
    for kind in ("svg", "png", "pdf"):
        assert rendered(first, kind) == rendered(second, kind)
    plt.close("all")


def test_what_is_not_seen_in_an_svg_goes_by_hand():
    assert compact(MATPLOTLIB).split("<g>")[1] == (
        '<defs><path id="m1" d="M 0 0 L -3.04 0 z "/></defs>'
        '<use xlink:href="#m1" x="48.62" style="fill: #262626; font-family: \'DejaVu Sans\'"/>'
        '<text>seeds\' "δ" &lt; 50 % &amp; more</text>'
        '<path d="M 0.25 0 C 1.00 2.00 3 4 5.55 6 L 1 2"/></g></svg>'
    )
