"""Factors of neighbouring layers, whether one factor fits them, and classes of signals."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from vgstudy.analysis.chunks import Chunk
from vgstudy.analysis.profiles import fits, signal_classes
from vgstudy.quantities import SIGNAL_CLASSES
from vgstudy.schema import FITS
from vgstudy.store.parquet import read_table

DESIGN = {
    "depths": (1, 3, 8),
    "activations": ("tanh", "ReLU"),
    "initializers": ("Xavier", "uniform(0, 1)"),
    "optimizers": ("SGD",),
    "seeds": range(5),
}
LEVELS = {"d_g": "g_rms", "d_delta": "delta_rms", "d_h": "h_rms"}
KEYS = ["cell", "epoch"]
NAN = np.nan


@pytest.fixture(scope="module")
def study(synthetic_study):
    folder = synthetic_study(per_job=12, **DESIGN)
    return lambda name, where: pd.concat(
        [read_table(name, path).to_pandas() for path in sorted(folder.glob(where))]
    ).astype({"cell": "str"})


@pytest.fixture(scope="module")
def decays(study):
    return study("layer_decays", "layer_decays.parquet")


@pytest.mark.parametrize("quantity", LEVELS)
def test_against_naive_pandas(study, decays, quantity):
    level, expected = LEVELS[quantity], {}
    for (cell, epoch), rows in study("probes", "probes/*").query("seed < 5").groupby(KEYS):
        x = rows.pivot(index="seed", columns="layer", values=level).dropna(axis=1, how="all")
        alive = (rows.assign(g=rows["g_rms"] > 0).groupby("seed")["g"].all()) & (x > 0).all(axis=1)
        for layer in x.columns[:-1]:
            logs = np.log(x.loc[alive, layer] / x.loc[alive, layer + 1])
            ends = stats.ttest_1samp(logs, 0).confidence_interval(0.95)
            numbers = np.exp([logs.mean(), *ends])
            expected[cell, epoch, layer] = [*numbers, alive.sum(), 5 - alive.sum()]
    found = decays[decays["quantity"] == quantity].set_index([*KEYS, "layer"])
    found = found[["value", "low", "high", "n_alive", "n_failed"]]
    assert found.index.is_unique
    assert set(found.index) == set(expected)
    for key, numbers in expected.items():
        assert found.loc[key].tolist() == pytest.approx(numbers, rel=1e-9), key


def test_the_product_over_pairs_is_the_end_to_end_ratio_against_itself(study, decays):
    product = decays[decays["quantity"] == "d_g"].groupby(KEYS)["value"].prod(min_count=1)
    ratios = study("estimates", "estimates.parquet")
    ends = ratios[ratios["quantity"] == "end_to_end_g"].set_index(KEYS)["value"]
    pd.testing.assert_series_equal(
        product.sort_index(), 1 / ends.sort_index(), check_names=False, rtol=1e-12
    )


def test_classes_add_up_to_all_seeds(study):
    shares = study("estimates", "estimates.parquet")
    shares = shares[shares["quantity"].isin([f"p_signal_{name}" for name in SIGNAL_CLASSES])]
    total = shares.groupby(KEYS)["value"].sum(min_count=1)
    assert len(total) == 16 * 3  # cells of two layers or more
    np.testing.assert_allclose(total.dropna(), 1)


def chunk(*networks: list[list[float]]) -> Chunk:
    """A chunk of cells at one epoch from the delta_rms of each layer of each seed."""
    depth = np.array([len(seeds[0]) - 1 for seeds in networks])
    levels = np.full((len(networks), 1, depth.max() + 1, len(networks[0])), NAN)
    for cell, seeds in enumerate(networks):
        levels[cell, 0, : depth[cell] + 1] = np.array(seeds).T
    logs = np.log(levels)
    layer = np.arange(1, levels.shape[2] + 1)
    slopes = np.full((len(networks), 1, levels.shape[-1]), NAN)
    for cell, n in enumerate(depth):
        if n >= 4:
            slopes[cell, 0] = -np.polyfit(layer[1:n], logs[cell, 0, 1:n], 1)[0]
    return SimpleNamespace(  # type: ignore[return-value]
        depth=depth, level_logs=lambda name: logs, ratio_logs=lambda name: slopes
    )


@pytest.mark.parametrize(
    ("delta", "name"),
    [
        ([1, 1, 1, 9], "kept"),
        ([0.11, 9, 1, 1e9], "kept"),
        ([0.09, 0.5, 1, 1], "lost_10"),
        ([2e-4, 0.5, 1, 1], "lost_1000"),
        ([11, 2, 1, 1], "grown_10"),
        ([2000, 0.5, 1, 1], "grown_1000"),
        # lost 23 times, then grown back
        ([10.2, 0.043, 1, 40], "lost_then_grown"),
        # comes back 1,000 times, and is still lost
        ([1e-10, 1e-13, 1, 1], "lost_1000"),
        # comes back above a tenth, but by too little
        ([0.11, 0.09, 1, 1], "lost_10"),
        # grows first, and is lost nearer the input
        ([0.01, 20, 1, 1], "lost_10"),
    ],
)
def test_classes_by_hand(delta, name):
    assert list(SIGNAL_CLASSES)[signal_classes(chunk([delta])).item()] == name


def test_a_seed_without_a_signal_is_in_no_class():
    assert signal_classes(chunk([[NAN] * 4, [1.0] * 4])).ravel().tolist() == [-1, 0]


def noisy(logs: list[float], spread: float, seeds: int) -> list[list[float]]:
    draws = np.random.default_rng(3).normal(0, spread, (seeds, len(logs)))
    return np.exp(np.array(logs) + draws).tolist()


@pytest.mark.parametrize(
    ("logs", "spread", "seeds", "answer"),
    [
        (np.arange(8) * 0.5, 0.02, 10, "fits"),
        # the pairs at both ends do not count
        ([9, 0, 0.5, 1, 1.5, 2, 2.5, 9], 0.02, 10, "fits"),
        ([0, 0, 0, 0, 3, 3, 3, 3], 0.02, 10, "does not fit"),
        (np.arange(8) * 0.5, 0.5, 10, "undecided"),
        (np.arange(8) * 0.5, 0.02, 2, None),
        ([0, 0, 0, 0], 0.02, 10, None),
    ],
)
def test_whether_one_factor_fits_by_hand(logs, spread, seeds, answer):
    # a deeper network in the same chunk changes nothing
    made = fits(chunk(noisy(logs, spread, seeds), noisy([0.0] * 12, 0.01, seeds)), "d_delta")
    code = int(made.codes[0, 0])
    assert (FITS[code] if code >= 0 else None) == answer


def test_intervals_cover_as_stated_against_theory():
    """Simultaneous intervals of exact straight lines are inside the tolerance as often as said."""
    rng = np.random.default_rng(5)
    kinked = np.log(1.25) * np.array([0, 0, 1, 0, 1, 0])  # some pairs exactly at the tolerance
    runs = [np.exp(kinked + rng.normal(0, 0.3, (10, 6))).tolist() for _ in range(400)]
    codes = fits(chunk(*runs), "d_delta").codes
    assert np.mean(codes == FITS.index("fits")) < 0.05
