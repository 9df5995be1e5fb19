"""Do intervals cover what they claim? A short version of `vgstudy coverage`, judged by its own Monte Carlo error."""

import numpy as np
import pytest

from vgstudy.analysis.intervals import Interval
from vgstudy.coverage import SIMULATIONS, row, rows, shares, write_coverage
from vgstudy.coverage.nets import Net, gradients, population
from vgstudy.coverage.trials import LABELLED, PRIMARY, WITHDRAWN, Trial, trial
from vgstudy.store.logs import read_footer, read_table
from vgstudy.theory.activations import ACTIVATIONS

REPETITIONS = 400
CONSERVATIVE = {"depth limit", "Clopper-Pearson, Šidák over depths", "Fisher", "false discovery rate", "TOST"}


@pytest.fixture(scope="module")
def found() -> list[dict]:
    return rows(REPETITIONS, [name for name in SIMULATIONS if name not in ("depths", "variances")])


def error(row: dict) -> float:
    """Four standard errors of a share near the nominal one: of a hundred right procedures none is found wrong."""
    return 4 * np.sqrt(row["nominal"] * (1 - row["nominal"]) / row["made"])


def test_primary_intervals_cover_what_they_claim(found):
    primary = [each for each in found if each["role"] == PRIMARY]
    assert len({each["procedure"] for each in primary}) >= 7
    for each in primary:
        off = each["coverage"] - each["nominal"]
        assert off <= error(each) + 0.02, each
        if each["procedure"] not in CONSERVATIVE:
            assert off >= -error(each) - 0.02, each


def test_what_is_withdrawn_misses(found):
    worst: dict[str, float] = {}
    for each in (each for each in found if each["role"] == WITHDRAWN):
        worst[each["procedure"]] = min(each["coverage"], worst.get(each["procedure"], 1))
    assert worst.keys() == {"BCa", "t on ratios", "t at every layer"}
    assert max(worst.values()) < 0.93


def test_what_is_labelled_misses_somewhere(found):
    labelled = [each for each in found if each["role"] == LABELLED]
    assert {each["procedure"] for each in labelled} == {"t", "Wilson", "prediction of one seed"}
    assert min(each["coverage"] for each in labelled if each["procedure"] == "t") < 0.8


def test_dead_nets_give_no_interval_where_fewer_than_two_are_alive(found):
    dying = [each for each in found if "alive only" in each["truth"] and each["procedure"] == "t on log"]
    assert [each["n"] for each in dying] == [5, 10, 30]
    assert all(each["made"] >= REPETITIONS - 2 for each in dying)


def test_depth_limits_and_bands_over_depths_cover(monkeypatch):
    monkeypatch.setattr(shares, "SEEDS", (10,))
    for each in rows(150, ["depths"]):
        assert each["coverage"] >= each["nominal"] - error(each) - 0.01, each


def test_shares_of_variances_cover(monkeypatch):
    from vgstudy.coverage import tests

    monkeypatch.setattr(tests, "SEEDS", (10,))
    for each in rows(200, ["variances"]):
        assert each["coverage"] == pytest.approx(0.95, abs=error(each) + 0.02), each


def test_a_row_by_hand():
    hits, nothing = np.array([1, 1, 1, 0, np.nan]), np.full(5, np.nan)
    told = row(Trial("p", PRIMARY, "truth", 7, 0.95, hits, np.array([1.0, 3.0, 2.0, 4.0, np.nan])))
    assert (told["coverage"], told["made"], told["repetitions"], told["width"]) == (0.75, 4, 5, 2.5)
    assert told["verdict"] == "too seldom"
    assert row(Trial("p", PRIMARY, "truth", 7, 0.05, np.zeros(9), nothing[:5]))["verdict"] == "as stated"
    assert row(Trial("p", PRIMARY, "truth", 7, 0.05, np.ones(9), nothing[:5]))["verdict"] == "too often"


def test_a_trial_by_hand():
    low, high = np.array([0.0, 2.0, np.nan]), np.array([1.0, 3.0, np.nan])
    np.testing.assert_array_equal(trial("p", PRIMARY, "t", 3, Interval(low, low, high, low), 0.5).hits, [1, 0, np.nan])


def test_gradients_of_the_small_nets_against_finite_differences():
    rng = np.random.default_rng(3)
    kernels = [rng.normal(size=(1, *shape)) for shape in ((3, 2), (3, 3), (1, 3))]
    x, target, tanh = rng.normal(size=(1, 2, 7)), np.arange(7) % 2, ACTIVATIONS["tanh"]()

    def loss() -> float:
        h = np.tanh(kernels[1] @ np.tanh(kernels[0] @ x))
        z = (kernels[2] @ h)[0, 0]
        return float(np.mean(np.logaddexp(0, z) - target * z))

    for kernel, g in zip(kernels, gradients(kernels, x, target, tanh), strict=False):
        for place in np.ndindex(kernel.shape):
            was, step = kernel[place], 1e-6
            kernel[place] = was + step
            above = loss()
            kernel[place] = was - step
            assert g[place] == pytest.approx((above - loss()) / (2 * step), rel=1e-4, abs=1e-9)
            kernel[place] = was


def test_small_relu_nets_die_as_often_as_published_bounds_allow_against_theory():
    logs, _ = population(Net("relu", True, 5, 10), 4000, np.random.default_rng(0))
    dead = float(np.isnan(logs).mean())
    assert 0.03 < dead < 1 - (1 - 2**-5) ** 10  # dead at all inputs is rarer than dead at one


def test_the_table_is_written_with_its_repetitions(tmp_path, monkeypatch):
    monkeypatch.setattr("vgstudy.coverage.SIMULATIONS", {"outcomes": SIMULATIONS["outcomes"]})
    write_coverage(tmp_path, 100)
    table = read_table("coverage", tmp_path / "coverage.parquet").to_pandas()
    assert set(table["procedure"]) == {"t"}
    assert set(table["repetitions"]) == {100}
    assert read_footer(tmp_path / "coverage.parquet")["repetitions"] == 100
