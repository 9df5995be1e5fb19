"""Which odds ratios the tests of a study can find: by hand, against itself and by simulation."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from vgstudy.analysis.power import Family, families, too_small
from vgstudy.analysis.strata import Strata, odds_ratio

FAMILY = Family("initializer", "Xavier", tests=24, depths=8, seeds=10)
CELLS = list(product([1, 2, 3], [5, 25], ["tanh", "ReLU"], ["Xavier", "He"], ["SGD"]))


def declared(factor: str, reference: object, *quantities: str) -> dict[str, object]:
    return {"factor": factor, "reference": reference, "quantities": quantities or ["p_learned"]}


def test_families_are_the_declared_contrasts_by_hand():
    contrasts = [
        declared("initializer", "Xavier"),
        declared("width", 5, "d_delta"),
        declared("width", 5),
        declared("depth", 1),
    ]
    cells = [cell for cell in CELLS if cell != (3, 25, "tanh", "He", "SGD")]
    assert list(families(cells, 10, contrasts)) == [
        Family("initializer", "Xavier", tests=4, depths=2, seeds=10),
        Family("width", "5", tests=4, depths=2, seeds=10),
    ]
    assert list(families(CELLS[:1], 10, contrasts)) == []


def test_the_odds_ratio_is_found_as_often_as_stated_against_simulation():
    share = 1 - (np.arange(8) + 0.5) / 8
    root = np.sqrt(FAMILY.odds_ratio)
    odds = share / (1 - share)
    one, other = (tilted / (1 + tilted) for tilted in (odds * root, odds / root))
    rng, runs = np.random.default_rng(3), np.full(8, 10)
    pairs = zip(rng.binomial(10, one, (800, 8)), rng.binomial(10, other, (800, 8)), strict=True)
    p = np.array([odds_ratio(Strata.of(a, runs, b, runs)).p for a, b in pairs])
    assert (p < 0.05 / 24).mean() == pytest.approx(0.8, abs=0.06)


def test_more_seeds_find_less_and_too_few_find_nothing_against_itself():
    ratios = [replace(FAMILY, seeds=seeds).odds_ratio for seeds in (5, 10, 30)]
    assert ratios == sorted(ratios, reverse=True)
    needed = replace(FAMILY, seeds=1).seeds_needed
    assert replace(FAMILY, seeds=needed - 1).too_small
    assert not replace(FAMILY, seeds=needed).too_small


def test_a_family_that_is_too_small_says_which_and_what_it_takes_by_hand():
    # of 1 depth: all of one level learn and none of the other, 2 of C(2n, n) tables, below .05
    family = Family("optimizer", "SGD", tests=1, depths=1, seeds=3)
    assert too_small(family) == (
        "optimizer against SGD: 3 seeds at 1 depth cannot decide its one test, 4 can"
    )
