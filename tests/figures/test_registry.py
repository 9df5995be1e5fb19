"""One registration makes a figure; its caption says what is drawn, over how many seeds, with which
interval and without which runs."""

import pandas as pd
import pytest

from synthetic import study
from vgstudy.errors import UserError
from vgstudy.figures.registry import (
    FAMILIES,
    METHODS,
    figure_of,
    figures,
    intervals,
    left_out,
    seeds,
)


def test_figures_come_in_the_order_of_the_families():
    modules = [spec.select.__module__.rpartition(".")[2] for spec in figures().values()]
    assert [name for name in FAMILIES if name in modules] == list(dict.fromkeys(modules))
    assert next(iter(figures())) == "accounting"


def test_a_study_has_the_figures_of_its_arms_widths_and_changes():
    plain = figures(study())
    assert not [name for name in plain if name.startswith(("arms-", "theory-width"))]
    assert "two-by-two" not in plain
    crossed = {"activation": ["tanh", "ReLU"], "initializer": ["Xavier", "He"]}
    wide = study(widths=(5, 10, 20), two_by_two=crossed)
    with_arms = {**wide, "arms": {"A1": {"depth": [5]}}}
    rates = {"factors": {**wide["factors"], "rate_factor": [1, 3]}, "choosing_seeds": 5}
    of_all = {*figures({**wide, **rates, "streams": "shared"}), *figures(with_arms)}
    assert of_all == set(figures())
    assert {"best-rates", "paired"} == of_all - {*figures(wide), *figures(with_arms)}
    by_depth = {"depth-limit", "performance-narrow", "performance-wide"}
    assert by_depth == set(figures(wide)) - set(figures(with_arms))
    deep = {**wide, "arms": {"A1": {"depth": [5, 10]}}}
    assert by_depth <= set(figures(deep))
    remedies = {"none": {}, "batch norm": {"normalization": {"kind": "batch"}}}
    assert not by_depth & set(figures({**deep, "factors": {**deep["factors"], "remedy": remedies}}))


def test_an_unknown_figure_is_named_with_those_there_are():
    message = r"has no figure 'acounting'; did you mean 'accounting'\? allowed: accounting, depth"
    with pytest.raises(UserError, match=message):
        figure_of(study(), "acounting")


def rows(n_failed, value, **columns):
    cells = [f"c{place}" for place in range(len(value))]
    about = {"cell": cells, "quantity": "d_g", "n": 10, "method": "t", "confidence": 0.9}
    return pd.DataFrame({**about, "n_failed": n_failed, "value": value, **columns})


def test_left_out_by_hand():
    assert left_out(rows([0, 0], [1.0, 2.0])) == "Nothing is left out of the 2 networks shown."
    some = "Left out: 2–5 seeds at a point in 2 of 3 networks ("
    assert left_out(rows([0, 2, 5], [1.0, 2.0, 3.0])).startswith(some)
    assert left_out(rows([1, 10], [1.0, None])).endswith("1 network without any value: not drawn.")


def test_left_out_counts_a_cell_once_by_hand():
    twice = pd.concat([rows([1], [1.0]), rows([3], [1.0])])
    assert left_out(twice).startswith("Left out: 3 seeds at a point in 1 of 1 network (")


def test_seeds_by_hand():
    assert seeds(rows([0, 0], [1.0, 2.0])) == "10 seeds per network."
    assert seeds(rows([0, 0], [1.0, 2.0], n=[7, 10])) == "7–10 seeds per network."


def test_intervals_by_hand():
    frame = rows([0, 0], [1.0, 2.0], method=["Wilson", "another"])
    named = "90 % Wilson and 90 % another"
    assert intervals(frame, simultaneous=False) == f"{named} intervals."
    assert intervals(frame, simultaneous=True) == f"{named} bands, each for a whole line."


@pytest.mark.parametrize("name", figures(study()))
def test_a_caption_states_estimand_interval_and_seeds(frames, name):
    spec = figures()[name]
    view = spec.view(frames)
    text = spec.texts(view)["caption"]
    assert len(text.split()) <= 40
    if view.empty:
        assert text == f"Not drawn: {spec.needs}."
        return
    assert text.startswith(spec.caption)
    if "method" in view.frame:
        assert "95 %" in text
        assert "seed" in text or "run" in text
        methods = set(view.frame.loc[view.frame["value"].notna(), "method"])
        assert all(METHODS.get(method, method) in text for method in methods)


def test_left_out_seeds_against_the_table(frames):
    spec = figures()["profiles"]
    names = ["g_rms", "delta_rms", "h_rms"]
    some = frames.profiles["quantity"].isin(names) & (frames.profiles["optimizer"] == "SGD")
    drawn = frames.profiles[some].query("depth in (5, 10) and epoch in (0, 20)")
    failed = drawn.groupby("cell")["n_failed"].max()
    assert (failed > 0).any()
    text = spec.texts(spec.view(frames))["details"]
    assert f"in {(failed > 0).sum()} of {len(failed)} networks" in text
