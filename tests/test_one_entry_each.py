"""A new quantity and a new figure are one entry each: they reach the report without other edits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ENTRIES = """
import sys
from pathlib import Path

from vgstudy import quantities

QUANTITY = quantities.Quantity(
    "g_l2", "‖g‖", "made-up norm of g", "of all", "log", "probes", 1, "geometric mean"
)
quantities.QUANTITIES = {**quantities.QUANTITIES, QUANTITY.name: QUANTITY}

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
def test_a_made_up_quantity_and_figure_reach_the_report(tmp_path):
    tests = str(Path(__file__).parent)
    path = os.pathsep.join([tests, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-c", ENTRIES, str(tmp_path)]
    subprocess.run(command, check=True, env=environment)
    captions = json.loads((tmp_path / "made/figures/captions.json").read_text(encoding="utf-8"))
    assert captions["norms"]["title"] == "A made-up figure"
    assert "made-up norm of g" in (tmp_path / "made/figures/norms.svg").read_text(encoding="utf-8")
    html = (tmp_path / "made/report.html").read_text(encoding="utf-8")
    assert "A made-up figure" in html
    assert captions["norms"]["caption"] in html
