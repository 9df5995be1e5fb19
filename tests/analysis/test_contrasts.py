import numpy as np
import pandas as pd
import pytest

from vgstudy.analysis.contrasts import two_by_two_rows
from vgstudy.analysis.intervals import newcombe, weighted_sum, wilson
from vgstudy.schema import DEFAULT_LEVELS, TABLES

CROSSED = {"activation": ["tanh", "ReLU"], "initializer": ["uniform(0,1)", "He"]}
# runs of 10 that learned, by activation and initializer, at depths 1 and 2
LEARNED = {
    ("tanh", "uniform(0,1)"): {1: 1, 2: 0},
    ("ReLU", "uniform(0,1)"): {1: 3, 2: 0},
    ("tanh", "He"): {1: 5, 2: 4},
    ("ReLU", "He"): {1: 9, 2: 10},
    ("sigmoid", "He"): {1: 7, 2: 7},
}


def effects(learned=LEARNED, crossed=CROSSED) -> pd.DataFrame:
    rows = [
        {"activation": a, "initializer": i, "depth": d, "n": 10.0, "learned": float(k)}
        for (a, i), counts in learned.items()
        for d, k in counts.items()
    ]
    shares = pd.DataFrame(rows).assign(width=5, optimizer="SGD", **DEFAULT_LEVELS)
    return pd.DataFrame(
        two_by_two_rows(shares, crossed), columns=list(TABLES["two_by_two"].columns)
    )


def test_effects_at_each_depth_and_over_all_by_hand():
    table = effects()
    found = {
        (row.effect, None if np.isnan(row.depth) else row.depth): row.value
        for row in table.itertuples()
    }
    expected = {
        ("activation", 1): ((0.3 - 0.1) + (0.9 - 0.5)) / 2,
        ("initializer", 1): ((0.5 - 0.1) + (0.9 - 0.3)) / 2,
        ("interaction", 1): (0.9 - 0.5) - (0.3 - 0.1),
        ("activation", 2): 0.3,
        ("initializer", 2): 0.7,
        ("interaction", 2): 0.6,
        ("activation", None): 0.3,
        ("initializer", None): 0.6,
        ("interaction", None): 0.4,
    }
    assert found == pytest.approx(expected)
    assert table["n"].tolist() == [40] * 6 + [80] * 3
    assert table["depths"].tolist() == [1] * 6 + [2] * 3
    assert table[["activation", "initializer"]].isna().all(axis=None)
    assert set(table["change"]) == {
        "tanh to ReLU",
        "uniform(0,1) to He",
        "tanh to ReLU and uniform(0,1) to He",
    }
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()


def test_both_effects_add_up_to_both_changes_against_itself():
    values = effects().query("depth == 1").set_index("effect")["value"]
    assert values["activation"] + values["initializer"] == pytest.approx(0.9 - 0.1)


def test_a_missing_combination_has_no_effects_by_hand():
    assert effects({key: LEARNED[key] for key in list(LEARNED)[:3]}).empty
    assert effects(crossed=None).empty
    partly = effects({**LEARNED, ("ReLU", "He"): {2: 10, 3: 10}})
    assert partly["depth"].dropna().unique().tolist() == [2]


def test_a_sum_of_two_shares_is_newcombes_difference_against_itself():
    one, other = wilson(7, 10), wilson(2, 9)
    ends = (np.array([getattr(x, end) for x in (one, other)]) for end in ("value", "low", "high"))
    found = weighted_sum(np.array([1.0, -1.0]), *ends)
    assert found.low == newcombe(one, other).low
    assert found.high == newcombe(one, other).high


def test_the_interval_of_an_effect_over_depths_covers_against_simulation():
    rng, runs = np.random.default_rng(0), np.full((4, 8), 10)
    share = np.stack([np.linspace(top, 0.02, 8) for top in (0.5, 0.7, 0.9, 0.98)])
    weight = np.array([-0.5, 0.5, -0.5, 0.5])[:, None] / 8 + np.zeros(8)
    drawn = wilson(rng.binomial(10, share, (2000, 4, 8)), runs)
    ends = (getattr(drawn, end).reshape(2000, -1) for end in ("value", "low", "high"))
    found = weighted_sum(weight.reshape(-1), *ends)
    truth = (weight * share).sum()
    assert 0.94 < ((found.low <= truth) & (truth <= found.high)).mean() < 0.995
