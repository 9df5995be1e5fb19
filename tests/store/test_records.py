"""The validation tables that the package keeps."""

import pytest

from vgstudy.stages import STAGES
from vgstudy.store.records import instruction_set, read_record, write_record
from vgstudy.validation.__main__ import TABLES, main


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_of_the_code_of_today(name):
    """A change of the code behind a table raises its stage's number, see `tests/test_stages.py`."""
    made = read_record(name).provenance["stage"]
    assert made == STAGES[name], f"run: make validate (python -m vgstudy.validation {name})"


def test_a_table_is_read_as_it_was_written(tmp_path):
    rows = [
        {"text": "a, b", "count": 3, "share": 1 / 3, "agrees": True, "note": None},
        {"text": '"c"', "count": 4, "share": None, "agrees": None, "note": "why"},
    ]
    write_record("coverage", rows, tmp_path, repetitions=7)
    write_record("published", rows[:1], tmp_path)
    record = read_record("coverage", tmp_path)
    assert record.rows == rows
    assert (record.provenance["stage"], record.provenance["repetitions"]) == (STAGES["coverage"], 7)
    assert record.provenance["packages"].keys() >= {"vgstudy", "numpy", "scipy"}
    assert record.provenance["instructions"] == instruction_set()
    assert read_record("published", tmp_path).rows == rows[:1]


def test_an_unknown_table_is_named():
    with pytest.raises(SystemExit, match="unknown table 'covrage'; the validation tables are cov"):
        main(["coverage", "covrage"])


def test_a_table_of_a_study_that_was_not_run_is_left_alone(tmp_path, monkeypatch, capsys):
    before = read_record("rates")
    monkeypatch.chdir(tmp_path)
    main(["rates", "fair"])
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("rates: not written: results/rates/")
    assert second.startswith("fair: not written: results/fair/")
    assert read_record("rates") == before
