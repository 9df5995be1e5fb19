"""`vgstudy.run`: the workflow's numbers without Snakemake."""

from pathlib import Path

import pytest

import vgstudy
from sites import STUDY, content, copy_of_the_workflow
from vgstudy import running
from vgstudy.config import DEFAULTS, yamlfile
from vgstudy.errors import UserError

KEYS = yamlfile.parse(STUDY)


@pytest.fixture
def calls(monkeypatch):
    """The commands that `run` calls, none of which does anything."""
    made = []
    monkeypatch.setattr(running, "_call", made.append)
    return made


@pytest.mark.slow
def test_every_file_against_the_workflow(tmp_path):
    snakemake = copy_of_the_workflow(tmp_path)
    (tmp_path / "config/studies/faults.yaml").write_text(STUDY)
    done = snakemake("--cores", "2", "--config", "studies=faults")
    assert done.returncode == 0, done.stderr
    results = vgstudy.run(KEYS, tmp_path / "mine", name="faults", cores=2, report=True)
    theirs = tmp_path / "results/faults"
    made = [p for p in theirs.rglob("*") if p.is_file() and p.name[0] != "."]
    # a page says what its jobs cost
    paths = [p.relative_to(theirs) for p in made if p.suffix not in (".log", ".html")]
    assert {path.suffix for path in paths} >= {".parquet", ".json", ".csv", ".svg"}
    assert [p for p in paths if content(theirs / p) != content(results.folder / p)] == []
    assert (tmp_path / "mine/report.html").is_file()


def test_steps_come_in_the_workflows_order(calls, tmp_path):
    results = vgstudy.run(KEYS, tmp_path, name="mine", seeds="5-6", cores=1, report=True)
    steps = [step for step, *_ in calls]
    after = ["estimate", "arms", "overlay", "figures", "claims", "report"]
    assert steps == ["train", *after]
    assert results.folder == tmp_path / "mine"
    assert set(results.runs["seed"]) == {5, 6}


def test_without_a_folder_each_call_has_a_new_one(calls, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    first, second = (vgstudy.run(KEYS).folder for _ in range(2))
    assert first.name == second.name == "study"
    assert first != second
    assert first.parents[1] == second.parents[1] == tmp_path


def test_names_are_those_of_the_package_where_there_is_no_config(calls, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert vgstudy.run("smoke", tmp_path / "r").study["seeds"] == [0, 1, 2, 3]
    (tmp_path / "config/studies").mkdir(parents=True)
    with pytest.raises(UserError, match="run: no study 'smoke' in config/studies"):
        vgstudy.run("smoke", tmp_path / "r")


def test_the_package_has_the_projects_configuration():
    own = Path(__file__).parents[1] / "config"
    files = [path.relative_to(own) for path in own.rglob("*.yaml")]
    assert len(files) > 10
    assert [f for f in files if (DEFAULTS / f).read_bytes() != (own / f).read_bytes()] == []


MISTAKES = {
    "a misspelt key": ({"study": KEYS | {"sedes": 1}}, "run: study 'study': sedes: unknown key"),
    "a name": ({"study": KEYS, "name": "A b"}, "name names the results folder: use small letters"),
    "no study": ({"study": 5}, "must be a mapping of a study's keys, a path .* not 5"),
    "an unknown study": ({"study": "smok"}, "no study 'smok' .* did you mean 'smoke'"),
    "seeds": ({"study": KEYS, "seeds": 0}, "run: seeds: the number of seeds must be between 1"),
    "no file": ({"study": "x.yaml"}, "x.yaml"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line_and_nothing_runs(case, calls, tmp_path):
    arguments, message = MISTAKES[case]
    with pytest.raises(UserError, match=message):
        vgstudy.run(folder=tmp_path / "r", **arguments)
    assert calls == []
    assert not (tmp_path / "r").exists()


def test_a_step_that_fails_says_what_it_said(tmp_path):
    with pytest.raises(UserError, match=r"^vgstudy estimate .*/none: .*runs\.parquet"):
        running._call(("estimate", tmp_path / "none"))
