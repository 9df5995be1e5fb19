"""Sentences are what the tables say: tiny tables by hand, every direction and its absence."""

import pandas as pd

from made_frames import made_frames
from synthetic import study
from vgstudy.report.contrasts import contrast
from vgstudy.report.decay import decay
from vgstudy.report.finding import (
    both_levels,
    cross_table,
    furthest,
    setting,
    sides_by_interval,
    sides_by_test,
)
from vgstudy.report.findings import findings
from vgstudy.report.limit import limit
from vgstudy.report.movement import movement
from vgstudy.report.precision import precision
from vgstudy.report.variance import variance


def estimates(quantity, **rows):
    """A row for each activation: value, low, high."""
    named = {"relu": "ReLU"}
    return [
        {"quantity": quantity, "activation": named.get(a, a), "value": v, "low": low, "high": high}
        for a, (v, low, high) in rows.items()
    ]


def test_sides_by_interval_by_hand():
    rows = pd.DataFrame({"low": [1.1, 0.5, 0.9, None, 1.0], "high": [1.2, 0.9, 1.1, None, 1.2]})
    found = sides_by_interval(rows, 1.0)
    assert [
        list(part.index) for part in (found.above, found.below, found.undecided, found.unknown)
    ] == [[0], [1], [2, 4], [3]]
    assert found.n == 5


def test_setting_by_hand():
    row = {"activation": "tanh", "initializer": "He", "optimizer": "SGD", "depth": 3, "width": 5}
    assert setting(row) == "tanh, He, SGD, depth 3, 5 wide"
    assert setting(row, ("width", "activation")) == "tanh, 5 wide"


def test_decay_by_hand():
    directions = ("vanishes", "explodes", "undecided")
    delta = estimates(
        "d_delta", tanh=(0.9, 0.8, 0.95), relu=(1.3, 1.2, 1.4), sigmoid=(1.0, 0.9, 1.1)
    )
    delta = [
        {**row, "direction": direction} for row, direction in zip(delta, directions, strict=True)
    ]
    g = [{**row, "direction": "equivalent"} for row in estimates("d_g", tanh=(0.99, 0.98, 0.995))]
    tests = {"tanh": 0.01, "ReLU": 1.0}
    curved = [
        {"quantity": "curvature_delta", "value": 0.1, "p_adjusted": p, "activation": a}
        for a, p in tests.items()
    ]
    found = decay(made_frames([*delta, *g], linearity=curved))
    assert found.headline == (
        "Before any update, at depth 10, the backpropagated signal δ vanishes toward the input in 1 of 3 settings, explodes in "
        "1, does neither in 0 and is undecided in 1. Strongest vanishing: a factor of 0.90 [0.80, 0.95] per layer with tanh, "
        "Xavier, 5 wide. Strongest explosion: a factor of 1.30 [1.20, 1.40] per layer with ReLU, Xavier, 5 wide."
    )
    assert found.more[0] == (
        "The kernel gradient g, a product of δ and the activations, vanishes toward the input in 0 of 1 setting, explodes in 0, "
        "does neither in 1 and is undecided in 0."
    )
    assert found.more[2] == (
        "One factor per layer is too simple a description of δ in 1 of 2 cells (curvature, Holm). Most bent: tanh, Xavier, "
        "depth 10, 5 wide."
    )
    assert found.tables[0].head == ("initializer", "width", "tanh", "ReLU", "sigmoid")
    assert found.tables[0].rows == (
        ("Xavier", "5", "0.90 [0.80, 0.95]", "1.30 [1.20, 1.40]", "1.00 [0.90, 1.10]"),
    )


def test_decay_takes_the_nearest_depth_that_has_a_value():
    rows = [
        {"quantity": "d_delta", "depth": d, "value": v, "low": v, "high": v}
        for d, v in ((5, 0.5), (10, None))
    ]
    assert "at depth 5" in decay(made_frames(rows)).headline


def test_decay_does_not_look_at_later_epochs():
    assert (
        decay(
            made_frames(
                [{"quantity": "d_delta", "value": 0.5, "low": 0.4, "high": 0.6, "epoch": 20}]
            )
        )
        is None
    )


def test_decay_counts_a_setting_once_by_the_first_optimizer_that_it_has():
    row = {"quantity": "d_delta", "value": 0.5, "low": 0.4, "high": 0.6}
    both, only = (
        [{**row, "optimizer": name} for name in ("SGD", "Adam")],
        {**row, "optimizer": "Adam", "activation": "ReLU"},
    )
    one, two = decay(made_frames(both)).headline, decay(made_frames([*both, only])).headline
    assert "in the networks for SGD, " in one
    assert "of 1 setting, " in one
    assert "in the networks for SGD and Adam, " in two
    assert "of 2 settings, " in two


def limits(**rows):
    """A row of limits for each activation: value, low, high, range, fit."""
    names = {"relu": "ReLU"}
    levels = {
        "width": 5,
        "initializer": "Xavier",
        "optimizer": "SGD",
        "shallowest": 1,
        "deepest": 20,
        "factor": None,
    }
    return [
        {
            **levels,
            "activation": names.get(a, a),
            "value": v,
            "low": low,
            "high": high,
            "range": place,
            "fit": [*fit, "monotone"][0],
        }
        for a, (v, low, high, place, *fit) in rows.items()
    ]


def test_limit_by_hand():
    own = limits(
        tanh=(8.0, 7.0, 9.0, "inside"),
        relu=(None, 19.0, None, "deeper"),
        sigmoid=(2.0, None, 3.0, "inside"),
    )
    against = {"factor": "initializer", "reference": "Xavier", "initializer": "He"}
    compared = [
        {**row, **against}
        for row in limits(tanh=(4.0, 2.0, 6.0, "inside"), relu=(0.0, -1.0, 0.0, "deeper"))
    ]
    found = limit(made_frames(limits=[*own, *compared]))
    assert found.headline == (
        "Half of the seeds still learn down to a depth inside the range studied in 2 of 3 settings; in 1 even in the deepest "
        "networks. Shallowest limit: depth 2.0 [below 1, 3.0] with sigmoid, Xavier, SGD, 5 wide; deepest: depth 8.0 [7.0, 9.0] "
        "with tanh, Xavier, SGD, 5 wide."
    )
    assert found.more == (
        "He against Xavier: the limit is deeper in 1 of 2 settings, shallower in 0 and undecided in 1 (the interval of the "
        "difference includes 0; exploratory, not corrected). Largest difference: +4.0 [+2.0, +6.0] layers with tanh, SGD, "
        "5 wide.",
    )
    assert found.tables[0].rows == (
        ("5", "Xavier", "SGD", "8.0 [7.0, 9.0]", "beyond 20", "2.0 [below 1, 3.0]"),
    )


def test_a_limit_far_from_any_depth_that_was_run_is_a_bracket_by_hand():
    found = limit(
        made_frames(
            limits=limits(
                tanh=(3.17, 1.0, 5.0, "inside", "interpolated"), sigmoid=(4.1, 3.6, 4.6, "inside")
            )
        )
    )
    assert "Shallowest limit: between 1 and 5 with tanh" in found.headline
    assert "deepest: depth 4.1 [3.6, 4.6] with sigmoid" in found.headline


def test_a_limit_between_depths_of_which_one_is_beyond_is_no_bracket():
    found = limit(made_frames(limits=limits(tanh=(3.17, None, 5.0, "inside", "interpolated"))))
    assert "below" in found.headline
    assert "between" not in found.headline


def test_a_share_that_rises_with_depth_has_no_one_limit_by_hand():
    own = limits(tanh=(2.0, 1.0, 5.0, "inside", "not monotone"), sigmoid=(4.1, 3.6, 4.6, "inside"))
    found = limit(made_frames(limits=own))
    assert (
        "In 1 of them P(learned) rises with depth by more than chance explains, so there is no one limit."
        in found.headline
    )
    assert (
        "Shallowest limit: depth 4.1 [3.6, 4.6] with sigmoid, Xavier, SGD, 5 wide."
        in found.headline
    )
    assert found.tables[0].rows[0][3:] == ("2.0 [1.0, 5.0], not monotone", "4.1 [3.6, 4.6]")


def test_one_added_setting_does_not_move_the_depth_that_is_told_by_hand():
    ends = {"quantity": "d_delta", "value": 0.5, "low": 0.4, "high": 0.6, "direction": "vanishes"}
    at_5 = [{**ends, "activation": name, "depth": 5} for name in ("tanh", "ReLU", "sigmoid")]
    assert "at depth 5" in decay(made_frames([*at_5, {**ends, "depth": 10}])).headline


def test_what_no_factor_alone_explains_is_told_by_hand():
    about = {"quantity": "log d_delta", "epoch": 0, "n": 60, "low": 0.0, "high": 0.2}
    found = variance(
        made_frames(
            variances=[
                {**about, "source": name, "value": v}
                for name, v in (("depth", 0.01), ("seed", 0.13))
            ]
        )
    )
    assert (
        "; 86 % goes to factors that vary together, which cannot be told apart." in found.headline
    )


def test_variance_by_hand():
    shares = (("depth", 0.5, 0.4, 0.6), ("width", 0.2, 0.1, 0.3), ("seed", 0.3, 0.2, 0.4))
    columns = {"quantity": "test_accuracy", "epoch": 20, "n": 60}
    rows = [
        {**columns, "source": name, "value": v, "low": low, "high": high}
        for name, v, low, high in shares
    ]
    found = variance(made_frames(variances=rows))
    assert found.headline == (
        "Of the variance of the test accuracy at epoch 20 over 60 runs, depth explains 50 [40, 60] % and width explains "
        "20 [10, 30] %; the seed 30 [20, 40] %."
    )
    assert found.tables[0].rows == (
        ("depth", "50 [40, 60]"),
        ("width", "20 [10, 30]"),
        ("seed", "30 [20, 40]"),
    )


def test_precision_by_hand():
    values = {"quantity": "d_delta", "value": 1.0}
    rows = [
        {**values, "low": 0.8, "high": 1.25, "seeds_needed": 80.0, "spread": 0.22},
        {
            **values,
            "low": 1 / 1.1,
            "high": 1.1,
            "seeds_needed": 12.0,
            "spread": 0.08,
            "activation": "ReLU",
        },
        {
            **values,
            "low": 0.5,
            "high": 2.0,
            "seeds_needed": float("inf"),
            "spread": 2.0,
            "activation": "sigmoid",
        },
    ]
    found = precision(made_frames(rows))
    assert found.headline == (
        "Half of 3 cells know the decay factor of δ at epoch 0 to within ±25 %, the least precise to a factor of 2.00 "
        "(sigmoid, Xavier, depth 10, 5 wide)."
    )
    assert found.more == (
        "At the spread seen, ±5 % takes 80 seeds in half of the cells and more than 1,000 seeds in the hardest "
        "(sigmoid, Xavier, depth 10, 5 wide), where 100 seeds would reach ±48.7 %.",
    )
    assert found.tables[0].rows[0] == (
        "Xavier",
        "5",
        "80 (±25 %)",
        "12 (±10 %)",
        "more than 1,000 (a factor of 2.00)",
    )


def test_tested_by_hand():
    rows = pd.DataFrame({"value": [1.2, 0.5, 1.2, 1.0], "p_adjusted": [0.01, 0.04, 0.2, None]})
    found = sides_by_test(rows, 1.0)
    assert [
        list(part.index) for part in (found.above, found.below, found.undecided, found.unknown)
    ] == [[0], [1], [2], [3]]


def pair(value, low, high, **columns):
    levels = {
        "factor": "initializer",
        "initializer": "He",
        "level": "He",
        "reference_level": "Xavier",
        "quantity": "p_learned",
        "epoch": 20,
        "correction": "Holm",
        "p_adjusted": 1.0 if low <= (columns.get("quantity") == "d_delta") <= high else 0.01,
    }
    return {**levels, "value": value, "low": low, "high": high, **columns}


def test_contrast_by_hand():
    differences = [
        pair(0.6, 0.2, 0.8),
        pair(-0.7, -0.9, -0.1, activation="ReLU"),
        pair(0.1, -0.2, 0.4, activation="sigmoid"),
    ]
    ratio = pair(1.4, 1.3, 1.5, quantity="d_delta", epoch=0)
    found = contrast(made_frames(contrasts=[*differences, ratio]), "initializer")
    assert found.headline == (
        "He against Xavier: P(learned) is higher in 1 of 3 pairs of cells, lower in 1 and undecided in 1 (tests "
        "corrected by Holm). Largest difference: −0.70 [−0.90, −0.10] with ReLU, SGD, depth 10, 5 wide."
    )
    assert found.more == (
        "He against Xavier: the decay factor of δ at epoch 0 is larger in 1 of 1 pair of cells, smaller in 0 and "
        "undecided in 0 (tests corrected by Holm).",
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
    assert found.headline.endswith("undecided in 1 (tests corrected by Holm).")


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
    both = both_levels(rows, "activation", "tanh", "ReLU", ["depth"])
    assert list(both["depth"]) == [5, 10]
    assert list(both["value"] > both["value_reference"]) == [True, False]


def test_movement_by_hand():
    moved = [
        {
            "quantity": "w_l1_change",
            "epoch": 20,
            "depth": 5,
            "activation": a,
            "value": v,
            "low": v - 0.5,
            "high": v + 0.5,
        }
        for a, v in (("tanh", 3.0), ("ReLU", 5.0), ("sigmoid", 9.0))
    ]
    other = [{**row, "layer": 2, "value": 99.0} for row in moved]
    found = movement(made_frames(profiles=[*moved, *other]))
    assert found.headline == (
        "tanh against ReLU: over training, at depth 5, the weights of layer 1 move further (mean L1 change) in 0 of 1 "
        "setting, less far in 1 and undecided in 0 (Welch's test, Holm over the settings)."
    )
    assert found.more == (
        "With Xavier, SGD, depth 5, 5 wide: 3.0 [2.5, 3.5] with tanh, 5.0 [4.5, 5.5] with ReLU.",
    )


def test_no_estimates_no_findings():
    assert findings(made_frames()) == []


def test_a_table_has_a_dash_where_there_is_no_row_by_hand():
    rows = [("5", "tanh", "a"), ("25", "ReLU", "b")]
    table = cross_table(
        "t",
        pd.DataFrame(rows, columns=["width", "activation", "text"]),
        ("width",),
        "activation",
        lambda row: row["text"],
    )
    assert table.head == ("width", "ReLU", "tanh")
    assert table.rows == (("25", "b", "–"), ("5", "–", "a"))


def test_the_largest_difference_tells_how_many_are_as_large_by_hand():
    rows = pd.DataFrame({"value": [0.5, -1.0, 1.0, -1.0], "depth": [1, 2, 3, 4]})
    row, more = furthest(rows)
    assert (row["depth"], more) == (2, ", and 2 more as large")
    assert furthest(rows.iloc[:2])[1] == ""


def test_a_declared_contrast_of_accuracies_is_told_by_hand():
    rows = [pair(0.6, 0.2, 0.8), pair(0.1, 0.05, 0.2, quantity="test_accuracy")]
    declared = [
        {
            "factor": "initializer",
            "reference": "Xavier",
            "quantities": ["p_learned", "test_accuracy"],
        }
    ]
    frames = made_frames(contrasts=rows, resolved={**study(), "contrasts": declared})
    found = contrast(frames, "initializer")
    assert "He against Xavier: test accuracy is higher in 1 of 1 pair of cells" in found.headline
    assert found.tables[-1].caption == "Difference of test accuracy, depth 10"
    undeclared = contrast(made_frames(contrasts=rows), "initializer")
    assert "test accuracy" not in undeclared.headline


def test_pairs_without_a_value_are_counted_by_hand():
    rows = [
        pair(1.4, 1.3, 1.5, quantity="d_delta", epoch=0),
        pair(None, 0, 2, quantity="d_delta", epoch=0, depth=5) | {"p_adjusted": None},
    ]
    assert (
        "larger in 1 of 2 pairs of cells, smaller in 0 and undecided in 0; 1 has no interval"
        in (contrast(made_frames(contrasts=rows), "initializer").headline)
    )
