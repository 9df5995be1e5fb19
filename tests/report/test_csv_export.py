"""CSV files hold the tables."""

import csv

import pandas as pd

from vgstudy.report.csv_export import csv_bytes
from vgstudy.schema import EXPORTED
from vgstudy.study_results import load


def test_files_hold_the_tables_against_themselves(reported):
    for table in EXPORTED:
        with (reported / f"made/tables/{table}.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        frame = load(reported, "made").read(table)
        assert len(rows) == len(frame)
        if "value" in frame and rows:
            values = pd.to_numeric(pd.Series([row["value"] for row in rows]))
            assert values.equals(frame["value"].reset_index(drop=True))


def test_lists_are_left_out():
    lists = {"sample": [[1.0, 2.0]], "others": [["A2"]], "others_fail": [[0.5]]}
    frame = pd.DataFrame({"id": ["A1"], **lists})
    assert csv_bytes("claims", frame) == b"id\nA1\n"
