"""`vgstudy.load`: a study's tables as tidy frames, read when they are asked for."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import vgstudy
from synthetic import SMALL
from vgstudy.errors import UserError
from vgstudy.results import OF_A_STUDY
from vgstudy.schema import FACTORS, TABLES, arrow_schema
from vgstudy.store.parquet import read_footer, read_table, write_table


@pytest.fixture(scope="module")
def folder(synthetic_study: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("results")
    no_figures = shutil.ignore_patterns("figures")
    shutil.copytree(synthetic_study(**SMALL), path / "one", ignore=no_figures)
    digest = read_footer(path / "one/runs.parquet")["digest"]
    write_table(
        "arms", arrow_schema("arms").empty_table(), path / "one/arms.parquet", {"digest": digest}
    )
    return path


@pytest.mark.parametrize("table", OF_A_STUDY)
def test_every_table_has_its_columns_and_the_factors(folder: Path, table: str) -> None:
    frame = getattr(vgstudy.load(folder), table)
    factors = FACTORS if "cell" in TABLES[table].columns else ()
    assert list(frame.columns) == list(dict.fromkeys([*TABLES[table].columns, *factors]))
    assert len(frame) > 0 or table in (
        "limits",
        "variances",
        "contrasts",
        "two_by_two",
        "best_rates",
        "paired",
        "arms",
        "thresholds",
    )


def test_frames_against_the_files_without_runs_that_left_the_design(folder: Path) -> None:
    probes = vgstudy.load(folder).probes
    rows = pd.concat(
        [pq.read_table(path).to_pandas() for path in (folder / "one/probes").iterdir()]
    )
    kept = rows[rows["seed"] != 999]
    assert 999 in set(rows["seed"])
    assert len(probes) == len(kept)
    assert probes["g_rms"].sum() == pytest.approx(kept["g_rms"].sum())
    assert (probes["depth"] >= probes["layer"] - 1).all()


def rewrite_runs(path: Path, jobs: pd.Series | None = None, **footer: object) -> None:
    """Give the runs of a study other jobs, or its table another footer."""
    runs = read_table("runs", path / "runs.parquet").to_pandas()
    rows = runs if jobs is None else runs.assign(job=jobs)
    table = pa.Table.from_pandas(rows, preserve_index=False)
    write_table("runs", table, path / "runs.parquet", read_footer(path / "runs.parquet") | footer)


def test_runs_that_two_jobs_hold_are_read_once(folder: Path, tmp_path: Path) -> None:
    path = shutil.copytree(folder / "one", tmp_path / "one")
    runs = vgstudy.load(folder).runs
    first, seed = runs["job"].iloc[0], runs["seed"].iloc[0]
    probes = read_table("probes", path / f"probes/{first}.parquet")
    write_table("probes", probes, path / "probes/another.parquet", {})
    jobs = runs["job"].mask((runs["job"] == first) & (runs["seed"] == seed), "another")
    assert set(jobs) > {first, "another"}
    rewrite_runs(path, jobs)
    keys = ["cell", "seed", "epoch", "examples", "layer"]
    found, before = (
        vgstudy.load(each).probes.sort_values(keys, ignore_index=True)
        for each in (tmp_path, folder)
    )
    pd.testing.assert_frame_equal(found, before)


def test_a_table_of_another_design_is_refused(folder: Path, tmp_path: Path) -> None:
    rewrite_runs(Path(shutil.copytree(folder / "one", tmp_path / "one")), digest="another")
    results = vgstudy.load(tmp_path)
    assert len(results.runs) == len(vgstudy.load(folder).runs)
    with pytest.raises(UserError, match=r"estimates\.parquet"):
        results.estimates  # noqa: B018


def test_some_rows_and_columns(folder: Path) -> None:
    frame = vgstudy.load(folder).read("decays", ["d_g", "epoch"], epoch=0, seed=[1, 2])
    assert list(frame.columns) == ["cell", "seed", "d_g", "epoch", *FACTORS]
    assert (set(frame["epoch"]), set(frame["seed"])) == ({0}, {1, 2})


def test_nothing_is_read_before_it_is_asked_for_and_then_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    read = vgstudy.results.read_rows
    monkeypatch.setattr(
        vgstudy.results,
        "read_rows",
        lambda folder, name, *rest: seen.append(name) or read(folder, name, *rest),
    )
    results = vgstudy.load(folder, "one")
    assert seen == []
    assert results.estimates is results.estimates
    assert sorted(seen) == ["estimates", "runs"]


def decays(path: Path, **equal: object) -> pd.DataFrame:
    return vgstudy.load(path).read("decays", "d_delta", **equal)


def test_factors_choose_rows_and_one_column_needs_no_list(folder: Path) -> None:
    whole = vgstudy.load(folder).decays
    frame = decays(folder, activation=("tanh", "ReLU"), depth=5, epoch=range(1))
    kept = whole[
        whole["activation"].isin(["tanh", "ReLU"]) & (whole["depth"] == 5) & (whole["epoch"] == 0)
    ]
    assert 0 < len(frame) == len(kept) < len(whole)
    assert sorted(frame["d_delta"].dropna()) == sorted(kept["d_delta"].dropna())
    assert list(frame.columns) == ["cell", "seed", "d_delta", *FACTORS]
    assert len(
        vgstudy.load(folder).read("decays", ["activation", "epoch"], depth=[2, 5, 10])
    ) == len(whole)


REFUSED = {
    "no study": (lambda path: vgstudy.load(path / "one/figures"), "holds no study; run one"),
    "unknown study": (
        lambda path: vgstudy.load(path, "two"),
        "has no study 'two'; name one of one",
    ),
    "no study's name": (
        lambda path: vgstudy.load(path / "one", "two"),
        "is the folder of one study, not of 'two'; name the folder",
    ),
    "a file": (
        lambda path: vgstudy.load(path / "one/runs.parquet"),
        "runs.parquet is a file; name the folder of a study",
    ),
    "no path": (
        lambda path: vgstudy.load(None),
        "must be the path of a folder, such as 'results', not None",
    ),
    "text for a number": (
        lambda path: decays(path, epoch="x"),
        "decays: epoch must be whole numbers, one or a list, not 'x'",
    ),
    "a fraction": (
        lambda path: decays(path, epoch=[0, 1.5]),
        r"epoch must be whole numbers, one or a list, not \[0, 1.5\]",
    ),
    "a boolean": (lambda path: decays(path, seed=True), "seed must be whole numbers"),
    "a huge number": (lambda path: decays(path, seed=2**70), "seed must be whole numbers"),
    "nothing": (
        lambda path: decays(path, epoch=None),
        "epoch must be whole numbers, one or a list, not None",
    ),
    "a number for text": (
        lambda path: decays(path, activation=5),
        "activation must be text, one or a list, not 5",
    ),
    "a list's column": (
        lambda path: vgstudy.load(path).read("probes", g_quantiles=1),
        "g_quantiles must be of type list",
    ),
    "examples": (
        lambda path: decays(path, examples="typo"),
        "no row can have examples='typo'; there are probe set, next mini",
    ),
    "a level": (
        lambda path: decays(path, activation="ReLu"),
        "no row can have activation='ReLu'; there are tanh",
    ),
    "a seed": (lambda path: decays(path, seed=[0, 99]), "no row can have seed=99; there are 0, 1"),
    "unknown table": (
        lambda path: vgstudy.load(path).read("prob"),
        "no table 'prob'; there are runs, decays, outcomes",
    ),
    "unknown column": (
        lambda path: vgstudy.load(path).read("probes", loss=1),
        "table probes has no column 'loss'; it has cell",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_is_one_clear_line(case: str, folder: Path) -> None:
    attempt, message = REFUSED[case]
    with pytest.raises(UserError, match=message):
        attempt(folder)


def test_several_studies_must_be_named(folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).symlink_to(folder / "one")
    with pytest.raises(
        UserError,
        match=r"holds several studies; name one of a, b: by its folder, .*/a, with --study a",
    ):
        vgstudy.load(tmp_path)
    assert len(vgstudy.load(tmp_path, "b").runs) > 0


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'vgstudy' has no attribute 'lod'"):
        vgstudy.lod  # noqa: B018
