"""Every byte of every table and manifest."""

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from vgstudy.errors import UserError
from vgstudy.planning.verify import file_problems, without_checksum
from vgstudy.schema import arrow_schema
from vgstudy.store import parquet
from vgstudy.store.checksums import checksum
from vgstudy.store.parquet import CHECKSUM_KEY, write_table


def write_empty(name: str, path: Path, **footer: object) -> Path:
    write_table(name, pa.Table.from_pylist([], schema=arrow_schema(name)), path, footer)
    return path


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, Path]:
    """One table of each scope, all in order."""
    study = tmp_path / "results/mine"
    return {
        "claims": write_empty("claims", tmp_path / "results/claims.parquet"),
        "runs": write_empty("runs", study / "runs.parquet", digest="one"),
        "limits": write_empty("limits", study / "limits.parquet", digest="one"),
        "probes": write_empty("probes", study / "probes/0123.parquet", job="0123"),
    }


def test_whole_tables_have_no_problem(tables: dict[str, Path], tmp_path: Path) -> None:
    assert file_problems(tmp_path / "results") == dict.fromkeys(sorted(tables.values()), "")
    of_study = [tables["limits"], tables["probes"], tables["runs"]]
    assert file_problems(tmp_path / "results/mine") == dict.fromkeys(of_study, "")


def test_every_wrong_table_is_named_with_its_remedy(
    tables: dict[str, Path], tmp_path: Path
) -> None:
    write_empty("limits", tables["limits"], digest="another")
    tables["probes"].write_bytes(tables["probes"].read_bytes()[:-9])
    copy = shutil.copy(tables["probes"], tables["probes"].with_name("4567.parquet"))
    shutil.copy(tables["runs"], tables["claims"])
    problems = file_problems(tmp_path / "results")
    wrong = {path: problem for path, problem in problems.items() if problem}
    assert wrong.keys() == {tables["claims"], tables["limits"], tables["probes"], copy}
    assert all(problem.startswith(str(path)) for path, problem in wrong.items())
    manifest = tmp_path / "results/mine/jobs/0123.json"
    manifest.parent.mkdir()
    manifest.write_text("{}")
    assert f"run `rm {manifest}`" in file_problems(tmp_path / "results/mine")[manifest]
    assert "was made for another design" in wrong[tables["limits"]]
    holds = f"{tables['claims']} holds the table runs, where claims belong; rebuild it: `rm "
    assert wrong[tables["claims"]].startswith(holds)
    assert f"`rm {tables['probes']}`, then `snakemake" in wrong[tables["probes"]]


def test_a_flipped_bit_anywhere_is_named(tmp_path: Path) -> None:
    """Every bit of the first page's header and of the checksums; one in each fifty other bytes."""
    path = tmp_path / "results/mine/variances.parquet"
    row = {field.name: None for field in arrow_schema("variances")} | {"quantity": "log d_g"}
    rows = pa.Table.from_pylist([row] * 3, schema=arrow_schema("variances"))
    write_table("variances", rows, path, {})
    whole = path.read_bytes()
    entry = whole.index(CHECKSUM_KEY) + len(CHECKSUM_KEY)
    every_bit = [*range(4, 30), *range(entry, entry + 20)]
    places = [(at, bit) for at in every_bit for bit in range(8)]
    for at, bit in places + [(at, at % 8) for at in range(0, len(whole), 50)]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
        assert f"rm {path}" in file_problems(path.parent)[path], (at, bit)


def test_an_older_table_without_a_checksum_of_the_file_is_no_problem(
    tables: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "unset_entry", checksum)
    monkeypatch.setattr(parquet, "set_file_checksum", lambda file, entry: None)
    write_empty("limits", tables["limits"], digest="one")
    problems = file_problems(tmp_path / "results")
    assert not any(problems.values())
    assert without_checksum(problems) == [tables["limits"]]


def test_tables_of_a_study_without_a_readable_design_are_still_read(
    tables: dict[str, Path], tmp_path: Path
) -> None:
    tables["runs"].write_bytes(b"")
    problems = file_problems(tmp_path / "results")
    assert [path for path, problem in problems.items() if problem] == [tables["runs"]]


def test_a_folder_without_tables_is_an_error(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError, match="holds no table; name a folder of results"):
            file_problems(folder)
