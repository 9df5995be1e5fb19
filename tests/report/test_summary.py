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

SECTIONS = [SimpleNamespace(name="s", figure=lambda name: f"figure {name}")]
LIMIT = {"activation": "tanh", "initializer": "Xavier", "optimizer": "SGD", "width": 5}


def judged(counts, not_run=()):
    tutorials = (SimpleNamespace(not_run=not_run),)
    claims = ("claim",) * sum(counts.values())
    return SimpleNamespace(
        claims=claims, counts=counts, tutorials=tutorials, lacking_studies="mnist"
    )


def test_networks_and_seeds_are_counted():
    one = made_frames(outcomes=[{"status": "learned"}], resolved=study(seeds=[0]))
    many = made_frames(outcomes=[{"status": "learned"}], resolved=study(seeds=range(10)))
    assert scope_sentence({"a": one}).endswith("Here 1 network is trained with 1 seed.")
    both = scope_sentence({"a": one, "b": many})
    assert both.endswith("Here 2 networks are each trained with 1 to 10 seeds.")


def test_claims_are_counted_by_verdict():
    finding = claims_finding(judged({"holds": 2, "undecided": 1}))
    assert finding.text == "Of 3 claims of the tutorials, 2 hold and 1 is undecided."
    assert claims_finding(judged({})) is None
    assert claims_finding(None) is None


def test_what_is_not_known_is_named():
    text = unknown_sentence(judged({"undecided": 1}, not_run=("C1", "C2")))
    assert text.startswith("Not known: 1 claim undecided, 2 claims not run (studies mnist) and ")


def test_a_signal_is_lost_where_it_shrinks_more_than_tenfold():
    level = {"quantity": "delta_rms", "low": None, "high": None}
    rows = [
        level | {"activation": name, "layer": layer, "value": value}
        for name, first in (("tanh", 0.05), ("ReLU", 20.0))
        for layer, value in ((1, first), (10, 1.0))
    ]
    factor = {"quantity": "d_delta", "value": 0.7, "low": 0.7 / 1.05, "high": 0.7 * 1.05}
    finding = signal_finding({"s": made_frames([factor], rows)}, SECTIONS)
    assert "in 1 of 2 networks and grows more than tenfold in 1." in finding.text
    assert " It shrinks in 1 of 1 tanh networks." in finding.text
    assert finding.certainty == "Half of the decay factors are known to within ±5 %."
    assert (finding.link, finding.figure) == ("s-signal-start", "figure signal-start")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("dead", "end with a dead gradient"),
        ("diverged", "diverge"),
        ("slow", "still learn when training ends"),
        ("stuck", "get stuck"),
    ],
)
def test_failures_are_of_four_kinds(status, expected):
    ends = [{"seed": 0, "status": "learned"}]
    ends += [{"seed": seed, "status": status} for seed in (1, 2)]
    finding = failure_finding({"s": made_frames(outcomes=ends)}, SECTIONS)
    assert finding.text == f"tanh: 2 of 3 runs fail; 2 {expected}."


def test_where_no_run_fails_there_is_no_finding():
    ends = [{"status": "learned"}]
    assert failure_finding({"s": made_frames(outcomes=ends)}, SECTIONS) is None


def test_the_shallowest_and_the_deepest_limit_are_named():
    rows = [
        LIMIT | {"value": 3.2, "low": 1.0, "high": 5.0},
        LIMIT | {"activation": "ReLU", "value": 11.8, "low": 5.0, "high": 15.0},
        LIMIT | {"width": 25, "value": None, "low": None, "high": None},
    ]
    finding = limit_finding({"s": made_frames(limits=rows)}, SECTIONS)
    assert finding.text == (
        "Half the seeds still learn with 3.2 (tanh, Xavier, 5 wide) and 11.8 (ReLU, Xavier, "
        "5 wide) hidden layers."
    )
    assert finding.certainty == "95 % intervals: 1 to 5 and 5 to 15 layers."
