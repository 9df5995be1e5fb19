"""Published numbers that theory gives without drawing a network, and the rules of comparison."""

from dataclasses import replace

import numpy as np
import pytest

from vgstudy.validation.published_laws import Number, law_checks


def test_published_numbers_that_need_no_network():
    checks = [*law_checks()]
    sources = ["Poole", "Klambauer", "Sussillo", "Lu"]
    assert list(dict.fromkeys(check.source.split()[0] for check in checks)) == sources
    assert [check for check in checks if not check.agrees] == []


@pytest.mark.parametrize("factor", [0.95, 1.05])
def test_a_number_that_is_wrong_by_five_percent_fails(factor):
    """Ours, at the rules that the table uses, against a published number that differs."""
    number = Number("source", "quantity", "setup", 0.7)
    wrong = replace(number, value=number.value * factor)
    logs = np.log(0.7) + np.random.default_rng(0).normal(0, 0.01, 30)
    rules = (
        lambda published: published.within_share(0.7, 0.04),
        lambda published: published.within(0.7, 0.01),
        lambda published: published.mean_of(logs),
        lambda published: published.share_of(7000, 10_000),
        lambda published: published.one_of(np.exp(logs)),
    )
    for rule in rules:
        assert rule(number).agrees
        assert not rule(wrong).agrees
    assert wrong.mean_of(logs, slack=0.06).agrees
