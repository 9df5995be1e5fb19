"""Area under the ROC curve against scikit-learn, by hand, and by simulation."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from vgstudy.analysis.auc import auc, auc_within, resampled
from vgstudy.analysis.intervals import equal_tails


def example(n=200, ties=True):
    rng = np.random.default_rng(0)
    score = rng.normal(size=n).round(1 if ties else 8)
    return score, rng.random(n) < 1 / (1 + np.exp(-score)), rng


@pytest.mark.parametrize("ties", [True, False])
def test_auc_against_sklearn_with_and_without_weights(ties):
    score, failed, rng = example(ties=ties)
    weight = rng.integers(0, 4, (3, len(score))).astype(float)
    expected = [roc_auc_score(failed, score, sample_weight=w) for w in weight]
    assert auc(score, failed, weight) == pytest.approx(expected)


def test_within_one_cell_it_is_the_auc():
    score, failed, _ = example()
    once = np.ones((1, len(score)))
    assert auc_within(score, failed, np.zeros(len(score), dtype=int), once) == pytest.approx(
        auc(score, failed, once)
    )


def test_pairs_of_many_cells_one_by_one(monkeypatch):
    """Every failed run against every other one of its cell, as the definition has it; in blocks of
    repetitions or in one."""
    score, failed, rng = example()
    cell, weight = (
        rng.integers(0, 12, len(score)),
        rng.integers(0, 3, (5, len(score))).astype(float),
    )
    score[:3] = np.inf
    pair = failed[:, None] & ~failed & (cell[:, None] == cell)
    wins = (score[:, None] > score) + (score[:, None] == score) / 2
    both = weight[:, :, None] * weight[:, None] * pair
    expected = (both * wins).sum(axis=(1, 2)) / both.sum(axis=(1, 2))
    assert auc_within(score, failed, cell, weight) == pytest.approx(expected, rel=1e-14)
    monkeypatch.setattr("vgstudy.analysis.auc.BLOCK", 300)
    assert auc_within(score, failed, cell, weight) == pytest.approx(expected, rel=1e-14)


def test_a_score_that_differs_between_cells_only_tells_nothing_within_them():
    cell = np.repeat([0, 1], 10)
    failed = np.array([True] * 9 + [False] + [True] + [False] * 9)
    once = np.ones((1, 20))
    assert auc((1 - cell).astype(float), failed, once) == pytest.approx(0.9)
    assert auc_within((1 - cell).astype(float), failed, cell, once) == pytest.approx(0.5)


def test_pairs_of_one_cell_by_hand():
    score, failed, cell = (
        np.array([3.0, 1, 2, 9]),
        np.array([True, False, True, False]),
        np.array([0, 0, 1, 1]),
    )
    assert auc_within(score, failed, cell, np.ones((1, 4))) == pytest.approx(0.5)  # 3 > 1, 2 < 9
    assert auc_within(score, failed, cell, np.array([[1.0, 1, 1, 0]])) == pytest.approx(1)


def test_without_failures_there_is_no_auc():
    assert np.isnan(auc(np.arange(3.0), np.zeros(3, dtype=bool), np.ones((2, 3)))).all()
    assert np.isnan(equal_tails(np.full(4, np.nan))).all()


def test_resampled_means_vary_as_means_of_seeds_do_against_theory():
    """Var of a mean of n is s^2 / n with the divisor n - 1 in s^2, which drawing n of n seeds
    understates."""
    value = np.random.default_rng(2).normal(size=5)
    weight = resampled(np.zeros(5, dtype=int), 40_000, np.random.default_rng(3))
    assert (weight @ value / 5).var() == pytest.approx(value.var(ddof=1) / 5, rel=0.03)


def test_resampling_keeps_the_number_of_seeds_of_every_cell_and_its_generator():
    cell = np.array([0, 0, 0, 1, 1])
    weight = resampled(cell, 50, np.random.default_rng(1))
    assert (weight[:, :3].sum(axis=1) == 3).all()
    assert (weight[:, 3:].sum(axis=1) == 2).all()
    assert set(np.unique(weight[:, :3])) == {0, 1.5, 3}  # two of three seeds are drawn
    assert np.array_equal(weight, resampled(cell, 50, np.random.default_rng(1)))
    assert len(np.unique(weight, axis=0)) > 5
