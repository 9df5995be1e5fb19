from itertools import count, starmap

import numpy as np
import pandas as pd
import pytest
from sklearn.isotonic import IsotonicRegression

from vgstudy.analysis.depth_limit import (
    crossing,
    difference,
    fitted_limits,
    limit,
    limit_row,
    monotone,
    outward,
    p_monotone,
    shares_learned,
)
from vgstudy.schema import DEFAULT_LEVELS

DEPTH = np.arange(1.0, 9.0)


def found(learned: list[int], n: int = 10):
    return limit(
        DEPTH[: len(learned)],
        np.array(learned, dtype=float),
        np.full(len(learned), float(n)),
        np.random.default_rng(0),
    )


def test_monotone_fit_against_sklearn():
    rng = np.random.default_rng(1)
    share, weight = rng.random((20, 8)), rng.integers(1, 30, 8).astype(float)
    expected = [
        IsotonicRegression(increasing=False).fit(DEPTH, row, sample_weight=weight).predict(DEPTH)
        for row in share
    ]
    np.testing.assert_allclose(monotone(share, weight), expected)


def test_crossing_by_hand():
    fit = np.array([[1.0, 0.6, 0.2], [1.0, 0.5, 0.0], [0.9, 0.8, 0.5], [0.4, 0.3, 0.1]])
    np.testing.assert_allclose(
        crossing(fit, np.array([1.0, 3.0, 7.0])), [3 + 4 * 0.1 / 0.4, 3, np.inf, -np.inf]
    )


def fitted(shares: dict[tuple[int, str], list[float]], n: int = 10, depths=None):
    """Limits of settings of a width and an optimizer, by their shares at depths 1, 2, ... or those
    given."""
    cells = [
        {
            "cell": f"{w}{o}{d}",
            "depth": d,
            "width": w,
            "activation": "tanh",
            "initializer": "He",
            "optimizer": o,
            **DEFAULT_LEVELS,
            "mean": share,
        }
        for (w, o), listed in shares.items()
        for d, share in zip(depths or count(1), listed, strict=False)
    ]
    frame = pd.DataFrame(cells)
    summaries = frame[["cell", "mean"]].assign(quantity="p_learned", n_alive=n)
    return fitted_limits(shares_learned(frame.drop(columns="mean"), summaries))


def rows(shares: dict[tuple[int, str], list[float]], depths=None) -> pd.DataFrame:
    """The rows of `limits` of settings, as `fitted` takes them."""
    return pd.DataFrame(starmap(limit_row, fitted(shares, depths=depths).items()))


def test_a_limit_inside_the_range_by_hand():
    (row,) = rows({(5, "SGD"): [1, 1, 0.8, 0.2, 0, 0]}).to_dict("records")
    assert row["value"] == pytest.approx(3.5)
    assert 2.5 < row["low"] < 3.5 < row["high"] < 4.5
    assert (row["range"], row["shallowest"], row["deepest"], row["n"], row["misfit"]) == (
        "inside",
        1,
        6,
        60,
        0,
    )


def test_limits_beyond_the_range_say_so_and_state_the_bound_they_know():
    table = rows(
        {
            (5, "SGD"): [1, 1, 1, 1],
            (25, "SGD"): [0, 0, 0, 0],
            (5, "Adam"): [1, 1, 1, 0.6],
            (25, "Adam"): [0.4, 0, 0, 0],
        }
    )
    found = table.set_index(["width", "optimizer"])[["range", "value", "low", "high"]]
    assert found.loc[(5, "SGD"), ["range", "low"]].tolist() == ["deeper", 4]
    assert found.loc[(5, "SGD"), ["value", "high"]].isna().all()
    assert found.loc[(25, "SGD"), "range"] == "shallower"
    assert found.loc[(25, "SGD"), "high"] == 1
    assert found.loc[(25, "SGD"), ["value", "low"]].isna().all()
    assert found.loc[(5, "Adam"), "range"] == "deeper"
    assert 3 < found.loc[(5, "Adam"), "low"] < 4
    assert found.loc[(25, "Adam"), "range"] == "shallower"
    assert 1 < found.loc[(25, "Adam"), "high"] < 2


def test_a_rise_with_depth_is_not_monotone_by_hand():
    rising, chance, falling = (
        p_monotone(np.array(learned, dtype=float), np.full(4, 10.0), np.random.default_rng(0), 999)
        for learned in ([0, 10, 10, 0], [10, 6, 7, 0], [10, 9, 3, 0])
    )
    assert rising == (
        pytest.approx(2 / 3),
        pytest.approx(0.001, abs=0.002),
    )  # the first three share 20 of 30
    assert chance[0] == pytest.approx(0.05)
    assert chance[1] > 0.3
    assert falling == (0, 1)
    table = rows({(5, "SGD"): [0, 1, 1, 1, 0, 0], (25, "SGD"): [1, 1, 1, 1, 0, 0]})
    assert table["fit"].tolist() == ["not monotone", "monotone"]


def test_an_interval_ends_at_the_depths_run_where_they_are_far_apart_by_hand():
    depth = np.array([1.0, 3.0, 5.0, 15.0, 20.0])
    low, high = outward([-np.inf, 1.5, 5.0, 5.1, 15.0, 17.0, 20.0, np.inf], depth)
    assert low.tolist() == [-np.inf, 1.5, 5, 5, 15, 17, 20, np.inf]
    assert high.tolist() == [-np.inf, 1.5, 5, 15, 15, 17, 20, np.inf]
    (row,) = rows({(5, "SGD"): [1, 1, 1, 0, 0]}, depths=[1, 3, 5, 15, 20]).to_dict("records")
    assert (row["value"], row["low"], row["high"], row["fit"]) == (10, 5, 15, "interpolated")


def test_a_difference_of_limits_far_from_depths_run_is_as_wide_as_what_is_known_by_hand():
    shares, depths = {(5, "SGD"): [1, 1, 0, 0], (25, "SGD"): [1, 1, 1, 0]}, [1, 5, 15, 40]
    narrow, wide = fitted(shares, n=100, depths=depths).values()
    found = difference(wide, narrow)
    assert (found.value, found.low, found.high) == (27.5 - 10, 15 - 15, 40 - 5)
    assert found.bound == "exact"


def test_a_difference_is_a_bound_where_a_limit_is_beyond_the_range_by_hand():
    inside, deeper, shallower = (
        next(iter(fitted({(5, "SGD"): shares}).values()))
        for shares in ([1, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0])
    )
    found = {
        (one.range, other.range): difference(one, other)
        for one in (inside, deeper, shallower)
        for other in (inside, deeper, shallower)
    }
    assert {pair: each.bound for pair, each in found.items()} == {
        ("inside", "inside"): "exact",
        ("inside", "deeper"): "at most",
        ("inside", "shallower"): "at least",
        ("deeper", "inside"): "at least",
        ("deeper", "deeper"): "unknown",
        ("deeper", "shallower"): "at least",
        ("shallower", "inside"): "at most",
        ("shallower", "deeper"): "at most",
        ("shallower", "shallower"): "unknown",
    }
    assert found["deeper", "inside"].value == 4 - 1.5
    assert found["deeper", "inside"].low < 4 - 1.5
    assert np.isnan(found["deeper", "deeper"].value)


def test_an_arm_of_one_depth_has_no_limit_and_missing_depths_are_bridged():
    assert rows({(5, "SGD"): [1.0]}).empty
    assert crossing(np.array([1.0, 0.0]), np.array([2.0, 10.0])) == 6


def test_an_arm_does_not_depend_on_other_arms_against_itself():
    alone = rows({(5, "SGD"): [1, 0.7, 0.3]})
    with_others = (
        rows({(25, "Adam"): [1, 1, 0.5], (5, "SGD"): [1, 0.7, 0.3]})
        .query("width == 5")
        .reset_index(drop=True)
    )
    pd.testing.assert_frame_equal(alone, with_others)
