"""One registration makes a figure: it has a place, a caption, files, whatever else exists."""

import json
import subprocess
import sys

import pytest

from made_frames import made_frames
from synthetic import study
from vgstudy.figures import registry
from vgstudy.figures.frames import chosen
from vgstudy.figures.registry import FAMILIES, figure, figure_names, figures
from vgstudy.figures.view import DEPTH, SETTING, View, axes_of
from vgstudy.figures.write import write_figures
from vgstudy.quantities import QUANTITIES, Quantity


def test_figures_come_in_the_order_of_the_families():
    modules = [spec.select.__module__.rpartition(".")[2] for spec in figures().values()]
    assert [name for name in FAMILIES if name in modules] == list(dict.fromkeys(modules))
    assert next(iter(figures())) == "accounting"


def test_a_study_has_the_figures_of_its_arms_and_widths():
    plain = figure_names(study())
    assert not [name for name in plain if name.startswith(("arms-", "theory-width"))]
    with_arms = figure_names({**study(widths=(5, 10, 20)), "arms": {"A1": {}}})
    assert set(with_arms) == set(figures())


def test_names_cost_no_drawing_library():
    code = (
        "import sys; from vgstudy.figures.registry import figures; figures();"
        "print(*{m.partition('.')[0] for m in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"pandas", "matplotlib", "seaborn"}


def test_a_new_quantity_and_a_new_figure_are_one_entry_each(folder, monkeypatch):
    quantity = Quantity(
        "p_dead", "†", "made-up † share", "of all", "linear", "estimates", 1, "share"
    )
    monkeypatch.setattr("vgstudy.figures.view.QUANTITIES", {**QUANTITIES, "p_dead": quantity})
    monkeypatch.setattr(registry, "_registered", {**registry._registered})

    @figure("made-up", title="A made-up figure", estimand="Made up.", needs="nothing is made up")
    def made_up(frames):
        rows = chosen(frames.estimates, quantity="p_dead", epoch=frames.last_epoch)
        return View(
            rows.assign(x=rows["depth"].astype(int)), axes_of("p_dead"), DEPTH, line=SETTING
        )

    write_figures(folder, ["made-up"])
    captions = json.loads((folder / "figures/captions.json").read_text(encoding="utf-8"))
    assert list(captions)[-1] == "made-up"
    assert captions["made-up"]["title"] == "A made-up figure"
    assert captions["made-up"]["caption"].startswith("Made up. Bands and bars: 95 % Wilson score")
    assert "made-up † share" in (folder / "figures/made-up.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", figure_names(study()))
def test_a_figure_selects_nothing_of_an_empty_study(name):
    assert figures()[name].view(made_frames()).empty
