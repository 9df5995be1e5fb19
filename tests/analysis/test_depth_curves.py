import numpy as np
import pandas as pd
import pytest
from sklearn.isotonic import IsotonicRegression

from vgstudy.analysis.depth_curves import (
    curve_of_means,
    curve_of_shares,
    depth_curve_rows,
    windows,
)
from vgstudy.schema import DEFAULT_LEVELS

DEPTH = np.arange(1.0, 9.0)


def stream(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def curves(means: dict[str, list[float]], n: int = 10) -> pd.DataFrame:
    """Curves of one setting, by quantity and values at depths 1, 2, ..."""
    depths = range(1, 1 + max(map(len, means.values())))
    levels = {"width": 5, "activation": "tanh", "initializer": "He", "optimizer": "SGD"}
    cells = pd.DataFrame([{"cell": f"c{d}", "depth": d, **levels} for d in depths])
    rows = [
        {"cell": f"c{d}", "quantity": name, "epoch": 20, "n_alive": n, "mean": mean, "var": 0.01}
        for name, values in means.items()
        for d, mean in enumerate(values, 1)
    ]
    return depth_curve_rows(cells.assign(**DEFAULT_LEVELS), pd.DataFrame(rows))


def test_the_curve_is_isotonic_regression_against_sklearn():
    share, n = stream(1).integers(0, 11, 8) / 10, np.array([10, 4, 10, 10, 2, 10, 10, 10.0])
    expected = IsotonicRegression(increasing=False).fit(DEPTH, share, sample_weight=n)
    for fit in (curve_of_shares(share, n)[0], curve_of_means(share, share, n)[0]):
        np.testing.assert_allclose(fit, expected.predict(DEPTH))


def test_windows_by_hand():
    first, last = windows(5)
    held = sorted(zip(first.tolist(), last.tolist(), strict=True))
    assert held == sorted(
        [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (0, 1), (1, 2), (2, 3), (3, 4), (0, 3), (1, 4)]
    )


def test_ends_where_all_runs_learn_by_hand():
    """Two depths have three windows; all 40 runs together give the narrowest lower end."""
    _, low, high = curve_of_shares(np.ones(2), np.full(2, 20.0))
    alpha = 0.025 / 3
    assert low.tolist() == pytest.approx([alpha ** (1 / 40), alpha ** (1 / 20)])
    assert high.tolist() == [1, 1]


@pytest.mark.parametrize(
    "truth",
    [np.full(20, 0.99), np.full(20, 0.02), np.linspace(0.98, 0.05, 20)],
    ids=["nearly all", "hardly any", "falling"],
)
def test_the_bands_cover_against_simulation(truth):
    """Runs that learn have an accuracy of .95, others .5: the hardest case for means."""
    n, rng, held = np.full(20, 10.0), stream(2), []
    for _ in range(200):
        learned = rng.random((10, 20)) < truth
        accuracy = np.where(learned, 0.95, 0.5) + rng.normal(0, 0.01, learned.shape)
        curves = (
            (truth, curve_of_shares(learned.mean(axis=0), n)),
            (
                0.5 + 0.45 * truth,
                curve_of_means(accuracy.mean(axis=0), accuracy.var(axis=0, ddof=1), n),
            ),
        )
        held.append([np.all((low <= true) & (true <= high)) for true, (_, low, high) in curves])
    assert np.all(np.mean(held, axis=0) >= 0.93)


def test_values_that_rise_with_depth_have_no_band_by_hand():
    fit, low, high = curve_of_shares(np.array([0.0, 1.0]), np.full(2, 30.0))
    assert fit.tolist() == [0.5, 0.5]
    assert np.isnan([low, high]).all()


def test_every_quantity_has_a_curve_by_hand():
    table = curves({"p_learned": [1, 0.6, 0.8, 0], "test_accuracy": [0.9, 0.7], "d_g": [1, 1]})
    assert table.groupby("quantity", sort=False)["cell"].apply(list).to_dict() == {
        "p_learned": ["c1", "c2", "c3", "c4"],
        "test_accuracy": ["c1", "c2"],
    }
    assert table["value"].tolist() == pytest.approx([1, 0.7, 0.7, 0, 0.9, 0.7])
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert table.loc[table["cell"] == "c4", "high"].item() < 0.5


def test_one_depth_has_no_curve_and_one_seed_no_band():
    assert curves({"p_learned": [1]}).empty
    assert curves({"p_learned": [1, 1]}, n=0).empty
    fit, low, high = curve_of_means(np.array([0.9, 0.8]), np.full(2, np.nan), np.ones(2))
    assert fit.tolist() == pytest.approx([0.9, 0.8])
    assert np.isnan([low, high]).all()


def test_a_curve_does_not_depend_on_other_quantities_against_itself():
    alone = curves({"test_accuracy": [0.9, 0.7, 0.5]})
    among = curves({"p_learned": [1, 0.5, 0], "test_accuracy": [0.9, 0.7, 0.5]})
    among = among[among["quantity"] == "test_accuracy"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among)
