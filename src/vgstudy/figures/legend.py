"""The key to colours, dashes and markers, above the panels: a row for each factor."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from vgstudy.figures.style import GREY, LOOKS, THEORY, keyed


def add_legend(
    figure: Figure, frame: pd.DataFrame, more: Mapping[str, list[Line2D]] = MappingProxyType({})
) -> None:
    """Add the key to what a picture of these points shows; `more` are further rows by name."""
    entries = {factor: list(handles(frame, factor)) for factor in LOOKS} | dict(more)
    if "predicted" in frame:
        entries["theory"] = [Line2D([], [], color=GREY, label="prediction", **THEORY)]
    longest = max(len(str(handle.get_label())) for row in entries.values() for handle in row)
    per_row = max(1, int((figure.get_figwidth() - 1) / (0.5 + 0.075 * longest)))  # inches
    rows = [row for factor, listed in entries.items() for row in key_rows(factor, listed, per_row)]
    columns = max(map(len, rows))
    filled = [[*row, *[blank()] * (columns - len(row))] for row in rows]
    by_column = [
        handle for column in zip(*filled, strict=True) for handle in column
    ]  # the order in which a legend fills up
    spacing = {"columnspacing": 1.2, "handlelength": 2.4, "labelspacing": 0.25}
    figure.legend(handles=by_column, loc="outside upper left", ncols=columns, **spacing)


def handles(frame: pd.DataFrame, factor: str) -> Iterator[Line2D]:
    """An entry for each level of a factor that occurs; none for a single initializer or
    optimizer."""
    look, choices = LOOKS[factor]
    present = frame[factor].cat.remove_unused_categories().cat.categories
    if len(present) > 1 or factor == "activation":
        looks = keyed(frame[factor].cat.categories, choices)
        plain: dict[str, Any] = {"color": GREY, "linestyle": "-", "marker": "", "markersize": 4}
        for level in present:
            yield Line2D([], [], label=str(level), **(plain | {look: looks[level]}))


def key_rows(factor: str, listed: list[Line2D], per_row: int) -> Iterator[list[Line2D]]:
    """The entries of a factor in rows, its name before the first."""
    for first in range(0, len(listed), per_row):
        yield [blank("" if first else factor), *listed[first : first + per_row]]


def blank(text: str = "") -> Line2D:
    """An entry without a line."""
    return Line2D([], [], linestyle="", label=text)
