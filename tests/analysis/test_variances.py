from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

from vgstudy.analysis.variances import account, sources, variance_rows


def crossing(*sizes: int) -> pd.DataFrame:
    names = ("depth", "width", "activation", "initializer", "optimizer")[: len(sizes)]
    return pd.DataFrame(list(product(*(range(size) for size in sizes))), columns=list(names))


@pytest.mark.parametrize("missing", [0, 2])
def test_sums_of_squares_against_statsmodels(missing):
    rng = np.random.default_rng(4)
    levels = crossing(4, 2, 3).iloc[missing:].reset_index(drop=True)
    mean = rng.normal(size=len(levels))
    model = smf.ols("y ~ (C(depth) + C(width) + C(activation)) ** 2", levels.assign(y=mean)).fit()
    table = anova_lm(model, typ=2)
    bases = sources(levels)
    for name, row in table.iterrows():
        source = " x ".join(part[2:-1] for part in str(name).split(":"))
        if source:
            basis = bases.get(source) if name != "Residual" else None
            if basis is not None:
                assert ((basis.T @ mean) ** 2).sum() == pytest.approx(row["sum_sq"])
                assert basis.shape[1] == row["df"]
    assert ((bases["higher interactions"].T @ mean) ** 2).sum() == pytest.approx(
        (mean**2).sum() - table.loc["Residual", "sum_sq"]
    )


def test_known_parts_are_recovered_by_hand():
    levels = crossing(2, 2)
    mean = np.array([-3.0, -1.0, 1.0, 3.0])  # depth: -2, +2; width: -1, +1; squares 16 and 4
    n, var = np.full(4, 1000.0), np.full(4, 5.0)
    found = account(levels, n, mean, var, np.random.default_rng(0)).set_index("source")
    assert found["value"].to_dict() == pytest.approx(
        {"depth": 0.4, "width": 0.1, "depth x width": 0, "seed": 0.5}, abs=2e-3
    )
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()
    assert found["df"].to_dict() == {"depth": 1, "width": 1, "depth x width": 1, "seed": 3996}


def test_shares_add_up_to_one_in_a_full_crossing():
    rng = np.random.default_rng(1)
    levels = crossing(3, 2, 2, 2)
    n, mean, var = np.full(24, 5.0), rng.normal(size=24) * 3, rng.chisquare(4, 24)
    found = account(levels, n, mean, var, rng)
    assert found["value"].sum() == pytest.approx(
        1, abs=0.05
    )  # parts below 0 for noise are cut at 0
    assert {"higher interactions", "seed"} <= set(found["source"])


def test_noise_alone_is_due_to_the_seed_against_theory():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(36, 10))
    found = account(
        crossing(4, 3, 3), np.full(36, 10.0), values.mean(1), values.var(1, ddof=1), rng
    ).set_index("source")
    assert found.loc["seed", "value"] > 0.9
    assert found.loc["seed", "high"] > 0.99


def summaries(
    n_alive: list[int], mean: list[float], var: list[float]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    cells = crossing(2, 2, 1, 1, 1).assign(cell=["a", "b", "c", "d"])
    numbers = {"quantity": "d_g", "epoch": 0, "n": 5, "n_alive": n_alive, "mean": mean, "var": var}
    return cells, pd.DataFrame({"cell": cells["cell"], **numbers})


def test_dead_cells_are_left_out_and_single_seeds_borrow_a_spread():
    nan = np.nan
    found = variance_rows(*summaries([5, 1, 0, 3], [1.0, 2.0, nan, 4.0], [0.1, nan, nan, 0.2]))
    assert set(found["n_cells"]) == {3}
    assert set(found["n"]) == {9}
    assert found[["value", "low", "high"]].notna().all(axis=None)


@pytest.mark.parametrize("n_alive", [[1, 1, 1, 1], [0, 0, 0, 0], [5, 0, 0, 0]])
def test_no_account_without_two_cells_and_a_repeated_one(n_alive):
    assert variance_rows(*summaries(n_alive, [1.0] * 4, [0.0] * 4)).empty


def test_constant_data_have_no_shares():
    found = variance_rows(*summaries([5] * 4, [1.0] * 4, [0.0] * 4))
    assert found[["value", "low", "high"]].isna().all(axis=None)
