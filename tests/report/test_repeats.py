"""Which verdict a claim shows when it was judged again, and of which studies that is known."""

from types import SimpleNamespace

import pytest

from vgstudy.config.load import load_study
from vgstudy.report.repeats import CONFIRMATION, Repeat, fingerprint, repeats, verdict_giver
from vgstudy.report.summary import confirmation_sentence
from vgstudy.store.records import read_record
from vgstudy.validation.claims_again import CONFIG

FIRST = Repeat("First run", "holds", "90 of 100 seeds")


@pytest.mark.parametrize(
    ("verdict", "shown"), [("holds", "First run"), ("undecided", CONFIRMATION)]
)
def test_fresh_seeds_give_the_verdict_where_theirs_is_another(verdict, shown):
    again = [Repeat(CONFIRMATION, verdict, ""), Repeat("another", "does not hold", "")]
    assert verdict_giver(FIRST, again).label == shown


@pytest.mark.parametrize("name", ["circles", "visualising", "digits"])
def test_the_studies_are_those_whose_claims_were_judged_again(name):
    study = load_study(CONFIG / f"studies/{name}.yaml").model_dump(mode="json")
    assert fingerprint(study) == read_record("confirmation").provenance["studies"][name]
    assert fingerprint({**study, "seeds": [1]}) == fingerprint(study)
    changed = {**study, "training": {**study["training"], "epochs": 7}}
    assert fingerprint(changed) != fingerprint(study)


def test_a_claim_with_other_statements_was_not_judged_again():
    (row, *_) = read_record("confirmation").rows
    assert list(repeats([row | {"statement": "something else"}])) == []


def test_confirmed_verdicts_are_counted_by_hand():
    def claim(first, *again):
        runs = [Repeat(label, verdict, "") for label, verdict in (("First run", first), *again)]
        return SimpleNamespace(runs=runs)

    same, other = (CONFIRMATION, "holds"), (CONFIRMATION, "undecided")
    claims = [claim("holds", same), claim("holds", other), claim("holds", ("another", "holds"))]
    sentence = confirmation_sentence(SimpleNamespace(claims=claims))
    assert sentence == "Fresh seeds confirm 1 of 2."
    assert confirmation_sentence(SimpleNamespace(claims=[])) == "Judged by 95 % intervals."
