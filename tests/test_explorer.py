"""The explorer's arrays hold the tables' estimates, short but not wrong, and its charts look like the figures."""

import numpy as np
import pytest

from made_frames import made_frames
from synthetic import study
from vgstudy.explorer.arrays import PARTS, dense, packed, short
from vgstudy.explorer.charts import charts
from vgstudy.explorer.content import content
from vgstudy.figures.style import COLOURS

ONE = {
    "depths": (2, 5),
    "widths": (5,),
    "activations": ("tanh",),
    "initializers": ("Xavier",),
    "optimizers": ("SGD",),
    "seeds": range(2),
}


@pytest.fixture(scope="module")
def frames():
    ends = [{"depth": depth, "seed": seed, "status": "learned"} for depth in (2, 5) for seed in (0, 1)]
    decays = [{"quantity": "d_g", "depth": 5, "epoch": 5, "value": 0.25, "low": 0.125, "high": 0.5, "n_alive": 2}]
    levels = [{"quantity": "g_rms", "depth": 2, "epoch": 20, "layer": 3, "value": 3.0, "low": 1.0, "high": 9.0}]
    accuracies = [{"quantity": "test_accuracy", "depth": 2, "epoch": 20, "value": 0.75}]
    return made_frames(decays, levels, accuracies, outcomes=ends, resolved=study(**ONE))


def unpacked(index, content):
    """The arrays as the page reads them, by quantity; axes (part, cell, epoch[, layer])."""
    numbers = np.frombuffer(content, np.uint8).reshape(4, -1).T.copy().view("<f4").ravel()
    shape = (len(PARTS), len(index["seeds"]), len(index["epochs"]))
    arrays = {}
    for name, layered in index["quantities"]:
        axes = (*shape, index["layers"]) if layered else shape
        arrays[name], numbers = numbers[: np.prod(axes)].reshape(axes), numbers[np.prod(axes) :]
    assert not len(numbers)
    return arrays


def test_arrays_by_hand(frames):
    found = packed(frames)
    assert found.index["cells"] == {
        "depth": [0, 1],
        "width": [0, 0],
        "activation": [0, 0],
        "initializer": [0, 0],
        "optimizer": [0, 0],
    }
    assert (found.index["seeds"], found.index["epochs"], found.index["layers"]) == ([2, 2], [0, 5, 20], 6)
    arrays = unpacked(found.index, found.content)
    assert arrays["d_g"][:, 1, 1].tolist() == [0.25, 0.125, 0.5, 2]
    assert arrays["g_rms"][:, 0, 2, 2].tolist() == [3, 1, 9, 10]
    assert arrays["test_accuracy"][0, 0, 2] == 0.75
    filled = {name: int(np.isfinite(array[0]).sum()) for name, array in arrays.items()}
    assert {name: count for name, count in filled.items() if count} == {"d_g": 1, "g_rms": 1, "test_accuracy": 1}


def test_short_numbers_are_near_the_long_ones():
    values = np.exp(np.random.default_rng(1).normal(0, 20, 1000)) * np.resize([1, -1], 1000)
    assert np.allclose(short(values, 9), values, rtol=1 / 1000, atol=0)
    assert not np.allclose(short(values, 9), values, rtol=1e-4, atol=0)
    assert np.array_equal(short(np.array([0, np.nan, 1e99, 1e-99, 1023]), 9), [0, np.nan, np.inf, 0, 1023], equal_nan=True)


def test_a_row_outside_the_axes_is_left_out(frames):
    rows = frames.estimates
    axes = {
        "cell": rows["cell"].drop_duplicates().pipe(lambda cells: type(rows.columns)(cells)),
        "epoch": type(rows.columns)([0]),
    }
    assert np.isnan(dense(rows, axes)).all()


def test_charts_have_the_figures_colours_and_no_data():
    levels = {"activation": ["tanh", "ReLU"], "initializer": ["He"], "optimizer": ["SGD"], "width": ["5", "25"], "depth": ["2"]}
    for chart in charts(levels).values():
        assert {data["name"] for data in (chart.get("data"), *(layer.get("data") for layer in chart["layer"])) if data} <= {
            "rows",
            "here",
        }
        assert "datasets" not in chart
        scale = chart["layer"][-1]["encoding"]["color"]["scale"]
        assert scale == {"domain": ["tanh", "ReLU"], "range": list(COLOURS[:2])}


def test_first_choice_by_hand(frames):
    first = content(frames).first
    assert first == {"activation": [0], "initializer": [0], "optimizer": [0], "width": [0], "depth": 1}
