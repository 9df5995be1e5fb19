"""The first screen says what the tables say, by hand."""

from types import SimpleNamespace

import pytest

from synthetic import made_frames, study
from vgstudy.figures.depth import deepest_and_shallowest
from vgstudy.report.claims_section import ClaimsSection
from vgstudy.report.repeats import CONFIRMATION, Repeat
from vgstudy.report.summary import (
    claims_finding,
    effects_finding,
    failure_finding,
    limit_finding,
    scope_sentence,
    signal_finding,
    unknown_sentence,
)
from vgstudy.report.table import Table

NO_CODE = Table("", (), ())
LIMIT = {"activation": "tanh", "initializer": "Xavier", "optimizer": "SGD", "width": 5}
LIMIT |= {"range": "inside", "shallowest": 1, "deepest": 20, "fit": "monotone"}


def judged(counts, not_run=()):
    claims = tuple(
        SimpleNamespace(runs=(), verdict=name)
        for name, count in counts.items()
        for _ in range(count)
    )
    return ClaimsSection(claims, counts, {"C": not_run}, "", {}, NO_CODE)


def test_networks_and_seeds_are_counted():
    one = made_frames(outcomes=[{"status": "learned"}])
    many = made_frames(outcomes=[{"seed": seed, "status": "learned"} for seed in range(10)])
    assert "Here 1 network gets 1 seed (" in scope_sentence({"a": one})
    both = scope_sentence({"a": one, "b": many})
    assert "Here 2 networks get 1 to 10 seeds (" in both


def test_claims_are_counted_by_verdict():
    finding = claims_finding(judged({"holds": 2, "undecided": 1, "answered": 4}))
    assert finding.text == "2 of 3 claims hold in most seeds. 4 more are open questions."
    bars = [(bar.label, bar.share, bar.text) for bar in finding.bars]
    assert bars == [("holds", 2 / 3, "2"), ("undecided", 1 / 3, "1")]
    assert claims_finding(judged({"answered": 1})) is None
    assert claims_finding(None) is None


def test_verdicts_that_new_seeds_keep_are_counted_without_questions():
    def claim(verdict, again):
        runs = (Repeat("First run", verdict), Repeat(CONFIRMATION, again))
        return SimpleNamespace(runs=runs, verdict=again)

    pairs = (("holds", "holds"), ("holds", "undecided"), ("answered", "answered"))
    section = ClaimsSection(
        tuple(claim(*pair) for pair in pairs), {"holds": 1}, {}, "", {}, NO_CODE
    )
    assert claims_finding(section).certainty == "New seeds confirm 1 of 2 verdicts."


def test_what_is_not_covered_is_named():
    text = unknown_sentence(judged({"undecided": 1}, not_run=("C1", "C2")))
    assert text.startswith("Not answered: 1 claim with too few seeds; 2 claims not run; ")


def test_a_signal_is_lost_where_it_shrinks_more_than_tenfold():
    level = {"quantity": "delta_rms", "low": None, "high": None}
    rows = [
        level | {"activation": name, "layer": layer, "value": value}
        for name, first in (("tanh", 0.05), ("ReLU", 20.0))
        for layer, value in ((1, first), (10, 1.0))
    ]
    finding = signal_finding({"s": made_frames(profiles=rows)})
    assert finding.text.endswith(" in 1 of 2 networks, and over ten times as much in 1.")
    assert {bar.label: bar.text for bar in finding.bars} == {"tanh": "100 %", "ReLU": "0 %"}
    assert finding.certainty == "Networks: 2 with 10 layers; 0 borderline."
    assert finding.link == "s-signal-start"


def test_each_change_of_tutorial_as_cure_is_told_apart_by_hand():
    levels = {"depth": 5, "initializer": None, "activation": None}
    shape = {"depth": 5, "epoch": 20, "quantity": "p_learned"}
    names = {"activation": ["tanh", "ReLU"], "initializer": ["uniform(0, 1)", "He"]}
    resolved = study(two_by_two=names)
    shares = [
        shape | {"activation": activation, "initializer": initializer, "value": value}
        for activation, initializer, value in (
            ("tanh", "uniform(0, 1)", 0.1),
            ("tanh", "He", 1.0),
            ("ReLU", "uniform(0, 1)", 0.0),
            ("ReLU", "He", 0.7),
        )
    ]
    effects = [
        levels | {"effect": "activation", "change": "tanh to ReLU"},
        levels | {"effect": "initializer", "change": "uniform(0, 1) to He"},
    ]
    ends = ({"value": -0.2, "low": -0.36, "high": 0.07}, {"value": 0.8, "low": 0.57, "high": 0.95})
    rows = [effect | end for effect, end in zip(effects, ends, strict=True)]
    frames = made_frames(shares, two_by_two=rows, resolved=resolved)
    finding = effects_finding({"s": frames})
    assert finding.text == (
        "The share that learns changes by −20 points [−36, 7] from tanh to ReLU and by +80 points "
        "[57, 95] from uniform(0, 1) to He."
    )
    assert finding.certainty == "10 seeds each; 95 % intervals."
    assert [bar.text for bar in finding.bars] == ["0 %", "10 %", "70 %", "100 %"]
    assert effects_finding({"s": made_frames(shares, resolved=resolved)}) is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("dead", "die"),
        ("diverged", "diverge"),
        ("slow", "are still learning"),
        ("stuck", "get stuck"),
    ],
)
def test_failures_are_of_four_kinds(status, expected):
    ends = [{"seed": 0, "status": "learned"}]
    ends += [{"seed": seed, "status": status} for seed in (1, 2)]
    finding = failure_finding({"s": made_frames(outcomes=ends)})
    assert (
        finding.text
        == f"33 % of the training runs learn. Of the others, most tanh networks {expected}."
    )
    assert [(bar.label, bar.text) for bar in finding.bars] == [("tanh", "33 %")]


def test_where_no_run_fails_there_is_no_finding():
    ends = [{"status": "learned"}]
    assert failure_finding({"s": made_frames(outcomes=ends)}) is None


def test_the_shallowest_and_the_deepest_limit_are_named():
    rows = [
        LIMIT | {"value": 3.2, "low": 1.0, "high": 5.0},
        LIMIT | {"activation": "ReLU", "value": 11.8, "low": 5.0, "high": None},
        LIMIT | {"width": 25, "value": None, "low": None, "high": None, "range": "deeper"},
        LIMIT | {"activation": "sigmoid", "value": 15.0, "fit": "not monotone"},
    ]
    frames = made_frames(limits=rows)
    finding = limit_finding({"s": frames})
    assert finding.text == (
        "Half of the seeds still learn with 3 to 11 layers, depending on the other settings. In 1 "
        "of 4 settings they do even with 20, in 0 not even with 1."
    )
    assert [(bar.label, bar.text) for bar in finding.bars] == [
        ("tanh, Xavier, SGD, 5 wide", "3 [1, 5]"),
        ("ReLU, Xavier, SGD, 5 wide", "11 [5, >20]"),
    ]
    assert deepest_and_shallowest(frames.limits) == (
        "Half the seeds still learn with 3 (tanh, Xavier, SGD, 5 wide) to 11 (ReLU, Xavier, SGD, "
        "5 wide) layers; of 4 settings, 1 do even with 20, 1 have no single limit"
    )


def test_a_study_of_named_networks_has_no_depth_limit():
    rows = [LIMIT | {"value": 3.2, "low": 1.0, "high": 5.0}]
    resolved = study() | {"arms": {"A1": {"depth": [1]}}}
    assert limit_finding({"s": made_frames(limits=rows, resolved=resolved)}) is None
