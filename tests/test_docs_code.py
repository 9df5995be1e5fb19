"""The code in the documentation runs as it stands, and says what the pages say it does."""

import ast
import doctest
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import vgstudy
from synthetic import REGISTER, write_synthetic_study
from vgstudy import running, study_results
from vgstudy.claims.claim_rows import write_claims
from vgstudy.config import yamlfile
from vgstudy.config.load import load_study
from vgstudy.planning.plan import plan_study
from vgstudy.probe import callback
from vgstudy.theory import predictions

ROOT = Path(__file__).parents[1]
TUTORIAL = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
TABLES = (ROOT / "docs/tables.md").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def with_results(tmp_path_factory):
    """A folder with results of a made-up study `extensions`."""
    folder = tmp_path_factory.mktemp("working")
    write_synthetic_study(
        folder / "results/extensions", depths=(2, 5), widths=(5,), optimizers=("SGD",)
    )
    write_claims(folder / "results", [], REGISTER)
    return folder


@pytest.mark.parametrize("code", blocks(TABLES, "python"))
def test_the_page_on_tables_runs(code, with_results, monkeypatch, capsys):
    if "polars" in code:
        pytest.importorskip("polars")
    monkeypatch.chdir(with_results)
    exec(compile(code, "tables.md", "exec"), {})
    assert capsys.readouterr().out


def test_the_tutorials_study_is_what_it_says(tmp_path, monkeypatch):
    (tmp_path / "he.yaml").write_text(blocks(TUTORIAL, "yaml")[0], encoding="utf-8")
    plan = plan_study(load_study(tmp_path / "he.yaml"), tmp_path)
    assert f"the number of runs ({len(plan.job_of)})" in TUTORIAL


@pytest.mark.slow
def test_the_tutorial_against_what_it_prints(tmp_path, monkeypatch, capsys):
    """Another type of processor may differ by a few seeds and in the last digit."""
    monkeypatch.chdir(tmp_path)
    load, run = blocks(TUTORIAL, "python")
    studies = tmp_path / "config/studies"
    studies.mkdir(parents=True)
    (studies / "he.yaml").write_text(blocks(TUTORIAL, "yaml")[0], encoding="utf-8")
    exec(compile(run, "tutorial.md", "exec"), {})
    assert (tmp_path / "outcomes.png").stat().st_size > 10_000
    exec(compile(load, "tutorial.md", "exec"), {})
    said = next(block for block in blocks(TUTORIAL, "") if block.startswith("initializer"))
    printed = capsys.readouterr().out
    numbers = r"\d*\.?\d+"
    assert re.sub(numbers, "", printed).split() == re.sub(numbers, "", said).split()
    for ours, theirs in zip(*(re.findall(numbers, text) for text in (printed, said)), strict=True):
        assert float(ours) == pytest.approx(float(theirs), abs=0.03 if "." in theirs else 4)


@pytest.mark.slow
def test_the_tutorials_two_changes_against_what_it_says(tmp_path):
    """At one depth; another type of processor may differ by a few seeds."""
    study = yamlfile.parse(blocks(TUTORIAL, "yaml")[0])
    activation, crossed = map(yamlfile.parse, blocks(TUTORIAL, "yaml")[1].splitlines())
    study["factors"] |= activation | {"depth": 15}
    results = vgstudy.run(study | crossed, tmp_path, name="two")
    values = results.read("two_by_two", depth=15).set_index("effect")["value"]
    said = re.findall(r"\| ([+−])(\d+) points", TUTORIAL)
    points = [float(sign.replace("−", "-") + number) for sign, number in said]
    assert list(values) == pytest.approx([each / 100 for each in points], abs=0.2)


@pytest.mark.slow
def test_the_readmes_call_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run, _ = blocks((ROOT / "README.md").read_text(encoding="utf-8"), "python")
    exec(compile(run, "README.md", "exec"), {})
    assert "learned" in capsys.readouterr().out


PUBLIC = {
    "run": running.run,
    "load": study_results.load,
    "StudyResults": study_results.StudyResults,
    "StudyResults.figure": study_results.StudyResults.figure,
    "GradientProbe": callback.GradientProbe,
    "predict": predictions.predict,
}


@pytest.fixture(scope="module")
def with_smoke(tmp_path_factory):
    """A folder with results of the study `smoke`, which the examples use."""
    folder = tmp_path_factory.mktemp("working")
    vgstudy.run(yamlfile.read(ROOT / "config/studies/smoke.yaml"), folder / "results", name="smoke")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLIC)
def test_examples_of_public_functions_run(name, with_smoke, monkeypatch):
    monkeypatch.chdir(with_smoke)
    finder = doctest.DocTestFinder(recurse=False)
    (example,) = finder.find(PUBLIC[name], name, globs={})
    assert example.examples, "a public function needs an example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert runner.run(example).failed == 0
    plt.close("all")


def test_the_site_builds_without_warnings(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = {path.stem for path in tmp_path.glob("*.html")} - {"404"}
    assert pages == {path.stem for path in (ROOT / "docs").glob("*.md")}
    fetched = r'(?:src|href)="(?:https?:)?//[^"]*\.(?:js|css|woff2?)"'
    assert [p.name for p in tmp_path.glob("*.html") if re.search(fetched, p.read_text())] == []


@pytest.mark.slow
def test_the_notebook_runs_and_keeps_no_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    notebook = json.loads((ROOT / "examples/vanishing_gradients.ipynb").read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell for cell in cells if cell["outputs"]] == []
    names: dict[str, object] = {}
    for cell in cells:
        *before, last = ast.parse("".join(cell["source"])).body
        exec(compile(ast.Module(before, []), cell["id"], "exec"), names)
        if isinstance(last, ast.Expr):  # what a notebook shows
            assert eval(compile(ast.Expression(last.value), cell["id"], "eval"), names) is not ...
        else:
            exec(compile(ast.Module([last], []), cell["id"], "exec"), names)
    assert len(names["many"].outcomes) == 600
    assert set(names["verdicts"]["claim_verdict"]) >= {"holds", "does not hold"}
    plt.close("all")
