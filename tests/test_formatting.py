"""Numbers and lists as text, by hand."""

import math

import pytest

from vgstudy.formatting import interval, listing, number, percent, plural, ranges


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.2361, "0.236"),
        (7200, "7,200"),
        (123456.7, "123,457"),
        (-0.4, "−0.400"),
        (0, "0"),
        (-0.0, "0"),
        (1.234e-7, "1.23 × 10⁻⁷"),
        (-2e7, "−2.00 × 10⁷"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_number_by_hand(value, text):
    assert number(value) == text


def test_signed_number_by_hand():
    assert [number(x, 1, signed=True) for x in (0.5, -0.5, 0.0)] == ["+0.5", "−0.5", "0.0"]


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((0.92, 0.89, 0.95), "0.92 [0.89, 0.95]"),
        ((0.236, 0.234, 0.238), "0.236 [0.234, 0.238]"),
        ((340, 334, 346.2), "340 [334, 346]"),
        ((0.94, 0.75, 1.2), "0.94 [0.75, 1.20]"),
        ((0.74, 0.018, 31), "0.74 [0.018, 31]"),
        ((1e-7, 8e-8, 2e-7), "1.0 × 10⁻⁷ [8.0 × 10⁻⁸, 2.0 × 10⁻⁷]"),
        ((1.4e7, 1.38e7, 1.45e7), "1.40 × 10⁷ [1.38 × 10⁷, 1.45 × 10⁷]"),
        ((0, 0, 0.3085), "0.00 [0.00, 0.31]"),
        ((-0.5, -0.81, -5.6e-5), "−0.50 [−0.81, 0.00]"),
        ((0.5, 0.5, 0.5), "0.500 [0.500, 0.500]"),
        ((0, 0, 0), "0 [0, 0]"),
        ((0.5, None, None), "0.500"),
        ((0.5, math.nan, math.nan), "0.500"),
        ((math.nan, math.nan, math.nan), "–"),
    ],
)
def test_interval_by_hand(ends, text):
    assert interval(*ends) == text


def test_signed_interval_by_hand():
    assert interval(0.4, -0.1, 0.6, signed=True) == "+0.40 [−0.10, +0.60]"


def test_lists_by_hand():
    assert [listing(items) for items in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert ranges([3, 1, 2, 7, 10, 9, 9]) == "1–3, 7, 9 and 10"
    assert (plural(1, "run"), plural(7200, "run"), percent(0.95)) == ("1 run", "7,200 runs", "95 %")


def test_an_interval_of_rounding_alone_has_few_digits():
    assert (
        interval(1.4999999999999998, 1.4999999999999982, 1.5000000000000013) == "1.50 [1.50, 1.50]"
    )
