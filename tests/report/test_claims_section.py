"""The claims on the page: every row of the table, in words, with the seeds along a line."""

from dataclasses import replace
from pathlib import Path

import pytest

from vgstudy.claims.claim_rows import write_claims
from vgstudy.claims.register import all_claims, read_register
from vgstudy.report.claims_section import (
    brief_text,
    claim,
    claims_section,
    estimate_text,
    judged_claims,
    kind_text,
    later_text,
    others_text,
    share_text,
    strip,
)
from vgstudy.report.fixes import fixes
from vgstudy.report.page import main_page, render
from vgstudy.store.tables import shared_rows

REGISTER = Path(__file__).parents[2] / "config/claims"
HOLDS = {"verdict": "holds", "share": 0.9, "n": 100, "n_failed": 0}
NO_STUDY = {"sections": (), "first": None, "progress": ()}
ROW = {
    **{"value": 0.9, "low": 0.74, "high": 0.965, "n": 31, "n_failed": 1, "method": "Wilson"},
    **{"quantity": "q", "prediction_low": None, "prediction_high": None},
}


def page(claims):
    """The main page of no study."""
    return main_page({**NO_STUDY, "claims": claims, "fixes": fixes()})


def markdown(claims):
    return render("summary.md", {**NO_STUDY, "claims": claims}, escape=False)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_claims(folder, [], REGISTER)
    return folder


@pytest.fixture(scope="module")
def unrun(results):
    return claims_section(results)


@pytest.fixture(scope="module")
def section(results, unrun):
    """The claims as if the first were judged: one statement does not hold, the others do."""
    rows = shared_rows(results, "claims")
    of_first = [row for row in rows if row["id"] == rows[0]["id"]]
    on_claim = {"claim_verdict": "does not hold", "claim_share": 0.02, "claim_n": 100}
    judged = [row | on_claim | HOLDS for row in of_first]
    judged[-1] |= {"verdict": "does not hold", "share": 0.03}
    (letter, (_, *others)), *_ = unrun.not_run.items()
    not_run = {**unrun.not_run, letter: others}
    return replace(unrun, claims=(claim(judged),), not_run=not_run, counts={"does not hold": 1})


def test_a_judged_claim_has_one_row_and_the_others_are_named(section):
    html = page(section)
    assert html.count('<tbody class="claim"') == 1
    assert 'data-verdict="does not hold"' in html
    assert "(3 of 100)" in html
    assert "all statements hold for 2 of 100 seeds" in html
    listed = html.split("Not run: ")[1].split(". To have")[0]
    names = {name for part in listed.split("; ") for name in part.split(", ")}
    (judged,) = section.claims
    assert names | {judged.id} == {each.id for each in all_claims(read_register(REGISTER))}


def test_the_worst_statement_decides(section):
    (judged,) = section.claims
    assert judged.deciding is judged.statements[-1]
    assert judged.decides == judged.statements[-1]["statement"]
    assert judged.headline.share == "3 of 100"


def test_claims_that_were_not_run_say_which_studies_would_judge_them(unrun):
    claims = all_claims(read_register(REGISTER))
    *others, last = dict.fromkeys(name for claim in claims for name in claim.studies)
    listed = f"To have them judged, add {', '.join(others)} and {last} to the"
    assert page(unrun).count(listed) == markdown(unrun).count(listed) == 1
    assert '<tbody class="claim"' not in page(unrun)


def test_the_markdown_has_every_statement(section):
    text = markdown(section)
    (judged,) = section.claims
    assert f"**{judged.id}** ({judged.study}) {judged.claim}" in text
    assert text.count("\n- ") == len(judged.statements)
    assert "\n\n\n" not in text


def test_a_claim_of_two_studies_has_a_row_for_each_that_was_run(results):
    rows = shared_rows(results, "claims")
    of_one = [row for row in rows if row["study"] == rows[0]["study"]][:1]
    run = HOLDS | {"claim_verdict": "holds", "claim_share": 1.0, "claim_n": 10}
    both = [of_one[0] | run | {"study": study} for study in ("digits", "mnist")]
    assert [each.study for each in judged_claims([*both, of_one[0]])] == ["digits", "mnist"]


def test_code_that_no_longer_runs_is_on_the_page(section):
    html = page(section)
    assert "history.history[&#39;acc&#39;]" in html
    assert len(section.code.rows) == 15


def test_without_claims_there_is_no_section(tmp_path):
    assert claims_section(tmp_path) is None
    assert 'id="claims"' not in page(None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "90 % [74, 96]; 1 without a value"),
        ({"method": "t on log", "n_failed": 0}, "0.90 [0.74, 0.96]"),
        (
            {"method": "t", "prediction_low": 0.5, "prediction_high": 1.2, "n_failed": 0},
            "0.90 [0.74, 0.96]; one more seed: 0.500 to 1.20",
        ),
        ({"method": "none", "low": None, "high": None, "n_failed": 0}, "0.900"),
        ({"value": None}, ""),
    ],
)
def test_estimate_text_by_hand(changes, expected):
    assert estimate_text(ROW | changes) == expected


def test_a_share_is_a_number_of_seeds_by_hand():
    assert share_text(0.96, 100) == "96 of 100"
    assert share_text(36 / 42, 50) == "86 % of 50"
    assert share_text(None, 100) == ""


def test_other_networks_and_later_statements_by_hand():
    assert others_text(["A1", "A3"], [0.62, 1.0]) == "A1 62 %, A3 100 %"
    assert [later_text(each) for each in ([1, 1], [1, 4], [4, 2])] == [
        "",
        "in part written after results",
        "written after results",
    ]


def test_strip_by_hand():
    one = strip([1.0, 2.0, 2.0, 3.0], [5.0, 5.0])
    assert [x for x, _ in one.dots] == pytest.approx([0, 0.25, 0.25, 0.5], abs=0.02)
    # the second of two equal values stands above the first, in a line that has room for six
    assert [y for _, y in one.dots] == [0, 0, 1 / 6, 0]
    assert one.reported == (1, 1)
    # decades are equally long
    decades = [x for x, _ in strip([1.0, 10.0, 100.0], []).dots]
    assert decades == pytest.approx([0, 0.5, 1], abs=0.02)
    assert strip([], [1.0, 2.0]).dots == ()


def test_a_number_says_what_it_is_of_by_hand():
    number = ROW | {"method": "t", "value": 0.8107, "low": 0.8087, "high": 0.8126}
    accuracy = number | {"quantity": "accuracy on the probe set, last epoch"}
    assert brief_text(accuracy) == "accuracy 0.811 [0.809, 0.813]"
    assert brief_text(ROW) == "90 % [74, 96]"
    assert kind_text("test accuracy, change over epochs 1 to 5") == "change of test accuracy"
    assert kind_text("mean of g, layer 1; over: mean of g, layer 2") == "ratio"
