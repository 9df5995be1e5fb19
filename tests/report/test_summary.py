"""The first screen says what the tables say, by hand."""

from types import SimpleNamespace

import pytest

from synthetic import made_frames, study
from vgstudy.report.summary import (
    claims_finding,
    failure_finding,
    limit_finding,
    scope_sentence,
    signal_finding,
    unknown_sentence,
)

LIMIT = {"activation": "tanh", "initializer": "Xavier", "optimizer": "SGD", "width": 5}
LIMIT |= {"range": "inside", "shallowest": 1, "deepest": 20}


def judged(counts, not_run=()):
    claims = (SimpleNamespace(runs=()),) * sum(counts.values())
    return SimpleNamespace(claims=claims, counts=counts, not_run={"C": not_run})


def test_networks_and_seeds_are_counted():
    one = made_frames(outcomes=[{"status": "learned"}])
    many = made_frames(outcomes=[{"seed": seed, "status": "learned"} for seed in range(10)])
    assert scope_sentence({"a": one}).endswith("here 1 network has 1 seed.")
    both = scope_sentence({"a": one, "b": many})
    assert both.endswith("here 2 have 1 to 10 seeds each.")


def test_claims_are_counted_by_verdict():
    finding = claims_finding(judged({"holds": 2, "undecided": 1}))
    assert finding.text == "2 of 3 hold, 0 do not."
    bars = [(bar.label, bar.share, bar.text) for bar in finding.bars]
    assert bars == [("holds", 2 / 3, "2"), ("undecided", 1 / 3, "1")]
    assert claims_finding(judged({})) is None
    assert claims_finding(None) is None


def test_what_is_not_known_is_named():
    text = unknown_sentence(judged({"undecided": 1}, not_run=("C1", "C2")))
    assert text.startswith("Not known: 1 claim undecided, 2 claims not run and ")


def test_a_signal_is_lost_where_it_shrinks_more_than_tenfold():
    level = {"quantity": "delta_rms", "low": None, "high": None}
    rows = [
        level | {"activation": name, "layer": layer, "value": value}
        for name, first in (("tanh", 0.05), ("ReLU", 20.0))
        for layer, value in ((1, first), (10, 1.0))
    ]
    factor = {"quantity": "d_delta", "value": 0.7, "low": 0.7 / 1.05, "high": 0.7 * 1.05}
    finding = signal_finding({"s": made_frames([factor], rows)})
    assert finding.text.endswith("in 1 of 2 networks and grows as much in 1.")
    assert {bar.label: bar.text for bar in finding.bars} == {"tanh": "100 %", "ReLU": "0 %"}
    assert finding.certainty == "Half the decay factors are known to within ±5 %."
    assert finding.link == "s-signal-start"


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
    assert finding.text == f"33 % of the runs learn. Of the others, most tanh networks {expected}."
    assert [(bar.label, bar.text) for bar in finding.bars] == [("tanh", "33 %")]


def test_where_no_run_fails_there_is_no_finding():
    ends = [{"status": "learned"}]
    assert failure_finding({"s": made_frames(outcomes=ends)}) is None


def test_the_shallowest_and_the_deepest_limit_are_named():
    rows = [
        LIMIT | {"value": 3.2, "low": 1.0, "high": 5.0},
        LIMIT | {"activation": "ReLU", "value": 11.8, "low": 5.0, "high": None},
        LIMIT | {"width": 25, "value": None, "low": None, "high": None, "range": "deeper"},
    ]
    finding = limit_finding({"s": made_frames(limits=rows)})
    assert finding.text == (
        "Half the seeds still learn with 3 to 12 layers, by setting; in 1 setting even with 20."
    )
    assert finding.certainty == "95 % intervals: 1 to 5 and 5 to 20."
    assert [(bar.label, bar.text) for bar in finding.bars] == [
        ("tanh, Xavier, 5 wide", "3"),
        ("ReLU, Xavier, 5 wide", "12"),
    ]


def test_a_study_of_named_networks_has_no_depth_limit():
    rows = [LIMIT | {"value": 3.2, "low": 1.0, "high": 5.0}]
    resolved = study() | {"arms": {"A1": {"depth": [1]}}}
    assert limit_finding({"s": made_frames(limits=rows, resolved=resolved)}) is None
