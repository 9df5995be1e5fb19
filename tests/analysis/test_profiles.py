"""How estimates run over layers and epochs, whether one factor fits, and classes of signals."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysed import (
    KEYS,
    LAYERS,
    analyse,
    assert_rows,
    change,
    load,
    naive_geometric,
    naive_share,
    naive_t,
    trained,
)
from vgstudy.analysis.chunks import ENDS, LEVELS, MEANS, Chunk
from vgstudy.analysis.profiles import LEVEL_OF, fits, signal_classes
from vgstudy.quantities import SIGNAL_CLASSES
from vgstudy.schema import FITS

NAN = np.nan


@pytest.mark.parametrize("quantity", ENDS)
def test_trajectories_against_scipy(made, quantity):
    curves = trained(made, "curves").query("epoch in (0, 5, 20) and finite")
    groups = curves.dropna(subset=quantity).groupby(KEYS)[quantity]
    found = load(made, "trajectories", quantity)
    assert_rows(found, KEYS, groups, lambda values: naive_t(values.astype(float)))


@pytest.mark.parametrize("quantity", LEVELS)
def test_profiles_of_levels_against_scipy(made, quantity):
    alive = trained(made, "decays").query("alive")[["cell", "seed", "epoch"]]
    probes = trained(made, "probes").merge(alive)
    groups = probes.dropna(subset=quantity).groupby(LAYERS)[quantity]
    found = load(made, "profiles", quantity)
    assert_rows(found, LAYERS, groups, naive_geometric)
    assert found.set_index(LAYERS)["n_alive"].to_dict() == groups.size().to_dict()


@pytest.mark.parametrize("quantity", MEANS)
@pytest.mark.filterwarnings("ignore:Precision loss occurred")
def test_profiles_of_means_against_scipy(made, quantity):
    groups = trained(made, "probes").dropna(subset=quantity).groupby(LAYERS)[quantity]
    assert_rows(load(made, "profiles", quantity), LAYERS, groups, naive_t)


def test_profiles_of_float32_zeros_against_scipy(made):
    probes = trained(made, "probes")
    groups = probes.assign(hit=probes["zero_cause_float32"] != "none").groupby(LAYERS)["hit"]
    assert_rows(load(made, "profiles", "zero_float32"), LAYERS, groups, naive_share)


@pytest.mark.parametrize(("column", "lost"), [("zero_cause", "dead"), ("delta_rms", NAN)])
def test_every_layer_of_a_profile_has_the_same_seeds_against_itself(folder, column, lost):
    """A run that is not alive or lacks a level in one layer is in none of them, as if it had not
    been trained."""
    runs = load(folder, "runs").query("depth == 8 and activation == 'tanh'")
    cell = runs.query("initializer == 'Xavier'")["cell"].iloc[0]

    def lose(frame: pd.DataFrame) -> pd.DataFrame:
        here = (frame["cell"] == cell) & (frame["seed"] == 2) & (frame["epoch"] == 0)
        values = frame[column].astype("object").mask(here & (frame["layer"] == 3), lost)
        return frame.assign(**{column: values.astype(type(lost))})

    def deltas() -> pd.DataFrame:
        profiles = analyse(folder)["profiles"].query("epoch == 0 and quantity == 'delta_rms'")
        return profiles[profiles["cell"] == cell].sort_values("layer", ignore_index=True)

    change(folder, "probes", lose)
    found = deltas()
    change(folder, "probes", lambda frame: frame[(frame["cell"] != cell) | (frame["seed"] != 2)])
    pd.testing.assert_frame_equal(found, deltas())
    assert found["n_alive"].tolist() == [4] * 9


def test_the_output_layer_has_no_activation(made):
    depths = load(made, "runs").drop_duplicates("cell")[["cell", "depth"]]
    groups = load(made, "profiles").merge(depths).groupby(["quantity", "depth"])
    for (quantity, depth), highest in groups["layer"].max().items():
        assert highest == depth + (not quantity.startswith("h_"))


@pytest.mark.parametrize("quantity", LEVEL_OF)
def test_factors_of_pairs_against_scipy(made, quantity):
    probes, run = trained(made, "probes"), ["seed", *KEYS]
    x = probes.pivot(index=run, columns="layer", values=LEVEL_OF[quantity])
    g = probes.pivot(index=run, columns="layer", values="g_rms")
    x = x[~(g <= 0).any(axis=1) & ~(x <= 0).any(axis=1)]
    ratios = (x / x.shift(-1, axis=1)).stack().dropna()
    groups = ratios.groupby(LAYERS)
    found = load(made, "layer_decays", quantity).dropna(subset="value")
    assert_rows(found, LAYERS, groups, naive_geometric)
    assert found.set_index(LAYERS)["n_alive"].to_dict() == groups.size().to_dict()
    assert (found["n_alive"] + found["n_failed"] == 5).all()


def test_the_product_over_pairs_is_the_end_to_end_ratio_against_itself(made):
    product = load(made, "layer_decays", "d_g").groupby(KEYS)["value"].prod(min_count=1)
    ends = load(made, "estimates", "end_to_end_g").set_index(KEYS)["value"]
    pd.testing.assert_series_equal(
        product.sort_index(), 1 / ends.sort_index(), check_names=False, rtol=1e-12
    )


def test_classes_add_up_to_all_seeds(made):
    shares = load(made, "estimates")
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
