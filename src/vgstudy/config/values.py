"""The values a study file may hold: whole numbers and ranges of them, seeds, level names, titles.

Every function gives the canonical value or raises a ValueError that says in one line what is
allowed.
"""

import re
from itertools import chain, pairwise
from typing import Any

from vgstudy.cells import KerasObject, canonical_json
from vgstudy.errors import show

MAX_SEED = 2**31 - 1  # a 32-bit column holds them
MAX_SEEDS = 100_000


_SPAN = re.compile(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*(?:/\s*(\d{1,9})\s*)?)?")


def _span(value: Any) -> range:
    """One number, a range such as `1-20`, or every tenth of one, `0-500/10`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return range(value, value + 1)
    # a number as text too: Snakemake's --config gives the elements of a list so
    if not isinstance(value, str) or not (found := _SPAN.fullmatch(value)):
        raise ValueError(
            f"must be a whole number, a range such as 1-20 or 0-500/10, or a list of these, not {show(value)}"
        )
    first, last, step = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
    if last < first:
        raise ValueError(f"the range {first}-{last} runs backwards: write {last}-{first}")
    if not step:
        raise ValueError(f"the range {value.strip()} has the step 0: write 1 or more")
    return range(first, last + 1, step)


def numbers(value: Any, low: int, high: int, most: int) -> tuple[int, ...]:
    """Distinct whole numbers in ascending order from a number, a range or a list of these."""
    spans = [_span(v) for v in (value if isinstance(value, list | tuple) else [value])]
    if not spans:
        raise ValueError("is empty; give at least one")
    if outside := [end for span in spans for end in (span[0], span[-1]) if not low <= end <= high]:
        raise ValueError(f"must be between {low} and {high}, not {outside[0]}")
    if (count := sum(map(len, spans))) > most:
        raise ValueError(f"has {count} entries, more than {most}")
    found = sorted(chain.from_iterable(spans))
    if twice := [a for a, b in pairwise(found) if a == b]:
        raise ValueError(f"{twice[0]} is listed twice")
    return tuple(found)


def seeds(value: Any) -> tuple[int, ...]:
    """Seeds 0..n-1 from one number n; otherwise the numbers themselves."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= MAX_SEEDS:
            raise ValueError(f"the number of seeds must be between 1 and {MAX_SEEDS}, not {value}")
        return tuple(range(value))
    return numbers(value, 0, MAX_SEED, MAX_SEEDS)


def distinct_levels(levels: dict[str, KerasObject]) -> dict[str, KerasObject]:
    """Named levels, at least one, each another Keras object."""
    if not levels:
        raise ValueError("has no level; give at least one, such as {tanh: tanh}")
    first: dict[str, str] = {}
    for name, level in levels.items():
        if not (0 < len(name) <= 40 and name.isprintable() and name == name.strip()):
            raise ValueError(
                f"level name {show(name)} must have 1 to 40 printable characters and no blank at its ends"
            )
        if (other := first.setdefault(canonical_json(level.model_dump()), name)) != name:
            raise ValueError(f"levels {other!r} and {name!r} are the same Keras object: drop one")
    return levels


def level_name(value: Any) -> Any:
    """A level's name: text, or the number itself of depth and width."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"must be a level of the factor, not {show(value)}")
    return value


def level_names(value: Any) -> Any:
    """One level's name or a list of them."""
    names = value if isinstance(value, list | tuple) else [value]
    if not names:
        raise ValueError("is empty; leave it out for all levels")
    return tuple(names)


def arm_name(text: str) -> str:
    """An arm's name."""
    if not (0 < len(text) <= 40 and text.isprintable() and text == text.strip()):
        raise ValueError(
            f"arm name {show(text)} must have 1 to 40 printable characters and no blank at its ends"
        )
    return text


def one_line(text: str) -> str:
    """Text that a headline can show."""
    if not text.strip() or not text.isprintable():
        raise ValueError("must be one line of printable text")
    return text
