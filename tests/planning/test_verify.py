"""Every byte of every table and manifest."""

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from vgstudy.errors import UserError
from vgstudy.planning.verify import file_problems
from vgstudy.schema import arrow_schema
from vgstudy.store.parquet import write_table


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
    assert f"`rm {tables['probes']}`, then `snakemake" in wrong[tables["probes"]]


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
