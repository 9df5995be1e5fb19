import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from vgstudy.analysis.chunks import RATIOS
from vgstudy.analysis.decay import (
    decay_factor,
    decay_rows,
    end_to_end_ratio,
    first_zero,
    interior_ratio,
)
from vgstudy.schema import ZERO_CAUSES
from vgstudy.store.columns import conform

NAN = np.nan


def probes(*runs: dict) -> pa.Table:
    """Probe rows of runs: g by layer; if given mean_abs, delta, h (without the output layer), kind,
    cause, cell, seed, epoch."""
    parts = []
    for run in runs:
        g = np.asarray(run["g"], dtype=float)
        size = len(g)
        h = np.asarray(run.get("h", np.ones(size - 1)), dtype=float)
        part = {
            "cell": [run.get("cell", "a")] * size,
            "seed": [run.get("seed", 0)] * size,
            "epoch": [run.get("epoch", 0)] * size,
            "layer": np.arange(1, size + 1),
            "examples": run.get("examples", ["probe set"] * size),
            "kind": run.get("kind", ["input", *["square"] * (size - 2), "output"]),
            "zero_cause": run.get("cause", ["none"] * size),
            "g_rms": g,
            "g_mean_abs": np.asarray(run.get("mean_abs", g), dtype=float),
            "delta_rms": np.asarray(run.get("delta", g), dtype=float),
            "h_rms": pa.array([*h, None], type=pa.float64()),
        }
        parts.append(pa.table(part))
    return pa.concat_tables(parts)


def decays(*runs: dict) -> list[dict]:
    return conform("decays", decay_rows(probes(*runs))).to_pylist()


def depth(*values: int) -> np.ndarray:
    return np.array(values)


def square(layers: int, *depths: int) -> np.ndarray:
    """Layers 2..depth of each run; axes (run, layer)."""
    return np.array([[1 < layer <= n for layer in range(1, layers + 1)] for n in depths])


def test_decay_factor_of_a_geometric_sequence_by_hand():
    x = np.array([[7.0, 1, 2, 4, 99, NAN], [7, 8, 4, 2, 1, 99]])
    np.testing.assert_allclose(decay_factor(x, square(6, 4, 5)), [0.5, 2.0])


def test_decay_factor_by_hand():
    # logs 0, 3, 0, 1 on layers 2..5: slope (-1.5 * 0 - 0.5 * 3 + 0.5 * 0 + 1.5 * 1) / 5 = 0
    x = np.exp([[5.0, 0, 3, 0, 1, 5]])
    np.testing.assert_allclose(decay_factor(x, square(6, 5)), [1.0])


def test_decay_factor_against_scipy():
    rng = np.random.default_rng(1)
    depths = rng.integers(4, 21, 50)
    x = rng.lognormal(0, 3, (50, 22))
    expected = [
        np.exp(-stats.linregress(np.arange(2, n + 1), np.log(row[1:n])).slope)
        for n, row in zip(depths, x, strict=True)
    ]
    np.testing.assert_allclose(decay_factor(x, square(22, *depths)), expected, rtol=1e-12)


def test_decay_factor_against_itself_scaled_and_with_other_ends():
    x = np.random.default_rng(2).lognormal(0, 1, (20, 12))
    inner = square(12, *[11] * 20)
    other = 1e-30 * x
    other[:, [0, 11]] = 1.0
    np.testing.assert_allclose(decay_factor(other, inner), decay_factor(x, inner), rtol=1e-12)


def test_three_square_layers_are_needed():
    x, inner = np.ones((5, 6)), square(6, 1, 2, 3, 4, 5)
    np.testing.assert_array_equal(decay_factor(x, inner), [NAN, NAN, NAN, 1, 1])
    np.testing.assert_array_equal(interior_ratio(x, inner), [NAN, NAN, 1, 1, 1])
    np.testing.assert_array_equal(end_to_end_ratio(x, depth(1, 2, 3, 4, 5)), [1, 1, 1, 1, 1])


def test_ratios_by_hand():
    x = np.array([[1.0, 2, 3, 10, 20], [4, 1, NAN, NAN, NAN]])
    np.testing.assert_allclose(interior_ratio(x, square(5, 4, 1)), [5, NAN])
    np.testing.assert_allclose(end_to_end_ratio(x, depth(4, 1)), [20, 0.25])


@pytest.mark.parametrize("bad", [0.0, -1.0, NAN, np.inf])
def test_zero_and_non_finite_values_have_no_logarithm(bad):
    x = np.ones((1, 6))
    x[0, 2] = bad
    assert np.isnan(decay_factor(x, square(6, 5)))
    x[:] = 1
    x[0, 1] = bad
    assert np.isnan(interior_ratio(x, square(6, 5)))
    x[0, 0] = bad
    assert np.isnan(end_to_end_ratio(x, depth(5)))


def test_a_ratio_beyond_the_largest_float_is_not_a_value():
    assert np.isnan(end_to_end_ratio(np.array([[1e-300, 1e300]]), depth(1)))


def test_first_zero_counts_from_the_output_by_hand():
    dead, saturation, underflow = (
        ZERO_CAUSES.index(cause) for cause in ("dead", "saturation", "underflow")
    )
    cause = np.array(
        [
            [underflow, dead, saturation, 0],
            [0, 0, 0, 0],
            [dead, 0, 0, 0],
            [dead, dead, dead, underflow],
        ]
    )
    np.testing.assert_array_equal(first_zero(cause), [saturation, 0, dead, underflow])


def test_rows_of_an_alive_run_by_hand():
    (row,) = decays(
        {
            "g": [9, 1, 2, 4, 36],
            "mean_abs": [3, 1, 1, 1, 6],
            "delta": [1, 9, 3, 1, 1],
            "h": [5, 1, 3, 9],
        }
    )
    expected = {
        **{
            "cell": "a",
            "seed": 0,
            "epoch": 0,
            "examples": "probe set",
            "alive": True,
            "zero_cause": "none",
        },
        **{
            "d_g": 0.5,
            "d_delta": 3.0,
            "d_h": 1 / 3,
            "interior_g": 4.0,
            "interior_delta": 1 / 9,
            "interior_h": 9.0,
        },
        **{"end_to_end_g": 4.0, "end_to_end_mean_abs": 2.0},
    }
    assert row == pytest.approx(expected)


def test_a_run_with_an_all_zero_layer_is_not_alive_and_says_why():
    dead = ["underflow", "dead", "dead", "none", "none"]
    (row,) = decays(
        {"g": [0, 0, 0, 2, 1], "delta": [1, 1, 1, 1, 1], "h": [1, 2, 4, 8], "cause": dead}
    )
    assert (row["alive"], row["zero_cause"]) == (False, "dead")
    assert all(row[name] is None for name in RATIOS)


@pytest.mark.parametrize("layer", range(5))
@pytest.mark.parametrize("bad", [NAN, np.inf])
def test_a_run_with_a_non_finite_layer_is_not_alive(layer, bad):
    g = np.ones(5)
    g[layer] = bad
    (row,) = decays({"g": g, "delta": np.ones(5), "cause": ["dead", *["none"] * 4]})
    assert (row["alive"], row["zero_cause"]) == (False, "none")
    assert all(row[name] is None for name in RATIOS)


def test_square_layers_are_those_whose_kind_says_so_by_hand():
    run = {"g": [9, 1, 2, 4, 8, 36], "h": [5, 1, 3, 9, 7]}
    row, other = decays(
        run, {**run, "seed": 1, "kind": ["input", "input", "square", "square", "square", "output"]}
    )
    assert (row["interior_g"], row["interior_h"]) == pytest.approx((8, 7))
    assert (other["interior_g"], other["interior_h"]) == pytest.approx((4, 7 / 3))
    assert other["d_h"] == pytest.approx((3 / 7) ** 0.5)
    fewer = decays({**run, "kind": ["input", "input", "input", "square", "square", "output"]})
    assert (fewer[0]["d_g"], fewer[0]["interior_g"]) == (None, pytest.approx(2))


def test_a_dead_activation_has_no_decay_factor():
    (row,) = decays({"g": np.ones(6), "h": [1, 2, 1, 0, 0]})
    assert row["alive"]
    assert (row["d_h"], row["interior_h"]) == (None, None)


def test_runs_of_different_depths_seeds_and_epochs_come_ordered():
    runs = [
        {"g": np.ones(2), "cell": "b", "seed": 3, "epoch": 20},
        {"g": 2.0 ** np.arange(6), "cell": "b", "seed": 10},
        {"g": 3.0 ** np.arange(9), "cell": "a", "seed": 4},
        {"g": np.ones(2), "cell": "b", "seed": 3, "epoch": 0},
    ]
    found = [(row["cell"], row["seed"], row["epoch"], row["d_g"]) for row in decays(*runs)]
    assert found == [
        ("a", 4, 0, pytest.approx(1 / 3)),
        ("b", 3, 0, None),
        ("b", 3, 20, None),
        ("b", 10, 0, pytest.approx(0.5)),
    ]


def test_permuted_rows_give_the_same_against_itself():
    rng = np.random.default_rng(3)
    runs = [
        {"g": rng.lognormal(size=n), "cell": f"c{n}", "seed": seed}
        for n in (2, 5, 9)
        for seed in range(4)
    ]
    table = probes(*runs)
    shuffled = table.take(rng.permutation(len(table)))
    assert (
        conform("decays", decay_rows(shuffled)).to_pylist()
        == conform("decays", decay_rows(table)).to_pylist()
    )


def test_the_bits_of_a_run_against_itself_beside_a_deeper_one():
    rng = np.random.default_rng(4)
    runs = [
        {"g": rng.lognormal(size=n), "cell": f"c{n}", "seed": seed}
        for n in (5, 6, 7, 9, 12)
        for seed in range(40)
    ]
    alone = [row for run in runs for row in decays(run)]
    together = decays(*runs, {"g": rng.lognormal(size=40), "cell": "deeper"})
    own = {(row["cell"], row["seed"]): row for row in together}
    assert [own[row["cell"], row["seed"]] for row in alone] == alone


@pytest.mark.parametrize("rows", [[0, 1, 3, 4], [1, 2, 3, 4], [0, 1, 2, 2, 3, 4]])
def test_a_missing_or_double_layer_is_an_error(rows):
    with pytest.raises(ValueError, match="lacks a layer or has one twice"):
        decay_rows(probes({"g": np.ones(5)}).take(rows))
