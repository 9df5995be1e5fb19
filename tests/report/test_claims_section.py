"""The claims on the page: every row of the table, in words, with the seeds along a line."""

from dataclasses import replace
from pathlib import Path

import pytest

from vgstudy.claims.claim_rows import write_claims
from vgstudy.claims.register import all_claims, read_register
from vgstudy.claims.statements import LEARNED, NOT_LEARNED
from vgstudy.report.claims_section import claims_section, estimate_text, strip, verdict_text
from vgstudy.report.page import page, summary

REGISTER = Path(__file__).parents[2] / "config/claims"
ROW = {
    "value": 0.9,
    "low": 0.74,
    "high": 0.965,
    "n": 31,
    "n_failed": 1,
    "method": "Wilson",
    "quantity": "q",
    "prediction_low": None,
    "prediction_high": None,
    "verdict": "holds",
    "share": 0.9,
}


@pytest.fixture(scope="module")
def unrun(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_claims(folder, [], REGISTER)
    return claims_section(folder)


@pytest.fixture(scope="module")
def section(unrun):
    """The claims as if one statement, the first, were judged."""
    first, *others = unrun.tutorials
    row, *rows = first.claims[0].statements
    judged = replace(first.claims[0], statements=({**row, "verdict": "holds"}, *rows))
    return replace(unrun, tutorials=(replace(first, claims=(judged, *first.claims[1:])), *others))


def test_every_claim_of_the_register_is_on_the_page(section):
    html = page([], section)
    for claim in all_claims(read_register(REGISTER)):
        assert f'id="claim-{claim.id}"' in html
    assert [tutorial.letter for tutorial in section.tutorials] == ["A", "B", "C"]
    assert (
        html.count('<tr class="claim not-run"')
        == sum(len(c.statements) for t in section.tutorials for c in t.claims) - 1
    )
    assert html.count('<tr class="claim holds"') == 1
    assert "not run: add circles to studies" in html


def test_claims_of_which_none_was_run_take_a_paragraph_behind_the_studies(unrun, section):
    listed = "add circles, extensions, visualising, mnist and digits to the studies in"
    assert page([], unrun).count(listed) == summary([], unrun, None).count(listed) == 1
    assert '<tr class="claim' not in page([], unrun)
    assert "not run:" not in summary([], unrun, None)
    assert listed not in page([], section) + summary([], section, None)


def test_the_summary_names_claims_that_were_not_run_in_one_line(section):
    text = summary([], section, None)
    first, second = section.tutorials[0].claims[:2]
    assert text.count("Not run: ") == 3
    assert f"**{first.id}** {first.claim}" in text
    assert f"Not run: {second.id}, " in text
    assert "\n\n\n" not in text


def test_code_that_no_longer_runs_is_on_the_page(section):
    html = page([], section)
    assert "history.history[&#39;acc&#39;]" in html
    assert sum(len(tutorial.code.rows) for tutorial in section.tutorials) == 15


def test_statements_are_counted(section):
    assert section.counts.startswith("33 claims, ")
    assert section.counts.endswith(" not run.")


def test_without_claims_there_is_no_section(tmp_path):
    assert claims_section(tmp_path) is None
    assert 'id="claims"' not in page([])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "holds for 90 % of the seeds [74 % to 96.5 %]; n = 30, 1 without a value"),
        (
            {"quantity": LEARNED, "comparator": "learns", "n_failed": 0, "n": 30},
            "27 of 30 seeds learned [74 % to 96.5 %]",
        ),
        (
            {"quantity": LEARNED, "comparator": NOT_LEARNED, "n_failed": 0, "n": 30},
            "3 of 30 seeds learned [3.5 % to 26 %]",
        ),
        ({"method": "t on log", "n_failed": 0}, "0.90 [0.74, 0.96]; n = 31"),
        (
            {"method": "m", "quantity": "AUC over pairs"},
            "0.90 [0.74, 0.96]; 30 runs, 1 without a value",
        ),
        (
            {"method": "t", "prediction_low": 0.5, "prediction_high": 1.2, "n_failed": 0},
            "0.90 [0.74, 0.96]; one more seed: 0.500 to 1.20; n = 31",
        ),
        ({"method": "none", "low": None, "high": None, "n": 2}, "0.900; n = 1, 1 without a value"),
        ({"value": None}, ""),
    ],
)
def test_estimate_text_by_hand(changes, expected):
    assert estimate_text(ROW | changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "holds (90 % of the seeds)"),
        ({"share": None}, "holds"),
        ({"verdict": "answered"}, "answered"),
        ({"verdict": "not run", "n": 0, "n_failed": 0}, "not run"),
    ],
)
def test_verdict_by_hand(changes, expected):
    assert verdict_text(ROW | changes) == expected


def test_strip_by_hand():
    assert strip([1.0, 2.0, 3.0], 5.0, 5.0).values == (0, 0.25, 0.5)
    assert strip([1.0, 2.0, 3.0], 5.0, 5.0).reported == (1, 1)
    assert strip([1.0, 10.0, 100.0], None, None).values == pytest.approx(
        (0, 0.5, 1)
    )  # decades are equally long
    assert strip([0.5], 0.5, 0.5).values == (0.5,)
    assert strip([], 1.0, 2.0).values == ()


def test_a_file_without_code_has_no_table_of_code(section):
    bare = replace(
        section,
        tutorials=tuple(replace(own, code=replace(own.code, rows=())) for own in section.tutorials),
    )
    assert "no longer do what they did" in page([], section)
    assert "no longer do what they did" not in page([], bare)
