"""The explorer's arrays hold the tables' estimates, short but not wrong, and its charts look like
the figures."""

import numpy as np
import pytest

from made_frames import made_frames
from synthetic import study
from vgstudy.figures.style import COLOURS
from vgstudy.report.arrays import (
    MISSING,
    POSITIVE,
    STEPS,
    ZERO,
    coded,
    coded_parts,
    dense,
    differences,
    packed,
    shuffled,
)
from vgstudy.report.charts import charts
from vgstudy.report.content import content

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
    ends = [
        {"depth": depth, "seed": seed, "status": "learned"} for depth in (2, 5) for seed in (0, 1)
    ]
    decays = [
        {
            "quantity": "d_g",
            "depth": 5,
            "epoch": 5,
            "value": 0.25,
            "low": 0.125,
            "high": 0.5,
            "n_alive": 2,
        }
    ]
    levels = [
        {
            "quantity": "g_rms",
            "depth": 2,
            "epoch": 20,
            "layer": 3,
            "value": 3.0,
            "low": 1.0,
            "high": 9.0,
        }
    ]
    accuracies = [{"quantity": "test_accuracy", "depth": 2, "epoch": 20, "value": 0.75}]
    return made_frames(decays, levels, accuracies, outcomes=ends, resolved=study(**ONE))


def unpacked(index, content):
    """Value, low, high and n_alive as the page reads them, by quantity; axes (one of these, cell,
    epoch[, layer])."""
    shapes = {
        name: (len(index["seeds"]), len(index["epochs"]), *[index["layers"]] * layered)
        for name, layered, _ in index["quantities"]
    }
    total = sum(map(np.prod, shapes.values()))
    states = np.frombuffer(content, np.uint8, 3 * total)
    folded = (
        np.frombuffer(content, np.uint8, offset=3 * total)
        .reshape(4, -1)
        .T.copy()
        .view("<u4")
        .ravel()
    )
    codes = (folded >> 1).astype(np.int64) * np.where(folded % 2, -1, 1) - folded % 2
    arrays, start = {}, 0
    for name, _, ratios in index["quantities"]:
        size = int(np.prod(shapes[name]))
        known = states[3 * start : 3 * (start + size)].reshape(3, *shapes[name])
        steps = codes[4 * start : 4 * (start + size)].reshape(4, *shapes[name])
        for axis in range(2, steps.ndim):
            steps = steps.cumsum(axis)
        start += size
        below = steps[2] + np.where(known[1] == POSITIVE, steps[1], 0)
        logs = (steps[0] * STEPS["value"], steps[1] * STEPS["width"], below * STEPS["width"])
        value, above, below = (
            np.choose(k, [np.nan, 0, np.exp(log)]) for k, log in zip(known, logs, strict=True)
        )
        low, high = (
            (value / np.exp(below), value * np.exp(above))
            if ratios
            else (value - below, value + above)
        )
        arrays[name] = np.stack([value, low, high, steps[3]])
    assert start == total
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
    assert (found.index["seeds"], found.index["epochs"], found.index["layers"]) == (
        [2, 2],
        [0, 5, 20],
        6,
    )
    arrays = unpacked(found.index, found.content)
    assert arrays["d_g"][:, 1, 1] == pytest.approx([0.25, 0.125, 0.5, 2], rel=0.01)
    assert arrays["g_rms"][:, 0, 2, 2] == pytest.approx([3, 1, 9, 10], rel=0.01)
    assert arrays["test_accuracy"][0, 0, 2] == pytest.approx(0.75, rel=0.001)
    filled = {name: int(np.isfinite(array[0]).sum()) for name, array in arrays.items()}
    assert {name: count for name, count in filled.items() if count} == {
        "d_g": 1,
        "g_rms": 1,
        "test_accuracy": 1,
    }


def test_numbers_as_steps_by_hand():
    states, steps = coded(np.array([0, np.nan, np.e, 1.0, np.inf, -1, 1e-200]), 0.5)
    assert states.tolist() == [ZERO, MISSING, POSITIVE, POSITIVE, MISSING, MISSING, POSITIVE]
    assert steps.tolist() == [0, 0, 2, 0, 0, 0, -921]
    assert coded(np.array([7.4, np.nan, np.nan]), 0.5)[1].tolist() == [
        4,
        4,
        4,
    ]  # nothing to tell where nothing is


def test_unpacked_numbers_are_near_the_tables():
    """Any values and intervals: to a thousandth, and the ends to a hundredth of their distance from
    the value."""
    rng = np.random.default_rng(1)
    values = np.exp(rng.normal(0, 20, (7, 3, 5)))
    below, above = np.exp(rng.normal(-2, 1, (2, *values.shape)))
    array = np.stack(
        [values, values * np.exp(-below), values * np.exp(above), rng.integers(0, 99, values.shape)]
    )
    for geometric, original in (
        (True, array),
        (False, np.stack([values, values - below, values + above, array[3]])),
    ):
        states, codes = coded_parts(original, geometric)
        index = {
            "seeds": [1] * 7,
            "epochs": [0, 1, 2],
            "layers": 5,
            "quantities": [["x", True, geometric]],
        }
        found = unpacked(index, states.tobytes() + shuffled(differences(codes)))["x"]
        assert np.allclose(found[0], values, rtol=1 / 1000, atol=0)
        assert not np.allclose(found[0], values, rtol=1e-4, atol=0)
        assert np.array_equal(found[3], original[3])
        if geometric:
            assert np.allclose(np.log(found[2] / found[0]), above, rtol=0.0101, atol=1e-9)
            assert np.allclose(np.log(found[0] / found[1]), below, rtol=0.0101, atol=1e-9)
        else:
            tight = values < 1e3  # or the ends drown in the value's own digits
            assert np.allclose((found[2] - found[0])[tight], above[tight], rtol=0.0101, atol=1e-9)


def test_a_row_outside_the_axes_is_left_out(frames):
    rows = frames.estimates
    axes = {
        "cell": rows["cell"].drop_duplicates().pipe(lambda cells: type(rows.columns)(cells)),
        "epoch": type(rows.columns)([0]),
    }
    assert np.isnan(dense(rows, axes)).all()


def test_charts_have_the_figures_colours_and_no_data():
    levels = {
        "activation": ["tanh", "ReLU"],
        "initializer": ["He"],
        "optimizer": ["SGD"],
        "width": ["5", "25"],
        "depth": ["2"],
    }
    for chart in charts(levels).values():
        assert {
            data["name"]
            for data in (chart.get("data"), *(layer.get("data") for layer in chart["layer"]))
            if data
        } <= {
            "rows",
            "here",
        }
        assert "datasets" not in chart
        scale = chart["layer"][-1]["encoding"]["color"]["scale"]
        assert scale == {"domain": ["tanh", "ReLU"], "range": list(COLOURS[:2])}


def test_first_choice_by_hand(frames):
    first = content(frames).first
    assert first == {
        "activation": [0],
        "initializer": [0],
        "optimizer": [0],
        "width": [0],
        "depth": 1,
    }
