"""The explorer's data hold the tables' estimates, rounded, and its looks are the figures'."""

import gzip
import json
from base64 import b64decode

import numpy as np
import pandas as pd
import pytest

from synthetic import made_frames, study
from vgstudy.figures.frames import read_frames
from vgstudy.figures.style import COLOURS
from vgstudy.report.explorer import explorer, first_choice, level_looks, quantity_data, rounded
from vgstudy.schema import FACTORS

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
    return made_frames(
        decays, levels, trajectories=accuracies, outcomes=ends, resolved=study(**ONE)
    )


def unpacked(made):
    return json.loads(gzip.decompress(b64decode(made["data"])))


def test_data_by_hand(frames):
    data = unpacked(explorer(frames))
    factors = [name for name in FACTORS if name != "depth"]
    assert data["cells"] == {"depth": [0, 1], **{name: [0, 0] for name in factors}}
    assert (data["seeds"], data["epochs"]) == ([2, 2], [0, 5, 20])
    decay = data["quantities"]["d_g"]
    assert decay["value"] == [[None] * 3, [None, 0.25, None]]
    assert decay["up"][1][1] == pytest.approx(np.log(2), abs=0.005)
    assert decay["alive"][1][1] == 2
    assert "down" not in decay
    level = data["quantities"]["g_rms"]  # 3 layers at 3 epochs, then 6
    assert level["value"] == [[*[None] * 8, 3], [None] * 18]
    assert data["quantities"]["test_accuracy"]["value"] == [[None, None, 0.75], [None] * 3]


def test_entries_are_those_of_the_table_against_itself(reported):
    frames = read_frames(reported / "made")
    data = unpacked(explorer(frames))
    rows = frames.profiles.query("quantity == 'delta_rms'").dropna(subset="value")
    cells = list(frames.runs.drop_duplicates("cell").sort_values(list(data["cells"]))["cell"])
    level = data["quantities"]["delta_rms"]
    assert sum(value is not None for cell in level["value"] for value in cell) == len(rows)
    for row in rows.sample(50, random_state=1).itertuples():
        cell, depth = cells.index(row.cell), int(row.depth)
        place = data["epochs"].index(row.epoch) * (depth + 1) + row.layer - 1
        assert level["value"][cell][place] == pytest.approx(row.value, rel=5e-3)
        if not np.isnan(row.high):
            assert level["up"][cell][place] == pytest.approx(np.log(row.high / row.value), rel=0.05)


def test_ends_of_intervals_by_hand():
    rows = {"value": [0.5, 0.0], "low": [0.4, 0.0], "high": [0.8, None], "n_alive": [9, 3]}
    frame = pd.DataFrame({**rows, "place": [1, 2]})
    data = quantity_data(frame, np.array([1, 2]), geometric=False)
    assert data["value"] == [[None], [0.5, 0]]
    assert data["up"] == [[None], [0.3, None]]
    assert data["down"] == [[None], [0.1, 0]]
    assert data["alive"] == [[None], [9, 3]]


def test_rounded_by_hand():
    numbers = np.array([0, np.nan, np.inf, 1.2345e-9, 123.45, -0.5])
    assert rounded(numbers, 3) == [0, None, None, 1.23e-9, 123, -0.5]


def test_looks_are_those_of_the_figures():
    levels = {
        "activation": ["tanh", "ReLU"],
        "initializer": ["Xavier", "He"],
        "optimizer": ["SGD"],
        "width": ["5", "25"],
    }
    looks = level_looks(levels)
    assert [look["colour"] for look in looks["activation"]] == list(COLOURS[:2])
    assert [look["dash"] for look in looks["initializer"]] == ["none", "8 3.2"]
    assert [look["weight"] for look in looks["width"]] == [1.2, 2.8]


def test_first_choice_is_a_cell_that_exists_by_hand():
    cells = {
        "depth": [0, 1, 1, 1],
        "width": [0, 0, 1, 1],
        "activation": [0, 0, 1, 1],
        "initializer": [0, 0, 2, 1],
        "optimizer": [0, 0, 1, 1],
    }
    assert first_choice(cells, [2, 10]) == {
        "activation": [0, 1],
        "initializer": [1],
        "optimizer": [1],
        "width": [1],
        "depth": 1,
    }
