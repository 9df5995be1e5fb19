"""The explorer's charts as Vega-Lite specifications without data: the page fills the data sets
`rows` and `here`."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from vgstudy.figures.style import COLOURS, DASHES, GREY, MARKERS, keyed

SHAPES: Mapping[str, str] = {
    "o": "circle",
    "^": "triangle-up",
    "s": "square",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "triangle-left",
    "*": "triangle-right",
}
TOOLTIP = ("activation", "initializer", "optimizer", "width", "depth", "estimate", "seeds")
MOVED = "sum over a kernel of |weight| or |change|"
FACTOR = "decay factor per layer"
LAYER = "layer (1 is nearest the input, the last is the output)"
# e^8: about 3,000
TICK = "datum.value && abs(log(datum.value)) > 8 ? format(datum.value, '~e') : format(datum.value, '~g')"
Levels = Mapping[str, Sequence[str]]


def charts(levels: Levels) -> dict[str, dict[str, Any]]:
    """A specification for each chart of the explorer; `levels` by factor, in the study's order.

    A row has `x`, `value`, `bottom` and `top` of its interval, `series` (its line) and the columns
    of TOOLTIP; `here` has the x that is chosen.
    """
    return {
        "depth": chart(
            levels,
            whole("depth (hidden layers)"),
            FACTOR,
            alt.Scale(type="log", nice=False, padding=6),
        ),
        "epochs": chart(levels, epoch(), FACTOR, alt.Scale(type="log", nice=False, padding=6)),
        "layers": chart(
            levels,
            whole(LAYER),
            "root mean square",
            alt.Scale(type="log", nice=False, padding=6),
            marked=False,
        ),
        "curves": chart(levels, epoch(), "accuracy (share) or loss (nats)", alt.Scale(zero=False)),
        "weights": chart(
            levels, whole(LAYER), MOVED, alt.Scale(type="symlog", constant=1), marked=False
        ),
    }


def whole(title: str) -> alt.X:
    """An axis of whole numbers."""
    ticks = alt.Axis(
        tickMinStep=1, format="d", labelExpr="datum.value % 1 ? '' : datum.label"
    )  # a short axis has ticks between
    return alt.X("x:Q", title=title, axis=ticks, scale=alt.Scale(zero=False, nice=False, padding=8))


def epoch() -> alt.X:
    """The axis of epochs: linear up to 1, then logarithmic."""
    ticks = alt.Axis(values=[0, 1, 10, 100, 1000, 10_000, 100_000], format="d")
    return alt.X(
        "x:Q",
        title="epoch (0 is before any update)",
        axis=ticks,
        scale=alt.Scale(type="symlog", constant=1, nice=False),
    )


def chart(
    levels: Levels, x: alt.X, title: str, scale: alt.Scale, marked: bool = True
) -> dict[str, Any]:
    """Lines with points and intervals: colour per activation, dash per initializer, marker per
    optimizer, weight per width.

    `title`: of the vertical axis. `marked`: whether a line marks the x in `here`.
    Marks say nothing to a screen reader: the page has a table.
    """
    looks = {
        factor: alt.Scale(domain=list(levels[factor]), range=shown)
        for factor, shown in ranges(levels).items()
    }
    colour = alt.Color("activation:N", scale=looks["activation"], legend=None)
    base = alt.Chart(alt.NamedData(name="rows")).encode(x=x, color=colour, detail="series:N")
    y = alt.Y("value:Q", title=title, scale=scale, axis=alt.Axis(labelExpr=TICK, tickCount=6))
    ends = {"y": alt.Y("bottom:Q", title=title, scale=scale), "y2": alt.Y2("top:Q")}
    here = (
        alt.Chart(alt.NamedData(name="here"))
        .mark_rule(color=GREY, strokeDash=[4, 3], aria=False)
        .encode(x="x:Q")
    )
    layers = (
        *([here] if marked else []),
        base.mark_area(opacity=0.13, aria=False).encode(**ends),
        base.mark_rule(opacity=0.4, aria=False).encode(
            **ends
        ),  # a point without a neighbour has no area
        base.mark_line(aria=False).encode(
            y=y,
            strokeDash=alt.StrokeDash("initializer:N", scale=looks["initializer"], legend=None),
            strokeWidth=alt.StrokeWidth("width:O", scale=looks["width"], legend=None),
        ),
        base.mark_point(filled=True, size=32, opacity=1, aria=False).encode(
            y=y,
            shape=alt.Shape("optimizer:N", scale=looks["optimizer"], legend=None),
            tooltip=[f"{name}:N" for name in TOOLTIP],
        ),
    )
    return dict(
        alt.layer(*layers)
        .properties(
            width="container",
            height=250,
            padding={"left": 5, "right": 12, "top": 5, "bottom": 5},
            background="white",
        )
        .to_dict()
    )


def ranges(levels: Levels) -> dict[str, list[Any]]:
    """What each level of a factor looks like, as the figures have it; repeated where there are more
    levels than looks."""
    return {
        "activation": list(keyed(levels["activation"], COLOURS).values()),
        "initializer": [dash(pattern) for pattern in keyed(levels["initializer"], DASHES).values()],
        "optimizer": [SHAPES[marker] for marker in keyed(levels["optimizer"], MARKERS).values()],
        "width": [
            round(1.2 + 1.6 * place / max(1, len(levels["width"]) - 1), 1)
            for place, _ in enumerate(levels["width"])
        ],
    }


def dash(pattern: Any) -> list[float]:
    """A dash of matplotlib's, in line widths, as Vega has it, in pixels of a line two wide."""
    return [1, 0] if pattern == "-" else [2 * length for length in pattern[1]]
