"""Captions say what is drawn, over how many seeds, with which interval and without which runs."""

import subprocess
import sys

import pandas as pd
import pytest

from made_frames import made_frames
from synthetic import study, write_synthetic_study
from vgstudy.analysis.estimates import SIDAK
from vgstudy.figures.captions import (
    ARM_FIGURES,
    FIGURES,
    METHODS,
    WIDTH_FIGURES,
    bands,
    caption_of,
    caption_text,
    figure_names,
    intervals,
    left_out,
    seeds,
)
from vgstudy.figures.frames import read_frames
from vgstudy.figures.registry import VIEWS, view_of
from vgstudy.figures.write import PICTURES
from vgstudy.validation import proportions
from vgstudy.validation.simulation import simulate


def test_every_figure_has_a_caption_a_view_and_a_way_to_be_drawn():
    assert (
        FIGURES.keys() | WIDTH_FIGURES.keys() | ARM_FIGURES.keys()
        == VIEWS.keys()
        == PICTURES.keys()
    )


def test_names_cost_no_drawing_library():
    code = (
        "import sys, vgstudy.figures.captions; print(*{m.partition('.')[0] for m in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"pandas", "numpy", "matplotlib", "seaborn"}


def test_an_unknown_figure_has_no_caption():
    with pytest.raises(KeyError):
        caption_of("decay-depth")


def rows(n_failed: list[int], value: list[float | None], **columns: object) -> pd.DataFrame:
    base = {"cell": [f"c{i}" for i in range(len(value))], "n": 10, "method": "t", "confidence": 0.9}
    return pd.DataFrame({**base, "n_failed": n_failed, "value": value, **columns})


UNDRAWN = "without any value of what a row of panels shows is not drawn there."


def test_left_out_by_hand():
    assert left_out(rows([0, 0], [1.0, 2.0])) == "Nothing is left out of the 2 cells shown."
    assert left_out(rows([0, 2, 5], [1.0, 2.0, 3.0])).startswith(
        "Left out: 2–5 seeds in 2 of 3 cells ("
    )
    assert left_out(rows([1, 10], [1.0, None])).endswith(
        "1 cell without any value of what a row of panels shows is not drawn there."
    )


def test_left_out_counts_a_cell_once_by_hand():
    twice = pd.concat([rows([1], [1.0]), rows([3], [1.0])])
    assert left_out(twice).startswith("Left out: up to 3 seeds at a point in 1 of 1 cell (")


def test_seeds_by_hand():
    assert seeds(rows([0, 0], [1.0, 2.0])) == "10 seeds per cell."


def test_intervals_by_hand():
    frame = rows([0, 0], [1.0, 2.0], method=["Wilson", "another"])
    assert intervals(frame).startswith(
        "Bands and bars: 90 % Wilson score (approximate below 30 seeds) and 90 % another intervals"
    )


def test_bands_by_hand():
    frame = rows(
        [0, 0], [1.0, 2.0], outer_low=[0.5, None], outer_high=[2.0, None], band=["some band", None]
    )
    assert (
        bands(frame)
        == "Lighter bands and thinner bars outside hold at all points of a line at once: 90 % some band."
    )
    assert bands(frame.assign(outer_low=None)) == bands(rows([0], [1.0])) == ""


@pytest.mark.parametrize(
    ("simulations", "method", "procedure"),
    [
        ("shares", "Wilson", "Wilson"),
        ("outcomes", "t", "t"),
        ("one sample", "chi-squared on log", "chi-squared on log"),
        ("depths", "monotone fit, Jeffreys draws", "depth limit"),
        ("depths", SIDAK, SIDAK),
    ],
)
def test_captions_say_of_intervals_what_simulation_finds(
    monkeypatch, simulations, method, procedure
):
    """The word is the rule's, see `validation.simulation`."""
    monkeypatch.setattr(proportions, "SEEDS", (10,))
    found = [row for row in simulate(300, [simulations]) if row["procedure"] == procedure]
    word = found[0]["label"].split()[0].rstrip(":")
    assert word in ("approximate", "conservative")
    assert word in METHODS[method]


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    folder = tmp_path_factory.mktemp("captions") / "made"
    write_synthetic_study(
        folder, depths=(2, 10), widths=(5,), initializers=("Xavier", "He"), seeds=range(4)
    )
    return read_frames(folder)


@pytest.mark.parametrize("name", figure_names(study()))
def test_a_caption_states_estimand_interval_and_seeds(frames, name):
    view = view_of(name)(frames)
    text = caption_text(name, view)
    if view.empty:
        assert text == f"Not drawn: {caption_of(name).needs}."
        return
    assert text.startswith(caption_of(name).estimand)
    assert ("vertical ranges of their own" in text) == bool(view.free)
    if "method" in view.frame:
        assert "95 %" in text
        assert "seed" in text
        assert all(METHODS[method] in text for method in set(view.frame["method"]))


def test_left_out_seeds_against_the_table(frames):
    view = view_of("decay-epochs")(frames)
    drawn = frames.estimates.query("quantity in ('d_g', 'd_delta') and depth == 10")
    failed = drawn.groupby("cell")["n_failed"].max()
    assert (failed > 0).any()
    assert f"in {(failed > 0).sum()} of {len(failed)} cells" in caption_text("decay-epochs", view)


def test_an_empty_study_says_why_nothing_is_drawn():
    frames = made_frames()
    assert all(
        caption_text(name, view_of(name)(frames)).startswith("Not drawn: ")
        for name in figure_names(frames.study)
    )
