"""Figures inside the page."""

from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from report.conftest import SVG
from vgstudy.errors import UserError
from vgstudy.report.embedded_figures import data_url, embedded_figures

SVG_WITH_TEXT = (
    '<svg xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 720 583.2" '
    'xmlns="http://www.w3.org/2000/svg"><g><defs><path id="m1" d="M 0 0 L -3.04 0 z "/></defs>'
    '<use xlink:href="#m1" style="fill: #262626; font-family: \'DejaVu Sans\'"/>'
    '<text>seeds\' "δ" &lt; 50 % &amp; more</text></g></svg>'
)


def test_a_data_url_holds_the_same_elements_and_ends_no_attribute():
    url = data_url(SVG_WITH_TEXT)
    assert not set('"&#') & set(url)
    svg = unquote(url.removeprefix("data:image/svg+xml,"))
    root = ElementTree.fromstring(svg)
    assert [part.tag.rsplit("}")[-1] for part in root.iter()] == (
        ["svg", "g", "defs", "path", "use", "text"]
    )
    assert root.find(".//{*}text").text == 'seeds\' "δ" < 50 % & more'
    assert root.find(".//{*}use").get("style") == "fill: #262626; font-family: DejaVu Sans"


def test_missing_captions_are_an_error(tmp_path):
    with pytest.raises(UserError, match=r"captions\.json is missing; make it: `vgstudy figures"):
        embedded_figures(tmp_path, ["accounting"])


DAMAGED = ["", "[]", "{}", '{"accounting": {"title": "t"}}']


@pytest.mark.parametrize("captions", DAMAGED)
def test_damaged_captions_are_an_error(tmp_path, captions):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/captions.json").write_text(captions)
    (tmp_path / "figures/accounting.svg").write_text(SVG)
    with pytest.raises(UserError, match="holds a damaged file; rebuild it"):
        embedded_figures(tmp_path, ["accounting"])


def test_a_damaged_image_is_an_error(tmp_path):
    (tmp_path / "figures").mkdir()
    captions = '{"accounting": {"title": "t", "caption": "c"}}'
    (tmp_path / "figures/captions.json").write_text(captions)
    (tmp_path / "figures/accounting.svg").write_text("<svg")
    with pytest.raises(UserError, match="holds a damaged file; rebuild it"):
        embedded_figures(tmp_path, ["accounting"])
