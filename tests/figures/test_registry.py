"""One registration makes a figure: it has a place, a caption, files, whatever else exists."""

import subprocess
import sys

from synthetic import study
from vgstudy.figures.registry import FAMILIES, figure_names, figures


def test_figures_come_in_the_order_of_the_families():
    modules = [spec.select.__module__.rpartition(".")[2] for spec in figures().values()]
    assert [name for name in FAMILIES if name in modules] == list(dict.fromkeys(modules))
    assert next(iter(figures())) == "accounting"


def test_a_study_has_the_figures_of_its_arms_widths_and_changes():
    plain = figure_names(study())
    assert not [name for name in plain if name.startswith(("arms-", "theory-width"))]
    assert "two-by-two" not in plain
    crossed = {"activation": ["tanh", "ReLU"], "initializer": ["Xavier", "He"]}
    with_arms = {**study(widths=(5, 10, 20), two_by_two=crossed), "arms": {"A1": {}}}
    rates = {"factors": {**with_arms["factors"], "rate_factor": [1, 3]}, "choosing_seeds": 5}
    assert set(figure_names({**with_arms, **rates, "streams": "shared"})) == set(figures())
    assert {"best-rates", "paired"} == set(figures()) - set(figure_names(with_arms))


def test_names_cost_no_drawing_library():
    code = (
        "import sys; from vgstudy.figures.registry import figures; figures();"
        "print(*{m.partition('.')[0] for m in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"pandas", "matplotlib", "seaborn"}
