"""Numbers, intervals and lists as text: a true minus, few digits, an en dash for missing values."""

from collections.abc import Iterable
from itertools import chain
from math import ceil, exp, floor, isfinite, log10
from typing import Any

MINUS = "\N{MINUS SIGN}"
ABSENT = "\N{EN DASH}"
# whether a published number and ours agree
ANSWERS = {True: "yes", False: "NO", None: "not run"}
_LEVELS = {"rate_factor": "rate × {:g}", "width": "{} wide", "depth": "depth {}"}
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | None, decimals: int | None = None, signed: bool = False) -> str:
    """Return a number as text, such as ``0.236``, ``7,200``, ``−0.40`` or ``1.2 × 10⁻⁷``.

    Parameters
    ----------
    value : float or None
        None and non-finite values become an en dash.
    decimals : int, optional
        Digits after the point; by default those that give three significant digits.
    signed : bool
        Whether positive numbers have a plus.
    """
    if value is None or not isfinite(value):
        return ABSENT
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    size = abs(value)
    places = _places(size, 3) if decimals is None else decimals
    if size and not 1e-3 <= size < 1e6 and places >= _places(size, 1):
        return sign + _scientific(size, places)
    text = f"{size:,.{max(0, places)}f}"
    return text if not text.strip("0.,") else sign + text


def interval(
    value: float | None, low: float | None, high: float | None, signed: bool = False
) -> str:
    """Return an estimate with its interval, such as ``0.92 [0.89, 0.95]``, with digits that suit
    the interval's width."""
    if value is None or low is None or high is None or not all(map(isfinite, (value, low, high))):
        return number(value, signed=signed)
    texts = [
        number(x, places, signed)
        for x, places in zip((value, low, high), _shared_places(value, low, high), strict=True)
    ]
    return f"{texts[0]} [{texts[1]}, {texts[2]}]"


def _shared_places(value: float, low: float, high: float) -> list[int]:
    """Return the digits after the point for an estimate and its ends: two significant digits each
    where they span decades, otherwise the same number for all three."""
    sizes = [abs(value), abs(low), abs(high)]
    if low > 0 and high > 20 * low:
        return [_places(size, 2) for size in sizes]
    # seeds that differ only by rounding
    if high - low <= 1e-6 * max(sizes):
        return [_places(sizes[0], 3)] * 3
    by_width = ceil(-log10((high - low) / 2) - 1e-9)
    by_size = _places(sizes[0] if sizes[0] > max(sizes) / 10 else max(sizes), 2)
    # ratios and shares read best with two digits or more
    near_one = 2 if 0.01 <= max(sizes) < 2 else by_size
    return [max(by_width, by_size, near_one)] * 3


def listing(items: Iterable[str]) -> str:
    """Return items joined as in speech: ``a``, ``a and b``, ``a, b and c``."""
    *head, last = list(items) or [""]
    return f"{', '.join(head)} and {last}" if head else last


def ranges(numbers: Iterable[int]) -> str:
    """Return whole numbers with runs of three or more as ranges: ``1–10, 15 and 20``."""
    runs: list[list[int]] = []
    for item in sorted(set(numbers)):
        if runs and item == runs[-1][-1] + 1:
            runs[-1].append(item)
        else:
            runs.append([item])
    texts = ([f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run) for run in runs)
    return listing(chain.from_iterable(texts))


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: ``1 run``, ``7,200 runs``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def level_text(factor: str, level: object) -> str:
    """Return a level of a factor as it reads on its own: ``5 wide``, ``depth 10``, ``tanh``."""
    return _LEVELS.get(factor, "{}").format(level)


def levels_text(row: Any, factors: Iterable[str]) -> str:
    """Return the levels of a row, which may be one of a frame: ``tanh, He, 5 wide``."""
    return ", ".join(level_text(name, row[name]) for name in factors)


def percent(confidence: float) -> str:
    """Return a share as percent: ``95 %``."""
    return f"{100 * confidence:.3g} %"


def share(value: float | None, low: float | None, high: float | None, signed: bool = False) -> str:
    """Return a share, or a difference of shares, and its interval: ``56 % [46, 65]``."""
    if value is None or low is None or high is None or not all(map(isfinite, (value, low, high))):
        return ABSENT if value is None or not isfinite(value) else percent(value)
    texts = [number(round(100 * each), 0, signed) for each in (value, low, high)]
    return f"{texts[0]} % [{texts[1]}, {texts[2]}]"


def reach(half: float) -> str:
    """Return a half-width on the log scale as the factor f of an interval from value / f to
    value * f: ``±5 %`` or ``a factor of 2.40``."""
    # exp(700) is near the largest float
    factor = exp(min(half, 700.0))
    return f"±{100 * (factor - 1):.2g} %" if factor < 2 else f"a factor of {number(factor)}"


def power_of_ten(exponent: int) -> str:
    """Return a power of ten: ``10⁻⁷``."""
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def _places(size: float, significant: int) -> int:
    """Return the digits after the point that give this many significant digits; negative for large
    numbers."""
    return significant - 1 - floor(log10(size)) if size else 0


def _scientific(size: float, places: int) -> str:
    mantissa, exponent = f"{size:.{max(1, places + floor(log10(size)))}e}".split("e")
    return f"{mantissa} × {power_of_ten(int(exponent))}"
