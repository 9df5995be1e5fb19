"""Pictures draw the estimates they are given, the same bytes for the same estimates, whatever the
study's levels."""

import json
import re
from dataclasses import replace
from io import BytesIO
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from made_frames import made_frames
from synthetic import study, write_synthetic_study
from vgstudy.errors import UserError
from vgstudy.figures.axes import horizontal_limits, vertical_limits
from vgstudy.figures.captions import caption_text, figure_names
from vgstudy.figures.frames import read_frames
from vgstudy.figures.lines import isolated
from vgstudy.figures.outcomes import counted
from vgstudy.figures.registry import view_of
from vgstudy.figures.rendering import DPI, saved
from vgstudy.figures.style import COLOURS, keyed, rc
from vgstudy.figures.view import DEPTH, EPOCH, Axis, View, laid_out, nearest, thinned
from vgstudy.figures.write import pdf, picture, png, svg, write_figures
from vgstudy.schema import CHECKS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("figures") / "made"
    design = {
        "activations": ("tanh", "ReLU"),
        "initializers": ("Xavier", "He"),
        "widths": (5,),
        "probe_epochs": (0, 1, 20),
    }
    write_synthetic_study(made, depths=(2, 5), seeds=range(3), **design)
    return made


@pytest.fixture(scope="module")
def frames(folder):
    return read_frames(folder)


@pytest.fixture(scope="module")
def written(folder):
    write_figures(folder)
    return folder / "figures"


def test_every_figure_is_written_with_its_caption(written, frames):
    names = figure_names(frames.study)
    captions = json.loads((written / "captions.json").read_text(encoding="utf-8"))
    assert list(captions) == names
    assert all(texts.keys() == {"title", "caption"} for texts in captions.values())
    kinds = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG", "csv": b"", "parquet": b"PAR1"}
    files = {"captions.json", *(f"{n}.{kind}" for n in names for kind in kinds)}
    assert {path.name for path in written.iterdir()} == {"SHA256SUMS", *files}
    assert {
        line.split()[1]
        for line in (written / "SHA256SUMS").read_text(encoding="utf-8").splitlines()[1:]
    } == files
    assert all(
        (written / f"{n}.{kind}").read_bytes().startswith(start)
        for n in names
        for kind, start in kinds.items()
    )


def test_the_tables_beside_a_figure_hold_every_point_exactly(written, frames):
    drawn = view_of("profile-start")(frames).frame
    for table in (
        pd.read_csv(written / "profile-start.csv"),
        pd.read_parquet(written / "profile-start.parquet"),
    ):
        assert list(table.columns) == [
            name for name in drawn if name not in (*CHECKS, "band_low", "band_high")
        ]
        for name in ("x", "value", "low", "high", "n_alive"):
            assert np.array_equal(table[name], drawn[name], equal_nan=True)
        assert list(table["activation"]) == list(drawn["activation"])


def test_one_figure_is_drawn_anew_and_the_others_stay(written):
    before = {path.name: path.read_bytes() for path in written.iterdir()}
    (written / "accounting.svg").write_bytes(b"")
    (written / "accuracy-depth.svg").write_bytes(b"mine")
    write_figures(written.parent, ["accounting"])
    assert (written / "accuracy-depth.svg").read_bytes() == b"mine"
    (written / "accuracy-depth.svg").write_bytes(before["accuracy-depth.svg"])
    assert {path.name: path.read_bytes() for path in written.iterdir()} == before


def test_an_unknown_figure_is_told_with_those_there_are(folder):
    with pytest.raises(
        UserError,
        match=r"has no figure acuracy-depth; its figures are accounting, .*accuracy-depth",
    ):
        write_figures(folder, ["acuracy-depth"])


def test_svg_has_text_as_text_and_no_date(written):
    content = (written / "profile-start.svg").read_text(encoding="utf-8")
    texts = {
        "".join(node.itertext()).strip()
        for node in ElementTree.fromstring(content).iter("{http://www.w3.org/2000/svg}text")
    }
    assert {
        "tanh",
        "ReLU",
        "Xavier",
        "He",
        "layer (1 is nearest the input, the last is the output)",
    } <= texts
    assert not re.search(r"\d{4}-\d\d-\d\d|matplotlib v", content, flags=re.IGNORECASE)


@pytest.mark.parametrize("name", figure_names(study()))
def test_a_figure_without_estimates_says_why(name):
    content = svg(picture(name, view_of(name)(made_frames()))).decode()
    assert "Not drawn: " in content


@pytest.mark.parametrize("name", ["decay-epochs", "accounting", "l1-epochs"])
def test_equal_estimates_give_equal_bytes_in_any_order_of_rows(frames, name):
    tables = (
        "runs",
        "outcomes",
        "estimates",
        "trajectories",
        "profiles",
        "contrasts",
        "linearity",
        "limits",
        "variances",
        "overlays",
    )
    shuffled = replace(
        frames, **{t: getattr(frames, t).sample(frac=1, random_state=1) for t in tables}
    )
    first, second = (picture(name, view_of(name)(f)) for f in (frames, shuffled))
    assert svg(first) == svg(second)
    assert png(first) == png(second)
    assert pdf(first) == pdf(second)


def drawn_lines(figure):
    """Vertical positions of every line in the panels."""
    return np.concatenate([line.get_ydata() for axes in figure.axes for line in axes.lines])


@pytest.mark.parametrize(
    "name",
    ["profile-start", "profile-end", "level-epochs", "accuracy-depth"],
)
def test_lines_are_the_estimates_and_nothing_else_against_the_table(frames, name):
    view = view_of(name)(frames)
    marks = {level for axis in view.axes.values() for level in axis.marks.values()}
    drawn = [y for y in drawn_lines(picture(name, view)) if y not in marks and np.isfinite(y)]
    told = np.concatenate(
        [view.frame[column].dropna() for column in ("value", "predicted") if column in view.frame]
    )
    assert sorted(drawn) == sorted(y for y in told if y not in marks)


def test_bands_are_the_intervals_against_the_table(frames):
    view = view_of("decay-epochs")(frames)
    figure = picture("decay-epochs", view)
    corners = {
        y
        for axes in figure.axes
        for band in axes.collections
        for path in band.get_paths()
        for y in path.vertices[:, 1]
    }
    assert set(view.frame["low"]) | set(view.frame["high"]) <= corners


@pytest.mark.parametrize("name", ["profile-start", "decay-epochs"])
def test_outer_bands_are_the_simultaneous_ones_against_the_table(frames, name):
    view = view_of(name)(frames)
    made = view.frame[view.frame["outer_low"].notna()]
    assert len(made)
    figure = picture(name, view)
    corners = {
        y
        for axes in figure.axes
        for band in axes.collections
        for path in band.get_paths()
        for y in path.vertices[:, 1]
    }
    assert set(made["outer_low"]) | set(made["outer_high"]) <= corners
    assert (made["outer_low"] <= made["value"]).all()
    assert set(made["outer_low"]) == set(made["band_low"])
    assert "at all points of a line at once" in caption_text(name, view)


def test_levels_are_first_and_output_layer_against_the_table(frames):
    shown = view_of("level-epochs")(frames).frame
    layers = shown.groupby("quantity")["layer"].unique().map(list).to_dict()
    assert layers == {"first": [1], "output": [6]}
    assert set(shown["depth"]) == {5}


def test_shares_account_for_every_run_against_the_table(frames):
    shown = view_of("accounting")(frames).frame
    assert shown["runs"].sum() == len(frames.runs)
    assert np.allclose(
        shown.groupby(["depth", "activation", "initializer", "optimizer"], observed=True)[
            "value"
        ].sum(),
        1,
    )


def test_runs_without_an_outcome_are_missing_by_hand():
    frames = made_frames(
        outcomes=[{"status": "learned"}, {"seed": 1, "status": None}], missing=[{"seed": 2}]
    )
    assert counted(frames, ["activation"]).to_dict("records") == [
        {
            "activation": "tanh",
            "learned": 1,
            "not learned": 0,
            "dead": 0,
            "diverged": 0,
            "missing": 2,
        }
    ]


def test_any_level_names_can_be_drawn():
    named = {"activation": "_a$b$ & <i>", "initializer": "$\\frac$", "optimizer": "_"}
    factors = study()["factors"] | {factor: {name: {}} for factor, name in named.items()}
    frames = made_frames(
        profiles=[{"quantity": "g_rms", "value": 0.5, **named}],
        resolved=study() | {"factors": factors},
    )
    content = svg(picture("profile-start", view_of("profile-start")(frames))).decode()
    assert "_a$b$ &amp; &lt;i&gt;" in content
    assert "$\\frac$" in content


def test_a_study_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UserError, match=r"runs\.parquet is missing"):
        write_figures(tmp_path)


def test_nearest_by_hand():
    assert nearest([5, 10, 20], range(1, 21)) == [5, 10, 20]
    assert nearest([5, 10, 20], [4, 6, 12]) == [4, 12]
    assert nearest([5], []) == []


def test_widths_lead_down_when_they_do_not_fit_by_hand():
    frame = pd.DataFrame(
        [{"width": w, "initializer": i, "value": 1.0} for w in range(3) for i in "abc"]
    )
    view = View(frame, {}, DEPTH, down=("optimizer",))
    assert (laid_out(view).across, laid_out(view).down) == (
        ("initializer",),
        ("width", "optimizer"),
    )
    assert laid_out(replace(view, frame=frame[frame["width"] < 2])).across == (
        "width",
        "initializer",
    )


@pytest.mark.parametrize("kind", ["svg", "pdf", "png"])
def test_pictures_against_matplotlib(kind, frames):
    metadata = {"svg": ("Date",), "pdf": ("CreationDate",), "png": ("Software",)}[kind]
    figure = picture("profile-end", view_of("profile-end")(frames))
    with mpl.rc_context(dict(rc())), BytesIO() as file:
        figure.savefig(file, format=kind, dpi=DPI, metadata=dict.fromkeys(metadata))
        assert saved(figure, kind, dict.fromkeys(metadata)) == file.getvalue()


def test_of_very_many_levels_some_make_panels_by_hand():
    widths = [2 * w for w in range(1, 16)]
    frame = pd.DataFrame(
        [{"width": w, "initializer": i, "value": 1.0} for w in widths for i in "abc"]
    )
    some = thinned(View(frame, {}, DEPTH, "Epoch 0."))
    assert list(some.frame["width"].unique()) == [2, 6, 10, 14, 18, 22, 26, 30]
    assert set(some.frame["initializer"]) == set("abc")
    assert (
        some.note == "Epoch 0. Shown are 8 of 15 levels of width: 2, 6, 10, 14, 18, 22, 26 and 30."
    )
    few = View(frame[frame["width"] <= 16], {}, DEPTH)
    assert thinned(few) is few


def test_wide_intervals_do_not_stretch_an_axis_by_hand():
    points = pd.DataFrame({"value": [1.0, 2.0], "low": [0.5, -1e9], "high": [1.5, 1e9]})
    low, high = vertical_limits(points, Axis("y"))
    assert (low, high) == pytest.approx((0.5 - 0.12, 2.5 + 0.12))


def test_a_logarithmic_axis_leaves_zeros_out_by_hand():
    points = pd.DataFrame({"value": [0.0, 1.0, 100.0], "low": [np.nan] * 3, "high": [np.nan] * 3})
    assert vertical_limits(points, Axis("y", "log")) == pytest.approx((100**-0.06, 100**1.06))


def test_an_axis_without_values_or_with_huge_ones_is_finite():
    for values in ([np.nan], [1e-300, 1e300]):
        points = pd.DataFrame({"value": values, "low": values, "high": values})
        assert np.isfinite(vertical_limits(points, Axis("y", "log"))).all()


def test_horizontal_limits_by_hand():
    points = pd.DataFrame({"x": [0, 10]})
    assert horizontal_limits(points, DEPTH) == (-0.5, 10.5)
    assert horizontal_limits(points, EPOCH) == (-0.3, 13.0)


def test_isolated_by_hand():
    values = pd.Series([1.0, np.nan, 2.0, 3.0, np.nan, 4.0])
    assert list(values[isolated(values)]) == [1.0, 4.0]


def test_looks_repeat_when_levels_outnumber_them():
    looks = keyed([str(n) for n in range(len(COLOURS) + 1)], COLOURS)
    assert looks["0"] == looks[str(len(COLOURS))] != looks["1"]


def test_levels_whose_names_differ_in_case_alone_look_different():
    looks = keyed(["ReLU", "relu", "tanh"], COLOURS)
    assert len(set(looks.values())) == 3
    assert looks["ReLU"] == keyed(["ReLU"], COLOURS)["ReLU"]
