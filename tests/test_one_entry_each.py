"""A new quantity is one entry and a new figure one function: without other edits the explorer shows
the quantity, which no figure needs to name, and the report shows the figure."""

import gzip
import json
import os
import re
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest

ENTRIES = """
import sys
from pathlib import Path

from vgstudy import quantities

MADE_UP = [
    quantities.Quantity(name, name, f"made-up {name}", "", "log", "probes", 1, "geometric mean")
    for name in ("g_l2", "g_max_abs")
]
quantities.QUANTITIES = {**quantities.QUANTITIES, **{each.name: each for each in MADE_UP}}

from vgstudy.figures.frames import chosen
from vgstudy.figures.registry import figure
from vgstudy.figures.view import Axis, View, axes_of


@figure("norms", title="A made-up figure", caption="Made up.", needs="nothing is made up")
def norms(frames):
    rows = chosen(frames.profiles, quantity="g_l2", epoch=0)
    return View(rows.assign(x=rows["layer"]), axes_of("g_l2"), Axis("layer"))


from synthetic import write_synthetic_study
from vgstudy.figures.write import write_figures
from vgstudy.report.page import write_report

results = Path(sys.argv[1])
write_synthetic_study(results / "made", depths=(2, 5), widths=(5,), seeds=range(3))
write_figures(results / "made")
write_report(results, ["made"])
"""


@pytest.mark.slow
def test_made_up_quantities_and_a_figure_reach_the_report(tmp_path):
    tests = str(Path(__file__).parent)
    path = os.pathsep.join([tests, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-c", ENTRIES, str(tmp_path)]
    subprocess.run(command, check=True, env=environment)
    captions = json.loads((tmp_path / "made/figures/captions.json").read_text(encoding="utf-8"))
    assert captions["norms"]["title"] == "A made-up figure"
    assert "made-up g_l2" in (tmp_path / "made/figures/norms.svg").read_text(encoding="utf-8")
    html = (tmp_path / "made/report.html").read_text(encoding="utf-8")
    assert "A made-up figure" in html
    assert captions["norms"]["caption"] in html
    assert '<option value="g_max_abs">made-up g_max_abs</option>' in html
    (data,) = re.findall(r'id="explorer-data">(.*?)</script>', html)
    quantity = json.loads(gzip.decompress(b64decode(data)))["quantities"]["g_max_abs"]
    assert (quantity["symbol"], quantity["scale"]) == ("g_max_abs", "log")
    assert any(number is not None for cell in quantity["value"] for number in cell)
