import errno
import os
import platform
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vgstudy.errors import UserError
from vgstudy.schema import TABLES, arrow_schema
from vgstudy.store import columns, parquet
from vgstudy.store.columns import conform, schema_version
from vgstudy.store.parquet import open_writer, read_footer, read_table, write_table

ROWS = {
    "cell": np.array(["a", "b"]),
    "seed": [0, 1],
    "epoch": np.array([0, 500], dtype=np.int32),
    "step": [0, 8000],
    "train_loss": np.array([0.5, np.nan]),
    "train_accuracy": np.ma.array([0.1, 0.2], mask=[True, False]),
    "test_loss": [None, None],
    "test_accuracy": [1, 0],
    "probe_loss": [None, 0.5],
    "probe_accuracy": [None, 0.5],
    "w_l1_layers": [None, [1.0, 2.0]],
    "finite": [True, False],
}


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    path = tmp_path / "curves" / "job.parquet"
    write_table("curves", ROWS, path, {"job": "job"})
    return path


def test_a_table_comes_back_as_it_went_by_hand(curves):
    table = read_table("curves", curves)
    expected = arrow_schema("curves")
    assert table.schema.equals(expected)
    assert [field.metadata for field in table.schema] == [field.metadata for field in expected]
    assert table["cell"].to_pylist() == ["a", "b"]
    assert table["train_loss"].null_count == 0
    assert np.isnan(table["train_loss"][1].as_py())
    assert table["train_accuracy"].to_pylist() == [None, np.float32(0.2)]
    assert table["test_loss"].to_pylist() == [None, None]
    assert table["test_accuracy"].to_pylist() == [1.0, 0.0]
    assert table["w_l1_layers"].to_pylist() == [None, [1.0, 2.0]]
    assert table["finite"].to_pylist() == [True, False]


def test_row_groups_with_different_labels_come_back_by_hand(tmp_path):
    path = tmp_path / "curves.parquet"
    with open_writer("curves", path, {}) as writer:
        writer.write(ROWS)
        writer.write(pa.table({**ROWS, "cell": pa.array(["c", "a"]).dictionary_encode()}))
    assert pq.read_metadata(path).num_row_groups == 2
    assert read_table("curves", path)["cell"].to_pylist() == ["a", "b", "c", "a"]
    assert read_table("curves", path, ["seed"], [("epoch", "==", 500)])["seed"].to_pylist() == [
        1,
        1,
    ]
    assert read_table("curves", path, ("seed",), [("cell", "in", ["c"])])["seed"].to_pylist() == [0]
    assert read_footer(path)["rows"] == 4


def test_the_footer_says_what_made_the_file(curves):
    footer = read_footer(curves)
    assert footer["job"] == "job"
    assert footer["table"] == "curves"
    assert footer["rows"] == 2
    assert footer["provenance"]["packages"]["pyarrow"] == pa.__version__
    assert footer["provenance"]["python"] == platform.python_version()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"extra": [1, 2]}, "extra"),
        ({"seed": [0.5, 1.0]}, "curves.seed"),
        ({"seed": [0, 2**40]}, "curves.seed"),
        ({"train_loss": ["a half", "0.6"]}, "curves.train_loss"),
    ],
)
def test_columns_that_do_not_fit_are_errors(change, named):
    with pytest.raises(ValueError, match=named):
        conform("curves", {**ROWS, **change})


@pytest.mark.parametrize("column", list(ROWS))
def test_a_missing_column_is_an_error(column):
    with pytest.raises(ValueError, match=rf"missing columns \['{column}'\]"):
        conform("curves", {name: values for name, values in ROWS.items() if name != column})


def test_an_exception_while_writing_leaves_nothing_and_keeps_the_old_file(curves):
    before = curves.read_bytes()

    def fail() -> None:
        with open_writer("curves", curves, {}) as writer:
            writer.write(ROWS)
            writer.write({})

    with pytest.raises(ValueError, match="missing columns"):
        fail()
    assert os.listdir(curves.parent) == [curves.name]
    assert curves.read_bytes() == before


def test_every_truncation_is_named_with_the_command_that_rebuilds(curves):
    whole = curves.read_bytes()
    for size in {0, 1, 7, *range(8, len(whole), 97), len(whole) - 1}:
        curves.write_bytes(whole[:size])
        with pytest.raises(UserError) as error:
            read_table("curves", curves)
        message = str(error.value)
        assert message.startswith(f"{curves} is truncated or damaged (")
        assert message.endswith(
            f"rebuild it: `rm {curves}`, then `snakemake --cores 2 "
            f"--config studies={curves.parent.parent.name} -- {curves}`"
        )
        assert "\n" not in message


def test_a_flipped_bit_is_an_error_or_changes_no_value(curves):
    """Checksums cover pages; headers and the footer must be readable, and of the right schema."""
    whole, expected = curves.read_bytes(), repr(read_table("curves", curves).to_pydict())
    outcomes = Counter()
    for at in range(0, len(whole), 3):
        curves.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        try:
            outcomes[repr(read_table("curves", curves).to_pydict()) == expected] += 1
        except UserError:
            outcomes["error"] += 1
    assert outcomes[False] == 0
    assert outcomes["error"] > len(whole) / 12


def test_a_flipped_bit_in_any_page_is_an_error(tmp_path):
    path = tmp_path / "curves.parquet"
    write_table("curves", pa.concat_tables([conform("curves", ROWS)] * 500), path, {})
    whole, column = path.read_bytes(), pq.read_metadata(path).row_group(0).column(2)
    end = column.dictionary_page_offset or column.data_page_offset
    at = end + column.total_compressed_size - 3
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(UserError, match=f"^{path} is truncated or damaged .*; rebuild it: `rm "):
        read_table("curves", path)


def test_another_number_of_rows_than_the_footer_states_is_an_error(curves, monkeypatch):
    monkeypatch.setattr(
        parquet, "_footer", lambda writer: {"table": "curves", "schema": "", "rows": 3}
    )
    write_table("curves", ROWS, curves, {})
    with pytest.raises(UserError, match="its footer states another number of rows"):
        read_footer(curves)


def test_the_file_of_another_job_is_named(curves):
    copy = curves.with_name("other.parquet")
    shutil.copy(curves, copy)
    with pytest.raises(
        UserError, match=f"^{copy} is a copy of the file of job job; rebuild it: `rm {copy}`"
    ):
        read_table("curves", copy)


def test_a_table_of_another_design_is_named(tmp_path):
    path = tmp_path / "curves.parquet"
    write_table("curves", ROWS, path, {"digest": "mine"})
    assert read_table("curves", path, digest="mine").num_rows == 2
    with pytest.raises(
        UserError, match=f"^{path} was made for another design than that of {tmp_path}/runs.parquet"
    ):
        read_table("curves", path, digest="another")


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "mine" / "runs.parquet"
    path.parent.mkdir()
    with pytest.raises(
        UserError,
        match=f"is missing; make it: `snakemake --cores 2 --config studies=mine -- {path}`",
    ):
        read_footer(path)


def test_a_missing_study_is_named_with_those_that_exist(tmp_path):
    for study in ("two", "one"):
        write_table("curves", ROWS, tmp_path / study / "runs.parquet", {})
    for folder in (tmp_path, tmp_path / "nope"):
        with pytest.raises(
            UserError,
            match=rf"^{folder} does not hold a study's results; name one of .*/one, .*/two$",
        ):
            read_footer(folder / "runs.parquet")


def test_a_path_not_named_like_a_table_is_never_to_be_removed(tmp_path):
    for name, text in (("README.md", "words"), ("no.parquet", None)):
        path = tmp_path / name
        if text:
            path.write_text(text)
        with pytest.raises(UserError, match="it is not named like a table") as error:
            read_footer(path)
        assert "rm " not in str(error.value)


def test_a_foreign_file_is_named(tmp_path):
    path = tmp_path / "foreign file.parquet"
    pq.write_table(pa.table({"seed": [1]}), path)
    with pytest.raises(UserError, match="was not written by vgstudy; it is not named like a table"):
        read_table("curves", path)


def test_another_table_is_named(curves):
    with pytest.raises(
        UserError, match="holds the table curves, where probes belong; name the right file"
    ):
        read_table("probes", curves)


def test_a_file_of_an_older_schema_is_named(curves, monkeypatch):
    older = pa.schema([*arrow_schema("curves"), pa.field("later", pa.int32())])
    monkeypatch.setattr(columns, "arrow_schema", lambda name: older)
    with pytest.raises(
        UserError, match="was written by another version of vgstudy, with other columns"
    ):
        parquet.read_table("curves", curves)


def test_a_table_of_another_stage_is_named(tmp_path, monkeypatch):
    path = tmp_path / "mine/claims.parquet"
    rows = pa.Table.from_pylist([], schema=arrow_schema("claims"))
    with monkeypatch.context() as patch:
        patch.setattr(parquet, "STAGES", {"claims": 0})
        write_table("claims", rows, path, {})
    with pytest.raises(UserError, match="was written by another version of `vgstudy claims`; rebu"):
        read_table("claims", path)


@pytest.mark.parametrize(("number", "reason"), [("EACCES", "permission denied"), ("EIO", "input/")])
def test_a_file_that_cannot_be_read_is_not_called_damaged(curves, monkeypatch, number, reason):
    def refuse(path, *_, **__):
        code = getattr(errno, number)
        raise OSError(code, os.strerror(code), str(path))

    monkeypatch.setattr(pq, "read_metadata", refuse)
    message = rf"curves/job.parquet cannot be read: {reason}.*; fix that and start again"
    with pytest.raises(UserError, match=message):
        read_table("curves", curves)


def test_lack_of_memory_is_not_called_damage(curves, monkeypatch):
    def refuse(*_, **__):
        raise pa.ArrowMemoryError

    monkeypatch.setattr(pq, "read_table", refuse)
    with pytest.raises(MemoryError):
        read_table("curves", curves)


def test_the_schema_version_depends_on_names_order_and_types(monkeypatch):
    fields = list(arrow_schema("curves"))
    changed = [
        fields[::-1],
        fields[1:],
        [fields[0].with_name("x"), *fields[1:]],
        [fields[0].with_type(pa.int8()), *fields[1:]],
    ]
    versions = {schema_version(name) for name in TABLES}
    for some in changed:
        monkeypatch.setattr(columns, "arrow_schema", lambda name, some=some: pa.schema(some))
        versions.add(schema_version("curves"))
    assert len(versions) == len(TABLES) + len(changed)
