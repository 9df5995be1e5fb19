"""Networks at their best learning rates, and compared seed by seed."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from synthetic import study
from vgstudy.analysis.best_rates import (
    best_rate,
    best_rate_rows,
    compared,
    paired_rows,
    ranked,
    study_at_best_rates,
)
from vgstudy.analysis.share_intervals import newcombe_paired
from vgstudy.config.factors import Factors
from vgstudy.config.load import load_study
from vgstudy.schema import DEFAULT_LEVELS

LEVELS = {"depth": 5, "width": 5, "activation": "tanh", "initializer": "He", "optimizer": "SGD"}


def runs(learned, loss=1.0, remedy="none"):
    """Runs of one network, from the learned flags (0 or 1) of its seeds 0, 1, ... at each rate."""
    return pd.DataFrame(
        [
            {**LEVELS, **DEFAULT_LEVELS, "remedy": remedy, "rate_factor": rate}
            | {"cell": f"{remedy} {rate}", "seed": seed, "learned": flag, "train_loss": loss}
            for rate, flags in learned.items()
            for seed, flag in enumerate(flags)
        ]
    )


def test_the_rate_of_most_learned_runs_is_chosen_and_others_estimate_by_hand():
    rows = runs({0.1: [1, 1, 0, 0], 1.0: [0, 1, 1, 1]})
    (best,) = best_rate_rows(rows, choosing=[0, 1])
    assert (best["rate_factor"], best["value"], best["n"], best["chosen_on"]) == (0.1, 0, 2, 2)
    assert best["at_one"] == 1
    # learned at both rates: one decade times 1/2 at rate 1 only
    assert best["area"] == pytest.approx(0.5)
    assert best["area_bound"] == "at least"


def test_without_choosing_seeds_only_networks_of_one_rate_have_a_row():
    rows = pd.concat([runs({0.1: [1, 0]}), runs({0.1: [1, 1], 1.0: [1, 1]}, remedy="skip")])
    (best,) = best_rate_rows(rows, choosing=[])
    assert (best["remedy"], best["value"], best["n"]) == ("none", 0.5, 2)


def test_ties_go_to_the_lowest_median_loss_and_divergence_counts_as_infinite_by_hand():
    rows = pd.concat(
        [
            runs({0.1: [1, 0]}, loss=0.4),
            runs({1.0: [1, 0]}, loss=0.3),
            runs({10.0: [1, 0]}, loss=np.nan),
        ]
    )
    assert best_rate(rows) == 1.0


def test_choosing_and_estimating_on_the_same_seeds_would_look_better_against_itself():
    rng = np.random.default_rng(0)
    rates = [0.1, 0.3, 1.0, 3.0, 10.0]
    fair, unfair = [], []
    for _ in range(200):
        rows = runs({rate: rng.integers(0, 2, 20) for rate in rates})
        (best,) = best_rate_rows(rows, choosing=range(10))
        fair.append(best["value"])
        chosen = rows[(rows["rate_factor"] == best["rate_factor"]) & (rows["seed"] < 10)]
        unfair.append(chosen["learned"].mean())
    assert np.mean(fair) == pytest.approx(0.5, abs=0.03)
    assert np.mean(unfair) > 0.6


def test_the_paired_interval_against_newcombes_example():
    """Newcombe 1998, Stat. Med. 17:2635, table II: 36, 12, 2, 0 give .0569 to .3404."""
    found = newcombe_paired(36, 12, 2, 0)
    assert [float(end) for end in (found.value, found.low, found.high)] == pytest.approx(
        [0.2, 0.0569, 0.3404], abs=5e-5
    )


def test_the_paired_test_against_statsmodels():
    learned = np.array([1, 1, 1, 1, 0, 0, 1, 0], bool)
    reference = np.array([0, 0, 0, 1, 1, 0, 0, 0], bool)
    found = compared(learned, reference)
    table = [[1, 4], [1, 2]]
    assert (found["cured"], found["harmed"], found["n"]) == (4, 1, 8)
    assert found["p"] == pytest.approx(mcnemar(table, exact=True).pvalue)


def test_the_paired_interval_covers_the_truth_by_simulation():
    rng = np.random.default_rng(1)
    shares = np.array([0.3, 0.3, 0.1, 0.3])
    counts = rng.multinomial(30, shares, size=2000)
    intervals = [newcombe_paired(*row) for row in counts.tolist()]
    inside = [each.low <= 0.2 <= each.high for each in intervals]
    assert 0.93 < np.mean(inside) < 0.98


def test_levels_are_paired_by_seed_at_their_own_best_rates_by_hand():
    rows = pd.concat(
        [
            runs({0.1: [1, 1, 0, 0, 1], 1.0: [0, 0, 1, 1, 1]}),
            runs({0.1: [0, 0, 1, 1, 0], 1.0: [1, 1, 1, 1, 0]}, remedy="skip"),
        ]
    )
    best = best_rate_rows(rows, choosing=[0, 1])
    estimating = rows[~rows["seed"].isin([0, 1])]
    (pair,) = paired_rows(estimating, best, [{"factor": "remedy", "reference": "none"}])
    assert (pair["remedy"], pair["rate_factor"], pair["reference_rate"]) == ("skip", 1.0, 0.1)
    assert (pair["cured"], pair["harmed"], pair["n"]) == (2, 1, 3)


def test_a_study_at_best_rates_has_every_network_once_by_hand(tmp_path):
    fields = study(depths=[1, 5], widths=[5], activations=["tanh"], initializers=["He"])
    fields["factors"]["rate_factor"] = [0.1, 1.0]
    networks = [
        {**LEVELS, **DEFAULT_LEVELS, "optimizer": optimizer, "depth": depth, "rate_factor": rate}
        for optimizer, depth, rate in (("SGD", 1, 0.1), ("SGD", 5, 1.0), ("Adam", 5, 1.0))
    ]
    path = tmp_path / "fresh.yaml"
    path.write_text(study_at_best_rates(fields, networks, "50-59"))
    fresh = load_study(path)
    names = list(Factors.model_fields)
    assert fresh.seeds == tuple(range(50, 60))
    assert [dict(zip(names, levels, strict=True)) for levels in fresh.combinations()] == networks


def test_what_cannot_be_told_from_the_best_is_as_good_by_hand():
    shares = {"a": 0.9, "b": 0.8, "c": 0.1}
    rows = [
        {"depth": 20, "activation": "tanh", "remedy": name, "value": share, "n": 30}
        for name, share in shares.items()
    ]
    other, deeper = rows[2] | {"activation": "ReLU"}, rows[2] | {"depth": 30}
    found = ranked([deeper, *reversed(rows), other])
    assert [(row["activation"], row["remedy"], row["as_good"]) for row in found] == [
        ("ReLU", "c", True),
        ("tanh", "a", True),
        ("tanh", "b", True),
        ("tanh", "c", False),
        ("tanh", "c", True),
    ]
