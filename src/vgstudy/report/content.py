"""What the page needs to know to lay an explorer out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vgstudy.figures.frames import Frames
from vgstudy.figures.style import MARKERS, keyed
from vgstudy.figures.view import REFERENCE_DEPTH, nearest
from vgstudy.report.arrays import packed
from vgstudy.report.charts import Levels, charts, ranges

GLYPHS: Mapping[str, str] = {
    "o": "●",
    "^": "▲",
    "s": "■",
    "D": "◆",
    "v": "▼",
    "P": "✚",
    "X": "◀",
    "*": "▶",
}


@dataclass(frozen=True)
class Content:
    """An explorer.

    Attributes
    ----------
    index, numbers
        What `explorer.arrays.packed` says of the arrays, and their bytes.
    charts
        Vega-Lite specifications by chart.
    looks
        For each factor what stands beside each level: a glyph, or colour, weight and dash of a
        line.
    first
        The places of the levels chosen at first by factor; of depth one place.
    """

    index: Mapping[str, Any]
    numbers: bytes
    charts: Mapping[str, Any]
    looks: Mapping[str, list[Any]]
    first: Mapping[str, Any]

    @property
    def told(self) -> bytes:
        """Index and charts as JSON."""
        return json.dumps({"index": self.index, "charts": self.charts}, ensure_ascii=False).encode()


def content(frames: Frames) -> Content:
    """The explorer of a study."""
    arrays = packed(frames)
    levels = arrays.index["levels"]
    depths = [int(depth) for depth in levels["depth"]]
    first = {
        "activation": list(range(len(levels["activation"]))),
        "initializer": [0],
        "optimizer": [0],
        "width": [len(levels["width"]) - 1],
        "depth": depths.index(nearest([REFERENCE_DEPTH], depths)[0]),
    }
    return Content(arrays.index, arrays.content, charts(levels), looks(levels), first)


def looks(levels: Levels) -> dict[str, list[Any]]:
    """What stands beside each level of the factors that are ticked."""
    shown = ranges(levels)
    line = {"colour": "currentColor", "weight": 2, "dash": "none"}
    return {
        "activation": [line | {"colour": colour, "weight": 4} for colour in shown["activation"]],
        "initializer": [line | {"dash": " ".join(map(str, dash))} for dash in shown["initializer"]],
        "optimizer": [GLYPHS[marker] for marker in keyed(levels["optimizer"], MARKERS).values()],
        "width": [line | {"weight": weight} for weight in shown["width"]],
    }
