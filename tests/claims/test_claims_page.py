"""docs/claims.md names every key and word of the register, and its example is a claim."""

import re
from pathlib import Path

from vgstudy.claims.measures import Measure
from vgstudy.claims.networks import check_register
from vgstudy.claims.register import Claim, read_register
from vgstudy.claims.statements import Statement
from vgstudy.claims.vocabulary import DERIVED, LAYERS, SUMMARIES
from vgstudy.config.load import load_study

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/claims.md").read_text(encoding="utf-8")


def test_every_key_and_word_has_a_row_and_no_other():
    cells = re.findall(r"^\| (`.*?`) \|", PAGE, flags=re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`(.*?)`", cell)}
    models = (Claim, Statement, Measure)
    keys = {key for model in models for key in model.model_fields}
    assert named == keys | DERIVED.keys() | LAYERS.keys() | SUMMARIES.keys()


def test_the_example_is_a_claim_about_a_study(tmp_path):
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "E.yaml").write_text(example, encoding="utf-8")
    study = load_study(ROOT / "config/studies/extensions.yaml").model_dump(mode="json")
    check_register(read_register(tmp_path), {"extensions": study}, known=["extensions"])
