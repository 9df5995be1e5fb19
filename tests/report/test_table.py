"""Tables of texts."""

import pandas as pd

from vgstudy.report.table import ESTIMATE, column_table, setting


def test_columns_of_a_frame_by_hand():
    frame = pd.DataFrame(
        [{"value": 1.5, "low": 1.0, "high": 2.0, "n_alive": 3, "p": None, "kind": "d_delta"}]
    )
    table = column_table("Caption", frame, (ESTIMATE, "n_alive", "p", "kind"))
    assert table.head == (ESTIMATE, "n alive", "p", "kind")
    assert table.rows == (("1.5 [1.0, 2.0]", "3", "–", "decay factor of δ"),)


def test_setting_by_hand():
    row = {"activation": "tanh", "initializer": "He", "optimizer": "SGD", "depth": 3, "width": 5}
    row |= {"rate_factor": 1.0, "remedy": "none"}
    assert setting(row) == "tanh, He, SGD, depth 3, 5 wide"
    other = row | {"rate_factor": 0.3, "remedy": "skip"}
    assert setting(other) == "tanh, He, SGD, rate × 0.3, skip, depth 3, 5 wide"
    assert setting(row, ("width", "activation")) == "tanh, 5 wide"
