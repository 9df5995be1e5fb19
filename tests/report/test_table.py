"""Tables of texts."""

import pandas as pd

from vgstudy.report.table import ESTIMATE, column_table, cross_table


def test_a_missing_combination_is_a_dash_by_hand():
    rows = [("5", "tanh", "a"), ("25", "ReLU", "b")]
    table = cross_table(
        "t",
        pd.DataFrame(rows, columns=["width", "activation", "text"]),
        ("width",),
        "activation",
        lambda row: row["text"],
    )
    assert table.head == ("width", "ReLU", "tanh")
    assert table.rows == (("25", "b", "–"), ("5", "–", "a"))


def test_columns_of_a_frame_by_hand():
    frame = pd.DataFrame(
        [{"value": 1.5, "low": 1.0, "high": 2.0, "n_alive": 3, "p": None, "kind": "t"}]
    )
    table = column_table("Caption", frame, (ESTIMATE, "n_alive", "p", "kind"))
    assert table.head == (ESTIMATE, "n alive", "p", "kind")
    assert table.rows == (("1.5 [1.0, 2.0]", "3", "–", "t"),)
