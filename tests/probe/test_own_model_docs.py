"""What docs/own-model.md shows runs as it stands."""

import re
from pathlib import Path

import pytest

from synthetic import write_synthetic_study
from vgstudy.formatting import percent
from vgstudy.probe.diagnosis import diagnose_files
from vgstudy.probe.evidence import read_error_rates
from vgstudy.probe.rules import HEALTHY, RULES
from vgstudy.store.parquet import read_footer
from vgstudy.store.records import read_record
from vgstudy.validation.scores import EITHER, END, START, TENTH
from vgstudy.validation.scores import RULES as ALL_RULES

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
    (path / "results/smoke").symlink_to("extensions")  # next to others, as `make study` leaves it
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


def model_lines() -> list[str]:
    """A line for each family: alarms of ten seeds before and after training, verdicts, layers."""
    rows = read_record("models").rows
    by_key = {(row["family"], row["fault"] is None, row["epoch"]): row for row in rows}
    start, end = sorted({row["epoch"] for row in rows})
    lines = []
    for number in range(1, 21):
        healthy = [by_key[number, True, epoch] for epoch in (start, end)]
        broken = [by_key[number, False, epoch] for epoch in (start, end)]
        alarms = [", ".join(str(row["vgstudy"]) for row in pair) for pair in (healthy, broken)]
        verdict = ", ".join(dict.fromkeys(row["verdict"] for row in broken))
        layers = " with ".join(healthy[0][end].removesuffix("/kernel") for end in ENDS)
        cells = (number, broken[0]["name"], broken[0]["fault"], *alarms, verdict, layers)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


ENDS = ("lowest", "highest")


def rule_lines() -> list[str]:
    """A line for each rule: of models and cells, how many are found and how many blamed."""
    rows = {(row["rule"], row["models"], row["when"]): row for row in read_record("rules").rows}
    cells = next(models for _, models, _ in rows if models.startswith("cells"))
    first = "ten families, chooses thresholds"
    places = (
        *((OTHER, START), (OTHER, END), (first, START), (first, END)),
        *((cells, START), (cells, TENTH), (cells, END)),
    )
    lines = []
    for rule in ALL_RULES:
        shown = [rows[rule, models, when] for models, when in places]
        counts = [f"{row['found']}, {row['blamed']}" for row in shown[:4]]
        shares = [
            f"{row['found'] / row['broken']:.0%}, {row['blamed'] / row['healthy']:.0%}"
            for row in shown[4:]
        ]
        lines.append(f"| {' | '.join([rule, *counts, *shares])} |".replace("%", " %"))
    return lines


def summary() -> str:
    """What is found and blamed among the ten families that judge, with intervals."""
    rows = read_record("rules").rows
    start, either = (
        next(
            row
            for row in rows
            if (row["rule"], row["models"], row["when"]) == ("vgstudy", OTHER, when)
        )
        for when in (START, EITHER)
    )
    found, blamed = (
        f"{percent(either[f'{kind}_low'])} to {percent(either[f'{kind}_high'])}" for kind in KINDS
    )
    return (
        f"Of the ten broken models that judge {either['found']} are found (95 % interval {found}), "
        f"{start['found']} of them before training; of the ten healthy ones {either['blamed']} are "
        f"blamed ({blamed})."
    )


OTHER, KINDS = "ten families, judges", ("found", "blamed")


def test_the_summary_of_models_against_the_validation_table() -> None:
    assert summary() in " ".join(PAGE.split())


def test_the_table_of_models_against_the_validation_table() -> None:
    assert [line for line in model_lines() if line not in PAGE] == []


def test_the_table_of_published_rules_against_the_validation_table() -> None:
    assert [line for line in rule_lines() if line not in PAGE] == []


def test_the_sentence_on_the_studies_cells_against_the_validation_table() -> None:
    ours, *others = [
        row
        for row in read_record("rules").rows
        if row["models"].startswith("cells") and row["when"] == TENTH
    ]
    assert f"an alarm in {ours['found']} of the {ours['broken']} cells that fail" in PAGE
    assert f"in none of the {ours['healthy']} that learn" in PAGE
    assert ours["blamed"] == 0
    assert ours["found"] > max(row["found"] for row in others)
