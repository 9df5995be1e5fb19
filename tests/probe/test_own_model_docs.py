"""What docs/own-model.md shows runs as it stands."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from synthetic import write_synthetic_study
from vgstudy.probe.diagnose import diagnose
from vgstudy.probe.evidence import read_evidence
from vgstudy.probe.rules import HEALTHY, RULES
from vgstudy.store.parquet import read_footer

PAGE = (Path(__file__).parents[2] / "docs/own-model.md").read_text(encoding="utf-8")
TUTORIAL, *QUESTIONS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def lines(code: str) -> list[str]:
    return [line for line in code.splitlines() if line.strip()]


def test_the_tutorial_runs_in_15_lines_and_learns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(lines(TUTORIAL)) <= 15
    exec(compile(TUTORIAL.replace("epochs=100", "epochs=12"), "own-model.md", "exec"), {})
    (found,) = diagnose([tmp_path / "run.parquet"], read_evidence(None))
    assert found["epoch"] == 12
    assert [layer["kind"] for layer in found["layers"]] == [
        "input",
        "square",
        "square",
        "square",
        "square",
        "output",
    ]
    assert list((tmp_path / "logs").rglob("*tfevents*"))
    names = read_footer("run.parquet")["layers"]  # as the page says
    assert names == [layer["name"] for layer in found["layers"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("working")
    write_synthetic_study(
        path / "results/extensions", depths=(2, 5), widths=(5,), optimizers=("SGD",)
    )
    (path / "results/smoke").symlink_to("extensions")  # beside others, as `make study` leaves it
    return path


@pytest.mark.parametrize("code", QUESTIONS)
def test_questions_are_answered_in_three_lines(
    code: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert len(lines(code.replace("import vgstudy\n", ""))) <= 3
    exec(compile(code, "own-model.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) > 2


def test_there_are_three_questions() -> None:
    assert len(QUESTIONS) == 3


def test_the_table_of_rules_and_their_errors_is_that_of_the_data_file() -> None:
    counts = json.loads((files("vgstudy.probe") / "evidence.json").read_text(encoding="utf-8"))[
        "epochs"
    ]["0"]
    for verdict in (*RULES, HEALTHY):
        runs = sum(counts[verdict].values())
        share = 100 * counts[verdict]["failed"] / runs
        assert f"| {verdict} | {runs:,} | {counts[verdict]['failed']:,} ({share:.0f} %) |" in PAGE
