"""A change of a stage's code is either a new number, which makes Snakemake run the stage again, or
a stated "same results"."""

import ast
import json

import pytest

from stages import FILE, bare, code
from vgstudy.stages import STAGES

KEPT = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("stage", STAGES)
def test_changed_code_comes_with_a_new_number(stage):
    kept, now = KEPT.get(stage, {"number": 0, "code": {}}), code()[stage]
    if kept != now:
        changed = sorted({name for name, _ in kept["code"].items() ^ now["code"].items()})
        some = ", ".join(changed[:5]) or "its number alone"
        more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
        pytest.fail(
            f"the code of {stage!r} changed in {some}{more}. "
            f"If its results can differ, raise STAGES[{stage!r}] in src/vgstudy/stages.py. "
            "Then run: python tests/stages.py",
            pytrace=False,
        )


def test_kept_stages_exist():
    assert KEPT.keys() == STAGES.keys()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('"""Other words."""\n\n\ndef f(x):\n    """Docs."""\n    # why\n    return x + 1', True),
        ("def f(x): return x + 2", False),
        ("def f(x, y): return x + 1", False),
        ('def f(x): return "x" + 1', False),
    ],
)
def test_digest_sees_code_and_nothing_else_by_hand(text, same):
    assert (bare(ast.parse(text)) == bare(ast.parse("def f(x): return x + 1"))) is same
