"""Findings before training say what the tables say: every direction and its absence, by hand."""

from synthetic import made_frames
from vgstudy.report.decay_findings import initial_decay, precision, theory_agreement
from vgstudy.theory.overlays import VARIANCE


def estimates(quantity, **rows):
    """A row for each activation: value, low, high."""
    named = {"relu": "ReLU"}
    return [
        {"quantity": quantity, "activation": named.get(a, a), "value": v, "low": low, "high": high}
        for a, (v, low, high) in rows.items()
    ]


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
    found = initial_decay(made_frames([*delta, *g], linearity=curved))
    assert found.headline == (
        "Before any update, at depth 10, the backpropagated signal δ vanishes toward the input in "
        "1 of 3 settings, explodes in "
        "1, does neither in 0 and is undecided in 1. Strongest vanishing: a factor of 0.90 [0.80, "
        "0.95] per layer with tanh, "
        "Xavier, 5 wide. Strongest explosion: a factor of 1.30 [1.20, 1.40] per layer with ReLU, "
        "Xavier, 5 wide."
    )
    assert found.more[0] == (
        "The kernel gradient g, a product of δ and the activations, vanishes toward the input in "
        "0 of 1 setting, explodes in 0, "
        "does neither in 1 and is undecided in 0."
    )
    assert found.more[2] == (
        "One factor per layer is too simple a description of δ in 1 of 2 cells (curvature, Holm). "
        "Most bent: tanh, Xavier, "
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
    assert "at depth 5" in initial_decay(made_frames(rows)).headline


def test_decay_does_not_look_at_later_epochs():
    assert (
        initial_decay(
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
    one, two = (
        initial_decay(made_frames(both)).headline,
        initial_decay(made_frames([*both, only])).headline,
    )
    assert "in the networks for SGD, " in one
    assert "of 1 setting, " in one
    assert "in the networks for SGD and Adam, " in two
    assert "of 2 settings, " in two


def test_a_depth_with_few_settings_does_not_count_by_hand():
    ends = {"quantity": "d_delta", "value": 0.5, "low": 0.4, "high": 0.6, "direction": "vanishes"}
    at_5 = [{**ends, "activation": name, "depth": 5} for name in ("tanh", "ReLU", "sigmoid")]
    assert "at depth 5" in initial_decay(made_frames([*at_5, {**ends, "depth": 10}])).headline


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
        "In half of 3 cells the decay factor of δ at epoch 0 is known to within ±25 %, in the "
        "least precise to a factor of 2.00 "
        "(sigmoid, Xavier, depth 10, 5 wide)."
    )
    assert found.more == (
        "At the spread seen, ±5 % takes 80 seeds in half of the cells and more than 1,000 seeds "
        "in the hardest "
        "(sigmoid, Xavier, depth 10, 5 wide), where 100 seeds would reach ±48.7 %.",
    )
    assert found.tables[0].rows[0] == (
        "Xavier",
        "5",
        "80 (±25 %)",
        "12 (±10 %)",
        "more than 1,000 (a factor of 2.00)",
    )


def rows(quantity: str, **fields: object) -> dict[str, object]:
    return {
        "quantity": quantity,
        "predicted": 0.9,
        "value": 0.8,
        "low": 0.7,
        "high": 0.95,
        "z": -1.5,
        **fields,
    }


def test_theory_by_hand():
    near = [rows("d_delta", depth=depth) for depth in (5, 10)]
    far = rows("d_delta", depth=5, width=25, value=1.8, low=1.7, high=1.9, z=7.0)
    found = theory_agreement(made_frames(overlays=[*near, far, rows(VARIANCE, value=1.8)]))
    assert (
        "before any update holds what theory predicts, here the limit of infinite width, in 2 of "
        "3 cells" in found.headline
    )
    assert found.more[0].startswith(
        "Furthest apart in standard errors: δ with tanh, Xavier, depth 5, 25 wide, measured 1.80 "
        "[1.70, 1.90]"
    )
    assert "is 2.00 times (median over 1 cell)" in found.more[-1]
    assert found.tables[0].rows[0][-1] == "0.80 [0.70, 0.95] | 0.900 | -1.5"
    assert theory_agreement(made_frames()) is None
