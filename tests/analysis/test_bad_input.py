"""Bad input goes through the whole analysis: every table, figure's caption, finding and table of
the report; warnings are errors.

docs/statistics.md states the answers; the tests that its table names hold each of them.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from analysed import change, redesign
from synthetic import REGISTER, predictions, write_synthetic_study
from vgstudy.analysis.study_estimates import write_estimates
from vgstudy.claims.arms import write_arms
from vgstudy.figures.frames import read_frames
from vgstudy.figures.registry import figures
from vgstudy.report.study_tables import result_tables, robustness_tables
from vgstudy.theory.overlays import write_overlaid

DOCS = Path(__file__).parents[2] / "docs/statistics.md"


DEAD = {"zero_cause": "dead", "g_rms": 0.0, "delta_rms": 0.0}
NAN_LOSS = {"finite": False, "train_loss": np.float32("nan"), "test_loss": np.float32("nan")}


def edited(folder: Path, table: str, **columns) -> None:
    change(folder, table, lambda frame: frame.assign(**columns))


BAD = {
    "one seed": lambda folder: redesign(folder, lambda runs: runs["seed"] == 0),
    "two seeds": lambda folder: redesign(folder, lambda runs: runs["seed"] < 2),
    "all seeds dead": lambda folder: edited(folder, "probes", **DEAD),
    "constant data": lambda folder: edited(
        folder, "probes", delta_rms=1.0, g_rms=1.0, h_rms=1.0, zero_cause="none"
    ),
    "loss not finite": lambda folder: edited(folder, "curves", **NAN_LOSS),
    "a cell missing": lambda folder: redesign(
        folder, lambda runs: runs["cell"] != runs["cell"].iloc[0]
    ),
    "unequal seeds": lambda folder: redesign(
        folder, lambda runs: (runs["depth"] == 4) | (runs["seed"] < 2)
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_goes_through_to_the_report(case, tmp_path):
    folder = tmp_path / "study"
    design = {
        "depths": (1, 4, 8),
        "widths": (5,),
        "initializers": ("Xavier",),
        "optimizers": ("SGD",),
        "seeds": range(4),
    }
    resolved = write_synthetic_study(folder, estimate=False, **design)
    BAD[case](folder)
    write_estimates(folder)
    write_overlaid(folder, predictions(resolved))
    write_arms(folder, REGISTER)
    frames = read_frames(folder)
    for spec in figures().values():
        assert spec.texts(spec.view(frames))["caption"].endswith(".")
    tables = (*result_tables(frames), *robustness_tables(frames))
    shown = [text for table in tables for row in table.rows for text in row]
    assert "nan" not in map(str.lower, shown)


def test_the_stated_answers_name_their_tests():
    rows = re.findall(
        r"^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$",
        DOCS.read_text().split("## Bad input")[1].split("##")[0],
        re.M,
    )
    named = {case: re.findall(r"`(test_\w+)`", tests) for case, tests in rows if "`test" in tests}
    assert named.keys() == BAD.keys()
    code = "".join(path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py"))
    for tests in named.values():
        assert tests
        assert all(f"def {test}(" in code for test in tests)
