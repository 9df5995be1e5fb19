"""Sentences are what the tables say: tiny tables by hand, every verdict and its absence."""

import pandas as pd
import pytest

from made_frames import made_frames
from synthetic import study
from vgstudy.findings import findings
from vgstudy.findings.contrasts import contrast
from vgstudy.findings.decay import decay
from vgstudy.findings.failure import failure
from vgstudy.findings.finding import apart, cross_table, setting, verdict
from vgstudy.findings.movement import movement
from vgstudy.findings.width import width


def estimates(quantity, **rows):
    """A row for each activation: value, low, high."""
    named = {"relu": "ReLU"}
    return [
        {"quantity": quantity, "activation": named.get(a, a), "value": v, "low": low, "high": high}
        for a, (v, low, high) in rows.items()
    ]


def test_verdict_by_hand():
    rows = pd.DataFrame({"low": [1.1, 0.5, 0.9, None, 1.0], "high": [1.2, 0.9, 1.1, None, 1.2]})
    found = verdict(rows, 1.0)
    assert [list(part.index) for part in (found.above, found.below, found.undecided, found.unknown)] == [[0], [1], [2, 4], [3]]
    assert found.n == 5


def test_setting_by_hand():
    row = {"activation": "tanh", "initializer": "He", "optimizer": "SGD", "depth": 3, "width": 5}
    assert setting(row) == "tanh, He, SGD, depth 3, 5 wide"
    assert setting(row, ("width", "activation")) == "tanh, 5 wide"


def test_decay_by_hand():
    delta = estimates("d_delta", tanh=(0.9, 0.8, 0.95), relu=(1.3, 1.2, 1.4), sigmoid=(1.0, 0.9, 1.1))
    g = estimates("d_g", tanh=(0.9, 0.8, 0.95))
    found = decay(made_frames([*delta, *g]))
    assert found.headline == (
        "Before any update, at depth 10, the backpropagated signal δ vanishes toward the input in 1 of 3 settings and "
        "explodes in 1; in 1 the interval does not exclude a factor of 1. Strongest vanishing: a factor of 0.90 [0.80, "
        "0.95] per layer with tanh, Xavier, 5 wide. Strongest explosion: a factor of 1.30 [1.20, 1.40] per layer with "
        "ReLU, Xavier, 5 wide."
    )
    assert found.more == (
        "The kernel gradient g, a product of δ and the activations, vanishes toward the input in 1 of 1 setting and "
        "explodes in 0; in 0 the interval does not exclude a factor of 1.",
    )
    assert found.tables[0].head == ("initializer", "width", "tanh", "ReLU", "sigmoid")
    assert found.tables[0].rows == (("Xavier", "5", "0.90 [0.80, 0.95]", "1.30 [1.20, 1.40]", "1.00 [0.90, 1.10]"),)


def test_decay_takes_the_nearest_depth_that_has_a_value():
    rows = [{"quantity": "d_delta", "depth": d, "value": v, "low": v, "high": v} for d, v in ((5, 0.5), (10, None))]
    assert "at depth 5" in decay(made_frames(rows)).headline


def test_decay_does_not_look_at_later_epochs_or_other_optimizers():
    late = {"quantity": "d_delta", "value": 0.5, "low": 0.4, "high": 0.6}
    assert decay(made_frames([{**late, "epoch": 20}, {**late, "optimizer": "Adam"}])) is None


def learned(**by_depth):
    return [
        {"quantity": "p_learned", "epoch": 20, "depth": int(d[1:]), "value": v, "low": low, "high": high}
        for d, (v, low, high) in by_depth.items()
    ]


def test_failure_by_hand():
    fails = learned(d2=(1.0, 0.7, 1.0), d5=(0.0, 0.0, 0.3), d10=(0.0, 0.0, 0.3))
    succeeds = [{**row, "activation": "ReLU"} for row in learned(d2=(0.0, 0.0, 0.3), d10=(1.0, 0.7, 1.0))]
    undecided = [{**row, "activation": "sigmoid"} for row in learned(d2=(1.0, 0.7, 1.0), d10=(0.3, 0.1, 0.5))]
    later = [{**row, "initializer": "He"} for row in learned(d2=(0.9, 0.6, 1.0), d5=(0.4, 0.1, 0.6), d10=(0.1, 0.0, 0.4))]
    never = [{**row, "activation": "ReLU", "initializer": "He"} for row in learned(d2=(0.0, 0.0, 0.3), d10=(0.5, 0.2, 0.8))]
    found = failure(made_frames([*fails, *succeeds, *undecided, *later, *never]))
    assert found.headline == (
        "Training succeeds in shallower networks and fails in deeper ones in 2 of 5 settings; it succeeds even in the deepest in "
        "1, at no depth in 1, and is undecided in 1. (Succeeds, fails: the whole interval of P(learned) lies above, below one "
        "half.) "
        "First to fail, at depth 5: tanh, Xavier, SGD, 5 wide (P(learned) 0.00 [0.00, 0.30]). Last, at depth 10: tanh, He, SGD, "
        "5 wide (0.10 [0.00, 0.40])."
    )
    assert found.tables[0].rows == (
        ("5", "Xavier", "SGD", "5", "succeeds at 10", "undecided"),
        ("5", "He", "SGD", "10", "never succeeds", "–"),
    )


def test_failure_that_several_settings_share_by_hand():
    rows = learned(d1=(1.0, 0.7, 1.0), d2=(0.0, 0.0, 0.3))
    found = failure(made_frames([row | {"activation": a} for row in rows for a in ("tanh", "ReLU", "sigmoid")]))
    assert found.headline.endswith(
        "First to fail, at depth 2: tanh, Xavier, SGD, 5 wide (P(learned) 0.00 [0.00, 0.30]) and 2 other settings."
    )


def test_a_failure_between_two_depths_that_succeed_is_not_the_depth_at_which_training_fails_by_hand():
    found = failure(made_frames(learned(d2=(1.0, 0.7, 1.0), d5=(0.0, 0.0, 0.3), d10=(1.0, 0.7, 1.0))))
    assert found.tables[0].rows == (("5", "Xavier", "SGD", "succeeds at 10"),)


def pair(value, low, high, **columns):
    levels = {
        "factor": "initializer",
        "initializer": "He",
        "level": "He",
        "reference_level": "Xavier",
        "quantity": "p_learned",
        "epoch": 20,
    }
    return {**levels, "value": value, "low": low, "high": high, **columns}


def test_contrast_by_hand():
    differences = [pair(0.6, 0.2, 0.8), pair(-0.7, -0.9, -0.1, activation="ReLU"), pair(0.1, -0.2, 0.4, activation="sigmoid")]
    ratio = pair(1.4, 1.3, 1.5, quantity="d_delta", epoch=0)
    found = contrast(made_frames(contrasts=[*differences, ratio]), "initializer")
    assert found.headline == (
        "He against Xavier: P(learned) is higher in 1 of 3 pairs of cells, lower in 1 and undecided in 1 (the interval "
        "of the difference includes 0). Largest difference: −0.70 [−0.90, −0.10] with ReLU, SGD, depth 10, 5 wide."
    )
    assert found.more == (
        "He against Xavier: the decay factor of δ at epoch 0 is larger in 1 of 1 pair of cells, smaller in 0 and "
        "undecided in 0 (the interval of the ratio includes 1).",
    )
    assert [table.caption for table in found.tables] == [
        "Ratio of decay factor of δ, depth 10",
        "Difference of P(learned), depth 10",
    ]
    assert found.tables[1].rows[0] == (
        "He against Xavier",
        "5",
        "SGD",
        "+0.60 [+0.20, +0.80]",
        "−0.70 [−0.90, −0.10]",
        "+0.10 [−0.20, +0.40]",
    )


def test_contrast_that_decides_nothing_names_no_largest_difference():
    found = contrast(made_frames(contrasts=[pair(0.6, -0.2, 0.8)]), "initializer")
    assert found.headline.endswith("undecided in 1 (the interval of the difference includes 0).")


def test_contrast_of_depths_has_a_row_for_each_depth():
    columns = {"factor": "depth", "initializer": "Xavier", "reference_level": "1"}
    rows = [pair(0.1, -0.1, 0.3, depth=d, level=str(d), **columns) for d in (2, 3)]
    assert [row[:2] for row in contrast(made_frames(contrasts=rows), "depth").tables[0].rows] == [
        ("2", "against 1"),
        ("3", "against 1"),
    ]


def test_apart_by_hand():
    levels = [
        ("tanh", 1.0, 0.9, 1.1, 5),
        ("ReLU", 0.5, 0.4, 0.6, 5),
        ("tanh", 1.0, 0.9, 1.1, 10),
        ("ReLU", 1.1, 1.05, 1.2, 10),
        ("tanh", 1.0, None, None, 2),
    ]
    rows = pd.DataFrame(levels, columns=["activation", "value", "low", "high", "depth"])
    both = apart(rows, "activation", "tanh", "ReLU", ["depth"])
    assert list(both["depth"]) == [5, 10]
    assert list(both["sign"]) == [1, 0]
    assert list(apart(rows, "activation", "ReLU", "tanh", ["depth"])["sign"]) == [-1, 0]


def test_width_by_hand():
    wide = [{**row, "width": 25} for row in learned(d5=(1.0, 0.7, 1.0), d10=(0.5, 0.2, 0.8))]
    narrow = learned(d5=(0.0, 0.0, 0.3), d10=(0.5, 0.2, 0.8))
    found = width(made_frames([*wide, *narrow]))
    assert found.headline == (
        "25 against 5 wide: P(learned) is higher in 1 of 2 settings, lower in 0 and undecided in 1 (the two intervals overlap)."
    )
    assert found.more == (
        "They differ most with tanh, Xavier, SGD, depth 5: 1.00 [0.70, 1.00] at width 25 and 0.00 [0.00, 0.30] at width 5.",
    )


def test_movement_by_hand():
    moved = [
        {"quantity": "w_l1_change", "epoch": 20, "depth": 5, "activation": a, "value": v, "low": v - 0.5, "high": v + 0.5}
        for a, v in (("tanh", 3.0), ("ReLU", 5.0), ("sigmoid", 9.0))
    ]
    other = [{**row, "layer": 2, "value": 99.0} for row in moved]
    found = movement(made_frames(profiles=[*moved, *other]))
    assert found.headline == (
        "tanh against ReLU: over training, at depth 5, the weights of layer 1 move further (L1 change) in 0 of 1 "
        "setting, less far in 1 and undecided in 0 (the two intervals overlap)."
    )
    assert found.more == ("With Xavier, SGD, depth 5, 5 wide: 3.0 [2.5, 3.5] with tanh, 5.0 [4.5, 5.5] with ReLU.",)


@pytest.mark.parametrize("one", [{"activations": ("tanh",)}, {"widths": (5,)}])
def test_nothing_is_compared_with_a_single_level(one):
    frames = made_frames(learned(d5=(1.0, 0.7, 1.0)), resolved=study(**one))
    assert {finding.topic for finding in findings(frames)} == {"Depth at which training fails"}


def test_width_is_told_once():
    rows = [{**row, "width": w} for row in learned(d5=(1.0, 0.7, 1.0)) for w in (5, 25)]
    declared = [pair(0.0, -0.3, 0.3, factor="width", width=25, level="25", reference_level="5")]
    told = [finding for finding in findings(made_frames(rows, contrasts=declared)) if "wide: P(learned)" in finding.headline]
    assert [finding.figure for finding in told] == ["contrast-width"]
    undeclared = made_frames(rows, resolved=study() | {"contrasts": []})
    assert [finding.figure for finding in findings(undeclared)] == ["learned-depth", "learned-depth"]


def test_no_estimates_no_findings():
    assert findings(made_frames()) == []


def test_a_table_has_a_dash_where_there_is_no_row_by_hand():
    rows = [("5", "tanh", "a"), ("25", "ReLU", "b")]
    table = cross_table(
        "t", pd.DataFrame(rows, columns=["width", "activation", "text"]), ("width",), "activation", lambda row: row["text"]
    )
    assert table.head == ("width", "ReLU", "tanh")
    assert table.rows == (("25", "b", "–"), ("5", "–", "a"))
