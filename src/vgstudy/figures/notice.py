"""The picture that stands for a figure with nothing to draw."""

from textwrap import fill

from matplotlib.figure import Figure

from vgstudy.figures.style import GREY


def notice(text: str) -> Figure:
    """A small picture that says why there is no other."""
    figure = Figure(figsize=(6, 0.8))
    figure.text(0.02, 0.5, fill(text, 100), color=GREY, fontsize=8, va="center")
    return figure
