"""Captions say what is drawn, over how many seeds, with which interval and without which runs."""

import pandas as pd
import pytest

from synthetic import made_frames, study
from vgstudy.figures.captions import METHODS, caption_text, intervals, left_out, seeds
from vgstudy.figures.registry import figure_names, figures


def rows(n_failed, value, **columns):
    cells = [f"c{place}" for place in range(len(value))]
    about = {"cell": cells, "quantity": "d_g", "n": 10, "method": "t", "confidence": 0.9}
    return pd.DataFrame({**about, "n_failed": n_failed, "value": value, **columns})


def test_left_out_by_hand():
    assert left_out(rows([0, 0], [1.0, 2.0])) == "Nothing is left out of the 2 cells shown."
    some = "Left out: 2–5 seeds at a point in 2 of 3 cells ("
    assert left_out(rows([0, 2, 5], [1.0, 2.0, 3.0])).startswith(some)
    assert left_out(rows([1, 10], [1.0, None])).endswith("1 cell without any value: not drawn.")


def test_left_out_counts_a_cell_once_by_hand():
    twice = pd.concat([rows([1], [1.0]), rows([3], [1.0])])
    assert left_out(twice).startswith("Left out: 3 seeds at a point in 1 of 1 cell (")


def test_seeds_by_hand():
    assert seeds(rows([0, 0], [1.0, 2.0])) == "10 seeds per cell."
    assert seeds(rows([0, 0], [1.0, 2.0], n=[7, 10])) == "7–10 seeds per cell."


def test_intervals_by_hand():
    frame = rows([0, 0], [1.0, 2.0], method=["Wilson", "another"])
    text = intervals(frame, simultaneous=False)
    named = "90 % Wilson score and 90 % another intervals"
    assert text.startswith(f"Bands and bars: {named} over seeds, each for one point")
    assert "each for a whole line at once" in intervals(frame, simultaneous=True)


@pytest.mark.parametrize("name", figure_names(study()))
def test_a_caption_states_estimand_interval_and_seeds(frames, name):
    spec = figures()[name]
    view = spec.view(frames)
    text = caption_text(spec, view)
    if view.empty:
        assert text == f"Not drawn: {spec.needs}."
        return
    assert text.startswith(spec.estimand)
    assert ("vertical ranges of their own" in text) == view.own_ranges
    if "method" in view.frame:
        assert "95 %" in text
        assert "seed" in text
        methods = set(view.frame.loc[view.frame["value"].notna(), "method"])
        assert all(METHODS.get(method, method) in text for method in methods)


def test_left_out_seeds_against_the_table(frames):
    spec = figures()["decay-epochs"]
    drawn = frames.estimates.query("quantity in ('d_g', 'd_delta') and depth == 10")
    failed = drawn.groupby("cell")["n_failed"].max()
    assert (failed > 0).any()
    text = caption_text(spec, spec.view(frames))
    assert f"in {(failed > 0).sum()} of {len(failed)} cells" in text


def test_an_empty_study_says_why_nothing_is_drawn():
    frames = made_frames()
    for spec in figures().values():
        assert caption_text(spec, spec.view(frames)).startswith("Not drawn: ")
