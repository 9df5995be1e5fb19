"""Whether intervals cover what they claim: a short version of `make validate`, judged by its own
Monte Carlo error."""

import numpy as np
import pytest
from scipy.stats import binom

from vgstudy.analysis.interval_rows import LABELS, STATED_FROM, label_codes
from vgstudy.analysis.intervals import Interval
from vgstudy.theory.activations import ACTIVATIONS
from vgstudy.validation import comparisons, proportions
from vgstudy.validation.means import Network, gradients, population
from vgstudy.validation.simulation import SIMULATIONS, label, labelled, simulate
from vgstudy.validation.trials import (
    LABELLED,
    PRIMARY,
    WITHDRAWN,
    Trial,
    interval_trial,
)

REPETITIONS = 400
APPROXIMATE = {
    "t",
    "t of epochs to learn",
    "Wilson",
    "prediction of one seed",
    "chi-squared on log",
}


CURVES = "band of a curve over depths"

SLOW = ("depths", "variances", "misfits")


@pytest.fixture(scope="module")
def trials() -> list[dict]:
    return simulate(REPETITIONS, [name for name in SIMULATIONS if name not in SLOW])


def ends(row: dict) -> tuple[float, float]:
    """Where the share of a right procedure lies in all but one of 10,000 simulations."""
    low, high = binom.interval(0.9999, row["made"], row["nominal"])
    return low / row["made"], high / row["made"]


def test_what_decides_covers_what_it_claims_or_is_known_to_be_approximate(trials):
    cautious = ("Fisher", "false discovery rate")
    conservative = ("DKW band over epochs", "Newcombe, sum of shares", CURVES)
    deciding = [
        row
        for row in trials
        if row["role"] in (PRIMARY, LABELLED) and row["procedure"] not in APPROXIMATE
    ]
    assert len({row["procedure"] for row in deciding}) >= 7
    for row in deciding:
        low, high = ends(row)
        assert low > 0 or high < 1, row
        assert row["coverage"] <= high or row["procedure"] in conservative, row
        assert row["coverage"] >= low or row["procedure"] in cautious, row


def test_what_is_withdrawn_misses(trials):
    withdrawn = [row for row in trials if row["role"] == WITHDRAWN]
    worst = {
        name: min(row["coverage"] for row in withdrawn if row["procedure"] == name)
        for name in {row["procedure"] for row in withdrawn}
    }
    assert worst.keys() == {"t on ratios", "t at every layer"}
    assert max(worst.values()) < 0.93


def test_what_is_known_to_be_approximate_is_labelled_so(trials):
    labels = {row["procedure"]: row["label"] for row in trials if row["role"] == LABELLED}
    assert {name for name in labels if labels[name].startswith("approximate")} >= APPROXIMATE
    assert min(row["coverage"] for row in trials if row["procedure"] == "t") < 0.8


def test_labels_of_estimates_are_what_simulation_finds(trials):
    """The column label of estimates."""
    for method, enough in STATED_FROM.items():
        of_method = [row for row in trials if row["procedure"] == method]
        for row in of_method:
            low, high = ends(row)
            assert row["n"] < enough or low <= row["coverage"] <= high, method
        few = [row for row in of_method if row["n"] < enough]
        missed = any(abs(row["coverage"] - row["nominal"]) > 0.02 for row in few)
        assert missed == (enough > 5), method
    labels = [LABELS[code] for code in label_codes("Wilson", [10, 29, 30])]
    assert labels == ["approximate", "approximate", "as stated"]


def simulated(*coverages, nominal=0.95):
    """Rows of a procedure with some coverages, at 5, 10 and 30 seeds of as many truths as that
    takes."""
    places = [(f"truth {place // 3}", (5, 10, 30)[place % 3]) for place in range(len(coverages))]
    return [
        {
            "procedure": "p",
            "role": PRIMARY,
            "truth": truth,
            "n": n,
            "nominal": nominal,
            "coverage": coverage,
        }
        for (truth, n), coverage in zip(places, coverages, strict=True)
    ]


@pytest.mark.parametrize(
    ("coverages", "expected"),
    [
        ((0.93, 0.97, 0.95), "as stated"),
        ((0.98, 0.99, 1), "conservative: coverage .98 to 1 for a nominal .95"),
        (
            (0.95, 0.96, 0.94, 0.95, 0.96, 0.994),
            "conservative where truth 1: coverage .94 to .994 for a nominal .95",
        ),
        ((0.926, 0.94, 0.95), "approximate below 10 seeds: coverage .926 to .95 for a nominal .95"),
        ((0.926, 0.92, 0.98), "approximate below 30 seeds: coverage .92 to .98 for a nominal .95"),
        (
            (0.95, 0.95, 0.95, 0.9, 0.9, 0.853),
            "approximate where truth 1: coverage .853 to .95 for a nominal .95",
        ),
        ((0.9, 0.9, 0.9), "approximate: coverage .9 for a nominal .95"),
    ],
)
def test_labels_by_hand(coverages, expected):
    assert label(simulated(*coverages)) == expected


def test_labels_of_tests_by_hand():
    assert label(simulated(0.05, 0.06, 0.04, nominal=0.05)) == "as stated"
    assert (
        label(simulated(0.05, 0.01, 0.02, nominal=0.05))
        == "conservative: false findings .01 to .05 for a nominal .05"
    )
    assert (
        label(simulated(0, 0.0004, 0.05, nominal=0.05))
        == "conservative: false findings 0 to .05 for a nominal .05"
    )
    assert (
        label(simulated(0.9996, 0.98, 0.95)) == "conservative: coverage .95 to 1 for a nominal .95"
    )
    assert label(simulated(0.09, 0.05, 0.05, nominal=0.05)).startswith("approximate below 10 seeds")


def test_what_decides_is_primary_only_if_it_is_as_stated():
    rows = simulated(0.95, 0.95, 0.95) + [
        {**row, "procedure": "q"} for row in simulated(0.99, 0.99, 0.99)
    ]
    rows += [{**row, "procedure": "q", "role": WITHDRAWN} for row in simulated(0.9, 0.9, 0.9)]
    assert [row["role"] for row in labelled(rows)] == [PRIMARY] * 3 + [LABELLED] * 3 + [
        WITHDRAWN
    ] * 3
    assert [row["label"].split()[0] for row in labelled(rows)] == ["as"] * 3 + [
        "conservative:"
    ] * 3 + ["approximate:"] * 3


def test_dead_networks_give_no_band_where_fewer_than_three_are_alive(trials):
    made = {
        row["n"]: row["made"]
        for row in trials
        if "alive only" in row["truth"] and row["procedure"] == "max-|t| band over layers"
    }
    assert REPETITIONS - 20 < made.pop(5) < REPETITIONS
    assert made == {10: REPETITIONS, 30: REPETITIONS}


def test_depth_limits_and_bands_over_depths_cover(monkeypatch):
    monkeypatch.setattr(proportions, "SEEDS", (10,))
    rows = simulate(150, ["depths", "curves"])
    assert len(rows) == 14
    for row in rows:  # most are on the safe side
        assert row["coverage"] >= ends(row)[0], row


def test_shares_that_fall_are_seldom_taken_to_rise(monkeypatch):
    """Of flat shares in .08; the test only adds a caution."""
    monkeypatch.setattr(proportions, "SEEDS", (10,))
    rows = simulate(150, ["misfits"])
    assert len(rows) == 3
    for row in rows:
        assert row["coverage"] <= 0.08 + 4 * (0.08 * 0.92 / 150) ** 0.5, row


def test_shares_of_variances_cover(monkeypatch):
    monkeypatch.setattr(comparisons, "SEEDS", (10,))
    rows = simulate(200, ["variances"])
    assert len(rows) == 3
    for row in rows:
        low, high = ends(row)
        assert low <= row["coverage"] <= high < 1, row


def test_a_simulation_has_the_same_stream_alone_and_among_others(trials):
    assert simulate(REPETITIONS, ["outcomes"]) == [row for row in trials if row["procedure"] == "t"]


def test_a_row_by_hand():
    hits = np.array([1, 1, 1, 0, np.nan])
    row = Trial("p", PRIMARY, "truth", 7, 0.95, hits).row()
    assert (row["coverage"], row["made"], row["repetitions"]) == (0.75, 4, 5)


def test_a_trial_by_hand():
    low, high = np.array([0.0, 2.0, np.nan]), np.array([1.0, 3.0, np.nan])
    trial = interval_trial("p", PRIMARY, "t", 3, Interval(low, low, high, low), 0.5)
    np.testing.assert_array_equal(trial.hits, [1, 0, np.nan])


def test_gradients_of_small_networks_against_finite_differences():
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


def test_small_relu_networks_die_as_often_as_published_bounds_allow_against_theory():
    logs, _ = population(Network("relu", True, 5, 10), 4000, np.random.default_rng(0))
    dead = float(np.isnan(logs).mean())
    assert 0.03 < dead < 1 - (1 - 2**-5) ** 10  # dead at all inputs is rarer than dead at one
