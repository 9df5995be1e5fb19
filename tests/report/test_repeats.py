"""Which verdict a claim shows when it was judged again, and of which studies that is known."""

from types import SimpleNamespace

import pytest

from vgstudy.config.load import load_study
from vgstudy.report.repeats import (
    CONFIRMATION,
    Repeat,
    fingerprint,
    judged,
    repeats,
    verdict_giver,
)
from vgstudy.report.summary import confirmation_sentence
from vgstudy.store.records import read_record
from vgstudy.validation.claims_again import CONFIG

FIRST = Repeat("First run", "holds")


@pytest.mark.parametrize(
    ("verdict", "shown"), [("holds", "First run"), ("undecided", CONFIRMATION)]
)
def test_fresh_seeds_give_the_verdict_where_theirs_is_another(verdict, shown):
    again = [Repeat(CONFIRMATION, verdict), Repeat("another", "does not hold")]
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


def test_the_statement_that_holds_for_the_fewest_seeds_decides_by_hand():
    on_claim = {"claim_verdict": "depends on the seed", "claim_share": 0.1, "claim_n": 50}
    rows = [
        on_claim | {"statement": name, "arm": "A2", "verdict": verdict, "share": share, "n": 50}
        for name, verdict, share in (
            ("one", "depends on the seed", 0.56),
            ("two", "depends on the seed", 0.34),
            ("three", "undecided", 0.3),
        )
    ]
    run = judged("First run", rows)
    assert (run.statement, run.arm, run.share, run.all_hold) == ("two", "A2", "17 of 50", "5 of 50")
    open_questions = [row | {"verdict": "answered", "claim_verdict": "answered"} for row in rows]
    assert judged("First run", open_questions).statement == "one"


def test_confirmed_verdicts_are_counted_by_hand():
    def claim(first, *again):
        runs = [Repeat(label, verdict) for label, verdict in (("First run", first), *again)]
        return SimpleNamespace(runs=runs)

    same, other = (CONFIRMATION, "holds"), (CONFIRMATION, "undecided")
    claims = [claim("holds", same), claim("holds", other), claim("holds", ("another", "holds"))]
    sentence = confirmation_sentence(SimpleNamespace(judged=claims))
    assert sentence == "New seeds confirm 1 of 2 verdicts."
    assert confirmation_sentence(SimpleNamespace(judged=[])).startswith("By the 95 % interval")
