"""Values of a study file: whole numbers and ranges of them, seeds, names, titles.

Every function returns the canonical value or raises a ValueError that says in one line what is
allowed.
"""

import re
from itertools import chain, pairwise
from typing import Any, TypeVar

from vgstudy.cells import canonical_json
from vgstudy.errors import show
from vgstudy.frozen import Frozen

Named = TypeVar("Named", bound=Frozen)

MAX_SEED = 2**31 - 1  # the largest that fits in a 32-bit column
MAX_SEEDS = 100_000
_SPAN = re.compile(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*(?:/\s*(\d{1,9})\s*)?)?")


def _span(value: Any) -> range:
    """Return one number, a range such as `1-20`, or every tenth of one, `0-500/10`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return range(value, value + 1)
    # numbers are allowed as text too: Snakemake's --config passes the elements of a list so
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if not match:
        allowed = "a whole number, a range such as 1-20 or 0-500/10, or a list of these"
        raise ValueError(f"must be {allowed}, not {show(value)}")
    first, last, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 1)
    if last < first:
        raise ValueError(f"the range {first}-{last} runs backwards: write {last}-{first}")
    if not step:
        raise ValueError(f"the range {value.strip()} has the step 0: write 1 or more")
    return range(first, last + 1, step)


def numbers(value: Any, low: int, high: int, max_count: int) -> tuple[int, ...]:
    """Return distinct whole numbers in ascending order from a number, a range or a list of
    these."""
    spans = [_span(item) for item in (value if isinstance(value, list | tuple) else [value])]
    if not spans:
        raise ValueError("is empty; give at least one")
    for end in chain.from_iterable((span[0], span[-1]) for span in spans):
        if not low <= end <= high:
            raise ValueError(f"must be between {low} and {high}, not {end}")
    if (count := sum(map(len, spans))) > max_count:
        raise ValueError(f"has {count} entries, more than {max_count}")
    ascending = sorted(chain.from_iterable(spans))
    for number, following in pairwise(ascending):
        if number == following:
            raise ValueError(f"{number} is listed twice")
    return tuple(ascending)


def seeds(value: Any) -> tuple[int, ...]:
    """Return seeds 0..n-1 from one number n; otherwise the numbers themselves."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= MAX_SEEDS:
            raise ValueError(f"the number of seeds must be between 1 and {MAX_SEEDS}, not {value}")
        return tuple(range(value))
    return numbers(value, 0, MAX_SEED, MAX_SEEDS)


def label(text: str, what: str) -> str:
    """Return the name of a level or an arm, which tables and figures show."""
    if not (0 < len(text) <= 40 and text.isprintable() and text == text.strip()):
        allowed = "1 to 40 printable characters and no blank at its ends"
        raise ValueError(f"{what} name {show(text)} must have {allowed}")
    return text


def rates(value: Any) -> tuple[float, ...]:
    """Return distinct positive numbers in ascending order from a number or a list of these."""
    listed = list(value) if isinstance(value, list | tuple) else [value]
    for number in listed:
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if not is_number or not 0 < number < float("inf"):
            raise ValueError(f"must be a positive number or a list of these, not {show(number)}")
    if not listed or len(set(listed)) < len(listed):
        raise ValueError("must have at least one number, none of them twice")
    return tuple(sorted(map(float, listed)))


def distinct_levels(levels: dict[str, Named]) -> dict[str, Named]:
    """Return named levels, at least one, each another Keras object or remedy."""
    if not levels:
        raise ValueError("has no level; give at least one, such as {tanh: tanh}")
    names: dict[str, str] = {}
    for name, level in levels.items():
        other = names.setdefault(canonical_json(level.model_dump()), label(name, "level"))
        if other != name:
            raise ValueError(f"levels {other!r} and {name!r} are the same: drop one")
    return levels


def level_name(value: Any) -> Any:
    """Return a level's name: text, or the number itself of depth, width and rate factor."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"must be a level of the factor, not {show(value)}")
    return value


def level_names(value: Any) -> Any:
    """Return one level's name or a list of them as a tuple."""
    names = value if isinstance(value, list | tuple) else [value]
    if not names:
        raise ValueError("is empty; leave it out for all levels")
    return tuple(names)


def one_line(text: str) -> str:
    """Return text that a headline can show."""
    if not text.strip() or not text.isprintable():
        raise ValueError("must be one line of printable text")
    return text
