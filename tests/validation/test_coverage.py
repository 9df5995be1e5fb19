"""Do intervals cover what they claim? A short version of `vgstudy coverage`, judged by its own
Monte Carlo error."""

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import binom

from vgstudy.analysis.intervals import Interval
from vgstudy.analysis.standing import LABELS, STATED_FROM, label_codes
from vgstudy.store.logs import read_footer, read_table
from vgstudy.terminal import coverage_table
from vgstudy.theory.activations import ACTIVATIONS
from vgstudy.validation import areas, shares
from vgstudy.validation.coverage import SIMULATIONS, row, rows, write_coverage
from vgstudy.validation.labels import label, labelled
from vgstudy.validation.nets import Net, gradients, population
from vgstudy.validation.trials import LABELLED, PRIMARY, SECOND, WITHDRAWN, Trial, trial

REPETITIONS = 400
APPROXIMATE = {"t", "Wilson", "prediction of one seed", "chi-squared on log"}


@pytest.fixture(scope="module")
def found() -> list[dict]:
    return rows(
        REPETITIONS,
        [name for name in SIMULATIONS if name not in ("depths", "variances", "areas", "misfits")],
    )


def ends(row: dict) -> tuple[float, float]:
    """Where the share of a right procedure lies in all but one of 10,000 simulations."""
    low, high = binom.interval(0.9999, row["made"], row["nominal"])
    return low / row["made"], high / row["made"]


def test_what_decides_covers_what_it_claims_or_is_known_to_be_approximate(found):
    decides = [
        each
        for each in found
        if each["role"] in (PRIMARY, LABELLED) and each["procedure"] not in APPROXIMATE
    ]
    assert len({each["procedure"] for each in decides}) >= 7
    for each in decides:
        low, high = ends(each)
        assert 0 < high < 1
        assert each["coverage"] <= high, each
        if each["procedure"] not in (
            "Fisher",
            "false discovery rate",
            "TOST",
        ):  # those may be on the safe side
            assert each["coverage"] >= low, each


def test_what_is_withdrawn_misses(found):
    worst: dict[str, float] = {}
    for each in (each for each in found if each["role"] == WITHDRAWN):
        worst[each["procedure"]] = min(each["coverage"], worst.get(each["procedure"], 1))
    assert worst.keys() == {"BCa", "t on ratios", "t at every layer"}
    assert max(worst.values()) < 0.93


def test_what_is_known_to_be_approximate_is_labelled_so(found):
    kinds = {
        each["procedure"]: each["label"].split()[0] for each in found if each["role"] == LABELLED
    }
    assert {name for name, kind in kinds.items() if kind == "approximate"} >= APPROXIMATE
    assert min(each["coverage"] for each in found if each["procedure"] == "t") < 0.8


def test_labels_of_estimates_are_what_simulation_finds(found):
    """The column label of estimates."""
    for method, enough in STATED_FROM.items():
        own = [each for each in found if each["procedure"] == method]
        assert all(
            ends(each)[0] <= each["coverage"] <= ends(each)[1]
            for each in own
            if each["n"] >= enough
        ), method
        missed = any(
            abs(each["coverage"] - each["nominal"]) > 0.02 for each in own if each["n"] < enough
        )
        assert missed == (enough > 5), method
    assert [LABELS[code] for code in label_codes("Wilson", [10, 29, 30])] == [
        "approximate",
        "approximate",
        "as stated",
    ]


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
    rows += [{**row, "procedure": "q", "role": SECOND} for row in simulated(0.9, 0.9, 0.9)]
    assert [row["role"] for row in labelled(rows)] == [PRIMARY] * 3 + [LABELLED] * 3 + [SECOND] * 3
    assert [row["label"].split()[0] for row in labelled(rows)] == ["as"] * 3 + [
        "conservative:"
    ] * 3 + ["approximate:"] * 3


def test_dead_nets_give_no_band_where_fewer_than_three_are_alive(found):
    dying = [
        each
        for each in found
        if "alive only" in each["truth"] and each["procedure"] == "max-|t| band over layers"
    ]
    assert [each["n"] for each in dying] == [5, 10, 30]
    assert REPETITIONS - 20 < dying[0]["made"] < REPETITIONS
    assert [each["made"] for each in dying[1:]] == [REPETITIONS, REPETITIONS]


def test_depth_limits_and_bands_over_depths_cover(monkeypatch):
    monkeypatch.setattr(shares, "SEEDS", (10,))
    found = rows(150, ["depths"])
    assert len(found) == 13
    for each in found:  # most are on the safe side
        assert each["coverage"] >= ends(each)[0], each


def test_shares_that_fall_are_seldom_taken_to_rise(monkeypatch):
    monkeypatch.setattr(shares, "SEEDS", (10,))
    found = rows(150, ["misfits"])
    assert len(found) == 3
    for each in found:
        assert each["coverage"] <= 0.08 + 4 * (0.08 * 0.92 / 150) ** 0.5, (
            each
        )  # of flat shares .08; it only adds a caution


def test_areas_under_the_curve_cover(monkeypatch):
    monkeypatch.setattr(areas, "SEEDS", (10,))
    found = rows(REPETITIONS, ["areas"])
    assert len(found) == 2
    for each in found:
        low, high = ends(each)
        assert low <= each["coverage"] <= high < 1, each


def test_shares_of_variances_cover(monkeypatch):
    from vgstudy.validation import tests

    monkeypatch.setattr(tests, "SEEDS", (10,))
    found = rows(200, ["variances"])
    assert len(found) == 3
    for each in found:
        low, high = ends(each)
        assert low <= each["coverage"] <= high < 1, each


def test_a_row_by_hand():
    hits = np.array([1, 1, 1, 0, np.nan])
    told = row(Trial("p", PRIMARY, "truth", 7, 0.95, hits, np.array([1.0, 3.0, 2.0, 4.0, np.nan])))
    assert (told["coverage"], told["made"], told["repetitions"], told["width"]) == (0.75, 4, 5, 2.5)


def test_a_trial_by_hand():
    low, high = np.array([0.0, 2.0, np.nan]), np.array([1.0, 3.0, np.nan])
    np.testing.assert_array_equal(
        trial("p", PRIMARY, "t", 3, Interval(low, low, high, low), 0.5).hits, [1, 0, np.nan]
    )


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
    monkeypatch.setattr("vgstudy.validation.SIMULATIONS", {"outcomes": SIMULATIONS["outcomes"]})
    printed = write_coverage(tmp_path, 100)
    table = read_table("coverage", tmp_path / "coverage.parquet").to_pandas()
    assert set(table["procedure"]) == {"t"}
    assert set(table["repetitions"]) == {100}
    assert read_footer(tmp_path / "coverage.parquet")["repetitions"] == 100
    assert printed == table.to_dict("records")


def test_the_printed_table_has_a_line_for_each_procedure(capsys):
    many = labelled(
        simulated(0.95, 0.95, 0.95)
        + [{**row, "procedure": "q"} for row in simulated(0.99, 0.99, 0.99)]
    )
    Console(width=80).print(coverage_table.table([*reversed(many)]))
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[3:5] == [
        "primary p as stated",
        "labelled q conservative: coverage .99 for a nominal .95",
    ]
