"""Findings about depth limits and variance say what the tables say, by hand."""

from synthetic import made_frames
from vgstudy.report.training_findings import depth_limits, variance_shares


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
    found = depth_limits(made_frames(limits=[*own, *compared]))
    assert found.headline == (
        "Half of the seeds still learn down to a depth inside the range studied in 2 of 3 "
        "settings; in 1 even in the deepest "
        "networks. Shallowest limit: depth 2.0 [below 1, 3.0] with sigmoid, Xavier, SGD, 5 wide; "
        "deepest: depth 8.0 [7.0, 9.0] "
        "with tanh, Xavier, SGD, 5 wide."
    )
    assert found.more == (
        "He against Xavier: the limit is deeper in 1 of 2 settings, shallower in 0 and undecided "
        "in 1 (the interval of the "
        "difference includes 0; exploratory, not corrected). Largest difference: +4.0 [+2.0, "
        "+6.0] layers with tanh, SGD, "
        "5 wide.",
    )
    assert found.tables[0].rows == (
        ("5", "Xavier", "SGD", "8.0 [7.0, 9.0]", "beyond 20", "2.0 [below 1, 3.0]"),
    )


def test_a_limit_far_from_any_depth_that_was_run_is_a_bracket_by_hand():
    found = depth_limits(
        made_frames(
            limits=limits(
                tanh=(3.17, 1.0, 5.0, "inside", "interpolated"), sigmoid=(4.1, 3.6, 4.6, "inside")
            )
        )
    )
    assert "Shallowest limit: between 1 and 5 with tanh" in found.headline
    assert "deepest: depth 4.1 [3.6, 4.6] with sigmoid" in found.headline


def test_a_limit_between_depths_of_which_one_is_beyond_is_no_bracket():
    found = depth_limits(
        made_frames(limits=limits(tanh=(3.17, None, 5.0, "inside", "interpolated")))
    )
    assert "below" in found.headline
    assert "between" not in found.headline


def test_a_share_that_rises_with_depth_has_no_one_limit_by_hand():
    own = limits(tanh=(2.0, 1.0, 5.0, "inside", "not monotone"), sigmoid=(4.1, 3.6, 4.6, "inside"))
    found = depth_limits(made_frames(limits=own))
    assert (
        "In 1 of them P(learned) rises with depth by more than chance explains, so there is no "
        "one limit." in found.headline
    )
    assert (
        "Shallowest limit: depth 4.1 [3.6, 4.6] with sigmoid, Xavier, SGD, 5 wide."
        in found.headline
    )
    assert found.tables[0].rows[0][3:] == ("2.0 [1.0, 5.0], not monotone", "4.1 [3.6, 4.6]")


def test_variance_that_factors_share_by_hand():
    about = {"quantity": "log d_delta", "epoch": 0, "n": 60, "low": 0.0, "high": 0.2}
    found = variance_shares(
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
    found = variance_shares(made_frames(variances=rows))
    assert found.headline == (
        "Shares of the variance of the test accuracy at epoch 20 over 60 runs: depth 50 [40, 60] "
        "%, "
        "width 20 [10, 30] % and seed 30 [20, 40] %."
    )
    assert found.tables[0].rows == (
        ("depth", "50 [40, 60]"),
        ("width", "20 [10, 30]"),
        ("seed", "30 [20, 40]"),
    )
