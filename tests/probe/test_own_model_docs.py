"""What docs/own-model.md shows runs as it stands."""

import re
from pathlib import Path

import pytest

from synthetic import write_synthetic_study
from vgstudy.probe.advice import read_error_rates
from vgstudy.probe.diagnosis import diagnose_files
from vgstudy.probe.rules import HEALTHY, RULES
from vgstudy.store.parquet import read_footer

PAGE = (Path(__file__).parents[2] / "docs/own-model.md").read_text(encoding="utf-8")
TUTORIAL, *QUESTIONS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_tutorial_runs_and_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(TUTORIAL.replace("epochs=100", "epochs=12"), "own-model.md", "exec"), {})
    (found,) = diagnose_files([tmp_path / "run.parquet"])
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
def test_questions_are_answered(
    code: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)

    exec(compile(code, "own-model.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) > 2


def test_there_are_three_questions() -> None:
    assert len(QUESTIONS) == 3


def test_the_table_of_rules_and_their_errors_against_the_validation_table() -> None:
    rows = {row["verdict"]: row for row in read_error_rates().rows if row["epoch"] == 0}
    assert rows.keys() <= {*RULES, HEALTHY}
    for verdict in rows:
        failed, learned = rows[verdict]["failed"], rows[verdict]["learned"]
        share = 100 * failed / (failed + learned)
        assert f"| {verdict} | {failed + learned:,} | {failed:,} ({share:.0f} %) |" in PAGE
