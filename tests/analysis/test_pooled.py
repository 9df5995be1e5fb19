import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact
from statsmodels.stats.multitest import multipletests

from vgstudy.analysis.depth_limit import fitted_limits
from vgstudy.analysis.pooled import pooled_rows
from vgstudy.analysis.strata import Strata, odds_ratio
from vgstudy.schema import DEFAULT_LEVELS

WIDTH = {"factor": "width", "reference": 5, "quantities": ["d_delta", "p_learned"]}
OPTIMIZER = {"factor": "optimizer", "reference": "SGD", "quantities": ["d_g"]}
DEPTH = {"factor": "depth", "reference": 1, "quantities": ["p_learned"]}
LEARNED = {
    (5, "SGD"): {1: 10, 2: 5, 3: 1},
    (25, "SGD"): {1: 10, 2: 9, 3: 8},
    (25, "Adam"): {2: 0, 3: 0, 4: 3},
}


def shares(learned=LEARNED, n: int = 10) -> pd.DataFrame:
    """Runs that learned, of n, by width, optimizer and depth."""
    rows = [
        {"width": w, "optimizer": o, "depth": d, "n": float(n), "learned": float(count)}
        for (w, o), counts in learned.items()
        for d, count in counts.items()
    ]
    return pd.DataFrame(rows).assign(activation="tanh", initializer="He", **DEFAULT_LEVELS)


def pooled(declared, learned=LEARNED, n: int = 10) -> pd.DataFrame:
    some = shares(learned, n)
    return pooled_rows(some, fitted_limits(some), declared)


def test_each_setting_has_one_test_of_the_depths_that_both_have_by_hand():
    rows = pooled([WIDTH, OPTIMIZER, DEPTH])
    assert rows[["factor", "width", "optimizer", "depths", "n"]].to_numpy().tolist() == [
        ["width", 25, "SGD", 3, 30],
        ["optimizer", 25, "Adam", 2, 20],
    ]
    assert rows["family"].tolist() == ["width against 5", "optimizer against SGD"]
    assert rows["correction"].tolist() == ["Holm", "exploratory, FDR"]
    assert rows["reference"].tolist() == ["5", "SGD"]
    assert rows[["learned", "learned_reference"]].to_numpy().tolist() == [[27, 16], [0, 17]]
    expected = odds_ratio(Strata.of([10, 9, 8], [10] * 3, [10, 5, 1], [10] * 3))
    found = rows.loc[0, ["value", "low", "high", "p"]].tolist()
    assert found == [expected.value, expected.low, expected.high, expected.p]
    assert rows.loc[1, "value"] == 0
    assert rows.loc[0, "limit_bound"] == "at least"


def test_at_one_depth_it_is_fishers_test_against_scipy():
    rows = pooled([WIDTH], {(5, "SGD"): {3: 2}, (25, "SGD"): {3: 9}})
    assert rows["p"].item() == pytest.approx(fisher_exact([[9, 1], [2, 8]]).pvalue)
    assert rows["p_depth"].isna().all()
    assert rows["limit_bound"].item() == "unknown"


def test_p_values_are_corrected_within_a_contrast_against_statsmodels():
    rng = np.random.default_rng(0)
    settings = [(width, f"SGD {i}") for width in (5, 25) for i in range(6)]
    learned = {
        key: dict(enumerate(rng.binomial(10, 0.4 + 0.02 * key[0], 4), 1)) for key in settings
    }
    rows = pooled([WIDTH], learned)
    for name in ("p", "p_depth"):
        expected = multipletests(rows[name], method="holm")[1]
        np.testing.assert_allclose(rows[f"{name}_adjusted"], expected)


def test_a_comparison_does_not_depend_on_others_against_itself():
    alone = pooled([WIDTH], {key: LEARNED[key] for key in [(5, "SGD"), (25, "SGD")]})
    among = pooled([OPTIMIZER, WIDTH]).query("factor == 'width'").reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among)


def test_without_a_mixed_depth_nothing_is_known_by_hand():
    row = pooled([WIDTH], {(5, "SGD"): {1: 10, 2: 0}, (25, "SGD"): {1: 10, 2: 0}}).iloc[0]
    assert np.isnan(row["value"])
    assert (row["low"], row["high"], row["p"]) == (0, np.inf, 1)


def test_no_contrast_has_no_rows_and_the_columns_of_the_table():
    assert pooled([]).empty
    assert pooled([DEPTH]).empty
