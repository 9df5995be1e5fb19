"""The first screen says what the tables say, by hand."""

import pandas as pd

from synthetic import made_frames, study
from vgstudy.report.overview import claims_point, failure_point, overview, scope_sentence
from vgstudy.report.provenance import Provenance
from vgstudy.report.table import Table

NOWHERE = Provenance(
    versions=Table("", (), ()),
    hashes=Table("", (), ()),
    costs=({"cpu_seconds": 60.0, "wall_seconds": 50.0},),
    jobs=1,
    config="",
    citation="",
)


def claim(name, verdict, study="s"):
    texts = {"id": name, "claim": f"What {name} says.", "study": study}
    return texts | {"verdict": verdict, "claim_verdict": verdict}


def trial():
    frames = made_frames(outcomes=[{"seed": 0, "status": "dead"}])
    return type(frames)(**{**vars(frames), "study": frames.study | {"trial": True}})


def test_claims_in_short_by_hand():
    rows = [claim("A1", "holds"), claim("A1", "holds"), claim("B2", "does not hold")]
    point = claims_point([*rows, claim("C3", "undecided"), claim("D4", "not run")])
    assert point.text == (
        "Of 3 claims judged, each in one study: 1 holds, 1 does not hold and 1 undecided. "
        "1 statement not judged, for lack of the studies s (to be named under studies in "
        "config/config.yaml). In all their parts hold: A1. "
        "In some part do not hold: B2 (What B2 says)."
    )
    assert point.topic == "The tutorials' claims, and those of D"
    assert claims_point([claim("D4", "not run")]) is None


def test_a_claim_of_two_studies_is_named_with_the_study_by_hand():
    rows = [
        claim("C3", "holds", study="mnist"),
        claim("C3", "does not hold", study="digits"),
        claim("C5", "not run", study="mnist"),
        claim("C5", "holds", study="digits"),
    ]
    assert claims_point(rows).text.endswith(
        "In all their parts hold: C3 on mnist and C5 on digits. In some part do not hold: C3 on "
        "digits (What C3 says)."
    )


def test_one_seed_has_no_interval_and_says_so_by_hand():
    one = made_frames(outcomes=[{"seed": 0, "status": "learned"}], resolved=study(seeds=[0]))
    many = made_frames(outcomes=[{"seed": 0, "status": "learned"}], resolved=study(seeds=range(10)))
    assert "trained with 1 seed in one study; one seed has no interval." in scope_sentence(
        {"one": one}
    )
    assert (
        "with 1 to 10 seeds in 2 studies; numbers come with their intervals but for studies of "
        "one seed" in scope_sentence({"one": one, "many": many})
    )
    many_seeds = "with 10 seeds in one study; every estimate has an interval where enough"
    assert many_seeds in scope_sentence({"many": many})


def test_trials_count_only_where_there_is_nothing_else_by_hand():
    real = made_frames(outcomes=[{"seed": seed, "status": "learned"} for seed in range(3)])
    both = overview({"real": real, "smoke": trial()}, [], {"real": NOWHERE, "smoke": NOWHERE})
    assert both.counts["learned"] == 3
    assert both.counts["dead"] == 0
    assert "smoke is a test of the workflow" in both.warning
    assert "in 1 job;" in both.cost
    alone = overview({"smoke": trial()}, [], {"smoke": NOWHERE})
    assert alone.counts["dead"] == 1
    assert "these numbers mean nothing" in alone.warning
    assert overview({"real": real}, [], {"real": NOWHERE}).warning == ""


def test_the_study_with_most_failures_answers_and_the_others_are_named_by_hand():
    def predicted(failures, value):
        row = {
            "group": "tanh",
            "predictor": "d_delta",
            "quantity": "AUC",
            "value": value,
            "low": value - 0.1,
            "high": value + 0.1,
        }
        counts = {"n": 107, "n_failed": 7, "failures": failures, "mixed": 2}
        rows = [row | counts, row | counts | {"predictor": "distance"}]
        frames = made_frames()
        return type(frames)(**{**vars(frames), "prediction": pd.DataFrame(rows)})

    point = failure_point(
        {"some": predicted(20, 0.9), "most": predicted(50, 0.5), "few": predicted(3, 0.1)}
    )
    assert "The runs do not say so" in point.text
    others = (
        "The AUC of a vanishing signal among tanh runs is 0.90 [0.80, 1.00] in some and "
        "not known (3 of 100 runs failed) in few."
    )
    assert f"That is of most. {others}" in point.text
    assert point.links == (
        ("some-finding-failure", "some"),
        ("most-finding-failure", "most"),
        ("few-finding-failure", "few"),
    )
    assert failure_point({"none": made_frames()}) is None
