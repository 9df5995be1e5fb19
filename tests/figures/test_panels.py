"""Panels draw the estimates they are given and nothing else, on axes that have room for them."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from synthetic import made_frames, study
from vgstudy.figures.axes import depth_ticks, horizontal_limits, shown_names, vertical_limits
from vgstudy.figures.frames import nearest
from vgstudy.figures.panels import draw, panel_size, panelled
from vgstudy.figures.registry import figures
from vgstudy.figures.style import COLOURS, keyed, layer_key
from vgstudy.figures.view import DEPTH, Axis, View, laid_out, thinned, with_bands
from vgstudy.figures.write import picture, rendered


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def drawn(name, frames):
    spec = figures()[name]
    view = spec.view(frames)
    return view, picture(spec, view)


@pytest.mark.parametrize("name", ["profiles", "decay-layers"])
def test_lines_are_the_estimates_and_nothing_else_against_the_table(frames, name):
    view, figure = drawn(name, frames)
    marks = {level for axis in view.axes.values() for level in axis.marks.values()}
    marks |= set(view.frame.get("predicted", ()))
    lines = [line.get_ydata() for axes in figure.axes for line in axes.lines]
    values = [y for y in np.concatenate(lines) if y not in marks and np.isfinite(y)]
    assert sorted(values) == pytest.approx(sorted(view.frame["value"].dropna()))


@pytest.mark.parametrize("name", ["decay-layers", "profiles", "performance-narrow"])
def test_bands_are_the_intervals_against_the_table(frames, name):
    view, figure = drawn(name, frames)
    bands = [band for axes in figure.axes for band in axes.collections]
    corners = {y for band in bands for path in band.get_paths() for y in path.vertices[:, 1]}
    rows = view.frame[view.frame["value"].notna()]
    assert set(rows["low"].dropna()) | set(rows["high"].dropna()) <= corners


@pytest.mark.parametrize("name", ["profiles", "decay-layers"])
def test_intervals_of_lines_are_the_simultaneous_ones_against_the_table(frames, name):
    view = figures()[name].view(frames)
    banded = view.frame[view.frame["band"].notna()]
    assert len(banded)
    assert set(banded["low"]) == set(banded["band_low"])
    assert set(banded["high"]) == set(banded["band_high"])
    assert view.simultaneous


def test_a_point_without_a_band_keeps_its_interval_by_hand():
    points = {"low": [1.0, 2.0], "high": [3.0, 4.0], "method": "t"}
    bands = {"band_low": [0.5, None], "band_high": [3.5, None], "band": ["max", None]}
    shown = with_bands(pd.DataFrame({**points, **bands}))
    assert shown[["low", "high", "method"]].values.tolist() == [[0.5, 3.5, "max"], [2.0, 4.0, "t"]]


def test_a_line_breaks_where_a_value_is_missing_by_hand():
    depths = (2, 4, 6, 8)
    rows = [{"quantity": "d_g", "depth": depth, "value": 1.0} for depth in depths]
    frame = made_frames(rows, resolved=study(depths=depths)).estimates
    frame.loc[frame["depth"] == 4, "value"] = np.nan
    view = View(frame.assign(x=list(depths)), {"d_g": Axis("d")}, DEPTH, line=("activation",))
    points = panelled(view)
    segments = points[points["value"].notna()].groupby("segment")["x"].apply(list)
    assert list(segments) == [[2], [6, 8]]


@pytest.mark.parametrize("name", ["performance-narrow", "profiles"])
def test_panels_of_one_row_share_their_vertical_axis(frames, name):
    _, figure = drawn(name, frames)
    first, second = figure.axes[:2]
    assert first.get_ylim() == second.get_ylim()


def test_a_logarithmic_axis_ends_six_decades_from_the_median_by_hand():
    points = pd.DataFrame({"value": [1e-30, 1.0, 2.0], "low": 1.0, "high": 1.0})
    low, high = vertical_limits(points, Axis("d", "log"))
    assert low == pytest.approx(1e-6)
    assert high > 2


def test_slides_have_the_takeaway_as_title_and_larger_letters(frames):
    spec = figures()["accounting"]
    view = spec.view(frames)
    paper, slide = (picture(spec, view, style) for style in ("paper", "slides"))
    assert paper.legends[0].get_title().get_text() == ""
    title = slide.legends[0].get_title().get_text().replace("\n", " ")
    assert title == view.takeaway
    assert slide.get_figwidth() < paper.get_figwidth()


def test_a_combination_that_was_not_run_says_so():
    pairs = {"Xavier": "SGD", "He": "Adam"}
    rows = [
        {"quantity": "d_g", "value": 0.7, "depth": depth, "initializer": one, "optimizer": other}
        for depth in (2, 5)
        for one, other in pairs.items()
    ]
    frame = made_frames(rows).estimates
    view = View(frame.assign(x=frame["depth"].astype(int)), {"d_g": Axis("d")}, DEPTH)
    figure = draw(replace(view, across=("initializer",), down=("optimizer",)))
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert texts.count("not in this study") == 2


def test_any_level_names_can_be_drawn():
    named = {"activation": "_a$b$ & <i>", "initializer": "$\\frac$", "optimizer": "_"}
    factors = study()["factors"] | {factor: {name: {}} for factor, name in named.items()}
    rows = [{"quantity": "g_rms", "value": 0.5, "layer": layer, **named} for layer in (1, 2)]
    frames = made_frames(profiles=rows, resolved=study() | {"factors": factors})
    content = rendered(drawn("profiles", frames)[1], "svg").decode()
    assert "_a$b$ &amp; &lt;i&gt;" in content
    assert "$\\frac$" in content


def test_nearest_by_hand():
    assert nearest([5, 10, 20], range(1, 21)) == [5, 10, 20]
    assert nearest([5, 10, 20], [4, 6, 12]) == [4, 12]
    assert nearest([5], []) == []


def test_widths_lead_down_when_they_do_not_fit_by_hand():
    levels = [{"width": w, "initializer": i, "value": 1.0} for w in range(3) for i in "abc"]
    view = View(pd.DataFrame(levels), {}, DEPTH, down=("optimizer",))
    wide = laid_out(view)
    assert (wide.across, wide.down) == (("initializer",), ("width", "optimizer"))
    narrow = replace(view, frame=view.frame[view.frame["width"] < 2])
    assert laid_out(narrow).across == ("width", "initializer")


def test_of_very_many_levels_some_make_panels_by_hand():
    widths = [2 * w for w in range(1, 16)]
    levels = [{"width": w, "initializer": i, "value": 1.0} for w in widths for i in "abc"]
    frame = pd.DataFrame(levels)
    some = thinned(View(frame, {}, DEPTH, "Epoch 0."))
    assert list(some.frame["width"].unique()) == [2, 6, 10, 14, 18, 22, 26, 30]
    assert set(some.frame["initializer"]) == set("abc")
    text = "Shown are 8 of 15 levels of width: 2, 6, 10, 14, 18, 22, 26 and 30."
    assert some.note == f"Epoch 0. {text}"
    few = View(frame[frame["width"] <= 16], {}, DEPTH)
    assert thinned(few) is few


def test_wide_intervals_do_not_stretch_an_axis_by_hand():
    points = pd.DataFrame({"value": [1.0, 2.0], "low": [0.5, -1e9], "high": [1.5, 1e9]})
    low, high = vertical_limits(points, Axis("y"))
    assert (low, high) == pytest.approx((0.5 - 0.12, 2.5 + 0.12))


def test_a_logarithmic_axis_leaves_zeros_out_by_hand():
    points = pd.DataFrame({"value": [0.0, 1.0, 100.0], "low": [np.nan] * 3, "high": [np.nan] * 3})
    assert vertical_limits(points, Axis("y", "log")) == pytest.approx((100**-0.06, 100**1.06))


@pytest.mark.parametrize("values", [[np.nan], [1e-300, 1e300]])
def test_an_axis_without_values_or_with_huge_ones_is_finite(values):
    points = pd.DataFrame({"value": values, "low": values, "high": values})
    assert np.isfinite(vertical_limits(points, Axis("y", "log"))).all()


def test_many_names_have_room_and_of_short_ones_some_are_shown_by_hand():
    short = shown_names(Axis("depth", names=tuple(map(str, range(20, 0, -1)))))
    assert list(short.values()) == ["20", "17", "14", "10", "7", "4", "1"]
    long = shown_names(Axis("network", names=tuple(f"tanh, depth {n}" for n in range(40))))
    assert len(long) == 40
    assert panel_size(1, 1, names=40)[1] == pytest.approx(40 * 0.13)
    assert panel_size(1, 1, names=7) == panel_size(1, 1)


def test_horizontal_limits_by_hand():
    points = pd.DataFrame({"x": [0, 10]})
    assert horizontal_limits(points, DEPTH) == (-0.5, 10.5)


@pytest.mark.parametrize(
    ("depths", "ticks"),
    [
        (range(1, 21), [1, 5, 10, 15, 20]),
        ([1, 5, 15, 20], [1, 5, 15, 20]),
        ([1, 2, 3, 5, 7, 10, 15, 20], [1, 5, 10, 15, 20]),
        ([4, 6, 12], [4, 6, 12]),
        ([2, 5], [2, 5]),
        ([7], [7]),
    ],
)
def test_ticks_are_depths_that_were_run_by_hand(depths, ticks):
    assert depth_ticks(pd.Series(depths)) == ticks


def test_looks_repeat_when_levels_outnumber_them():
    looks = keyed([str(n) for n in range(len(COLOURS) + 1)], COLOURS)
    assert looks["0"] == looks[str(len(COLOURS))] != looks["1"]


def test_levels_whose_names_differ_in_case_alone_look_different():
    looks = keyed(["ReLU", "relu", "tanh"], COLOURS)
    assert len(set(looks.values())) == 3
    assert looks["ReLU"] == keyed(["ReLU"], COLOURS)["ReLU"]


def test_layers_get_darker_toward_the_output():
    lightness = [sum(look["color"]) for look in layer_key()]
    assert lightness == sorted(lightness, reverse=True)
