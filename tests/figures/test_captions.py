"""Captions say what is drawn, over how many seeds, with which interval and without which runs."""

import pandas as pd
import pytest

from synthetic import made_frames, study
from vgstudy.figures.captions import METHODS, intervals, left_out, seeds, texts
from vgstudy.figures.registry import figure_names, figures


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


@pytest.mark.parametrize("name", figure_names(study()))
def test_a_caption_states_estimand_interval_and_seeds(frames, name):
    spec = figures()[name]
    view = spec.view(frames)
    text = texts(spec, view)["caption"]
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
    text = texts(spec, spec.view(frames))["details"]
    assert f"in {(failed > 0).sum()} of {len(failed)} networks" in text


def test_an_empty_study_says_why_nothing_is_drawn():
    frames = made_frames()
    for spec in figures().values():
        assert texts(spec, spec.view(frames))["caption"].startswith("Not drawn: ")
