"""Tables of cells and of excluded seeds, by hand and against the tables."""

import pytest

from synthetic import made_frames
from vgstudy.figures.frames import read_frames
from vgstudy.report.robustness import cell_table, robustness_tables, survivors


def test_every_cell_has_a_row_against_the_table(reported):
    frames = read_frames(reported / "made")
    table = cell_table(frames)
    assert len(table.rows) == frames.runs["cell"].nunique()
    row = dict(zip(table.head, table.rows[-1], strict=True))
    levels = {
        "depth": 6,
        "width": 25,
        "activation": "sigmoid",
        "initializer": "He",
        "optimizer": "Adam",
    }
    assert {name: row[name] for name in levels} == {
        name: str(level) for name, level in levels.items()
    }
    one = frames.estimates.query(
        "depth == 6 and width == 25 and activation == 'sigmoid' and initializer == 'He' and "
        "optimizer == 'Adam'"
    )
    value = one.query("quantity == 'd_g' and epoch == 20")["value"].item()
    assert float(row["d of g, end"].split(" ")[0]) == pytest.approx(value, rel=0.02)


def test_survivors_by_hand():
    rows = [
        {"quantity": "p_alive", "value": 0.5, "low": 0.2, "high": 0.8},
        {"quantity": "p_zero_dead", "value": 0.25, "low": 0.1, "high": 0.6},
        {"quantity": "p_zero_underflow", "value": 0.0, "low": 0.0, "high": 0.3},
        {"quantity": "d_delta", "value": 0.9, "low": 0.8, "high": 1.0, "n": 4, "n_alive": 2},
        {"quantity": "p_alive", "value": 1.0, "low": 0.5, "high": 1.0, "width": 25},
        {"quantity": "p_alive", "value": 1.0, "low": 0.5, "high": 1.0, "depth": 5},
    ]
    rows += [
        {"quantity": "p_zero_float32_saturation", "value": 0.6, "low": 0.5, "high": 0.7},
        {
            "quantity": "p_zero_float32_saturation",
            "value": 0.3,
            "low": 0.2,
            "high": 0.4,
            "depth": 5,
        },
        {
            "quantity": "p_zero_float32_saturation",
            "value": 0.0,
            "low": 0.0,
            "high": 0.1,
            "width": 25,
        },
        {"quantity": "p_zero_float32_underflow", "value": 0.0, "low": 0.0, "high": 0.1},
    ]
    table = survivors(made_frames(rows))
    zeros = ("zero: dead", "zero in float32: saturation")
    assert table.head[5:] == (
        "epoch",
        "P(alive)",
        *zeros,
        "seeds",
        "seeds in the decay factor of δ",
    )
    by_depth = {row[0]: row[5:] for row in table.rows}
    assert by_depth == {
        "10": ("0", "0.50 [0.20, 0.80]", "0.25 [0.10, 0.60]", "0.60 [0.50, 0.70]", "4", "2"),
        "5": ("0", "1.00 [0.50, 1.00]", "–", "0.30 [0.20, 0.40]", "–", "–"),
    }


def test_no_table_is_without_rows():
    assert robustness_tables(made_frames()) == ()
