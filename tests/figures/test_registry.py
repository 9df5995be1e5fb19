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
    wide = study(widths=(5, 10, 20), two_by_two=crossed)
    with_arms = {**wide, "arms": {"A1": {}}}
    rates = {"factors": {**wide["factors"], "rate_factor": [1, 3]}, "choosing_seeds": 5}
    of_all = {*figure_names({**wide, **rates, "streams": "shared"}), *figure_names(with_arms)}
    assert of_all == set(figures())
    assert {"best-rates", "paired"} == of_all - {*figure_names(wide), *figure_names(with_arms)}
    by_depth = {"depth-limit", "performance-narrow", "performance-wide"}
    assert by_depth == set(figure_names(wide)) - set(figure_names(with_arms))


def test_names_cost_no_drawing_library():
    code = (
        "import sys; from vgstudy.figures.registry import figures; figures();"
        "print(*{m.partition('.')[0] for m in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"pandas", "matplotlib", "seaborn"}
