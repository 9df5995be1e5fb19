"""The order of the rows in mini-batches."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import chisquare

from vgstudy.engine.batches import ROWS_OF_SHORT_KEYS, permutations

SIZES = [1, 2, 7, ROWS_OF_SHORT_KEYS, ROWS_OF_SHORT_KEYS + 1, 1000]


def generators(count):
    return [np.random.default_rng(seed) for seed in range(count)]


@pytest.mark.parametrize("rows", SIZES)
def test_every_row_comes_once(rows):
    found = permutations(generators(3), 4, rows)
    np.testing.assert_array_equal(np.sort(found), np.broadcast_to(np.arange(rows), (3, 4, rows)))


@pytest.mark.parametrize("rows", SIZES)
def test_all_at_once_against_itself_one_by_one(rows):
    together, alone = permutations(generators(3), 4, rows), generators(3)
    np.testing.assert_array_equal(
        together, np.concatenate([permutations(alone, 1, rows) for _ in range(4)], axis=1)
    )


def test_orders_of_three_rows_against_the_uniform_distribution():
    found = permutations(generators(1), 60_000, 3)[0]
    _, counts = np.unique(found @ [9, 3, 1], return_counts=True)
    assert len(counts) == 6
    assert chisquare(counts).pvalue > 1e-4


def test_equal_keys_are_drawn_again_from_a_word_of_their_own():
    def stub(last):
        return SimpleNamespace(
            bit_generator=SimpleNamespace(
                random_raw=lambda n: np.array([0] * (n - 1) + [last], "uint64")
            )
        )

    found = permutations([stub(1), stub(1), stub(2)], 1, 100)[:, 0]
    np.testing.assert_array_equal(found[0], np.random.default_rng(1).permutation(100))
    np.testing.assert_array_equal(found[1], found[0])
    assert (found[2] != found[0]).any()
