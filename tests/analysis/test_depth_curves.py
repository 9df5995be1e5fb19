import numpy as np
import pandas as pd
import pytest
from sklearn.isotonic import IsotonicRegression

from vgstudy.analysis.depth_curves import band, curve_of_means, curve_of_shares, depth_curve_rows
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
    for fit in (
        curve_of_shares(share, n, stream())[0],
        curve_of_means(share, share, n, stream())[0],
    ):
        np.testing.assert_allclose(fit, expected.predict(DEPTH))


def test_a_band_holds_the_stated_share_of_draws_at_all_points_against_a_count():
    draws = stream().normal(size=(4000, 6)).cumsum(axis=1)
    low, high = band(draws)
    inside = np.all((low <= draws) & (draws <= high), axis=1).mean()
    assert 0.95 <= inside < 0.955
    assert np.all(low < np.quantile(draws, 0.025, axis=0))
    assert np.isnan(band(np.full((9, 2), np.nan))).all()


def test_the_band_of_shares_covers_against_simulation():
    truth, n = np.linspace(0.98, 0.05, 8), np.full(8, 10.0)
    rng = stream(2)
    found = [curve_of_shares(rng.binomial(10, truth) / n, n, rng, 400) for _ in range(300)]
    held = [np.all((low <= truth) & (truth <= high)) for _, low, high in found]
    assert 0.92 < np.mean(held) <= 1


def test_the_band_of_means_covers_against_simulation():
    truth, n = np.linspace(0.9, 0.5, 8), np.full(8, 10.0)
    rng, held = stream(3), []
    for _ in range(300):
        sample = rng.normal(truth, 0.1, (10, 8))
        found = curve_of_means(sample.mean(axis=0), sample.var(axis=0, ddof=1), n, rng, 400)
        held.append(np.all((found[1] <= truth) & (truth <= found[2])))
    assert 0.92 < np.mean(held) <= 1


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
    fit, low, high = curve_of_means(np.array([0.9, 0.8]), np.full(2, np.nan), np.ones(2), stream())
    assert fit.tolist() == pytest.approx([0.9, 0.8])
    assert np.isnan([low, high]).all()


def test_a_curve_does_not_depend_on_other_quantities_against_itself():
    alone = curves({"test_accuracy": [0.9, 0.7, 0.5]})
    among = curves({"p_learned": [1, 0.5, 0], "test_accuracy": [0.9, 0.7, 0.5]})
    among = among[among["quantity"] == "test_accuracy"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among)
