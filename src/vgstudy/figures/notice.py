"""The picture that stands for a figure with nothing to draw."""

from textwrap import fill

from matplotlib.figure import Figure

from vgstudy.figures.style import GREY


def notice(title: str, text: str) -> Figure:
    """A small picture that says why there is no other."""
    figure = Figure(figsize=(4.2, 0.9))
    figure.text(
        0.02, 0.5, f"{fill(title, 68)}\n{fill(text, 68)}", color=GREY, fontsize=8, va="center"
    )
    return figure
