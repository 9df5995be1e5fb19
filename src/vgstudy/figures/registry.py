"""Every figure by its name, and which of them a study has; imports no drawing library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vgstudy.figures.view import View, thinned

if TYPE_CHECKING:
    from vgstudy.figures.frames import Frames

# modules of this package that register figures, in the order of the report
FAMILIES = (
    "outcomes",
    "depth",
    "rates",
    "comparisons",
    "arms",
    "layers",
    "signal",
    "profiles",
    "theory",
)

_registered: dict[str, FigureSpec] = {}


@dataclass(frozen=True)
class FigureSpec:
    """A figure: the fixed part of its caption, and the function that selects what it shows.

    Attributes
    ----------
    name
        Names its files.
    title
        What it shows, as a heading.
    caption, details
        What is drawn, in few words, and what else a reader may ask, in whole sentences.
    needs
        Why it is not drawn where there is nothing to draw, as the end of a sentence.
    select
        Returns the view of a study's tables.
    is_of
        Whether a study, as its settings, has the figure.
    """

    name: str
    title: str
    caption: str
    needs: str
    details: str
    select: Callable[[Frames], View]
    is_of: Callable[[Mapping[str, Any]], bool]

    def view(self, frames: Frames) -> View:
        """Return what the figure shows of a study; of very many panels some."""
        return thinned(self.select(frames))


def figure(
    name: str,
    *,
    title: str,
    caption: str,
    needs: str,
    details: str = "",
    is_of: Callable[[Mapping[str, Any]], bool] = lambda _: True,
) -> Callable[[Callable[[Frames], View]], Callable[[Frames], View]]:
    """Register the decorated function, which selects what a figure shows; see `FigureSpec`."""

    def register(select: Callable[[Frames], View]) -> Callable[[Frames], View]:
        _registered[name] = FigureSpec(name, title, caption, needs, details, select, is_of)
        return select

    return register


def figures() -> dict[str, FigureSpec]:
    """Return every figure by name, in the order of the report."""
    modules = [f"{__package__}.{family}" for family in FAMILIES]
    for module in modules:
        import_module(module)

    def place(spec: FigureSpec) -> int:
        module = spec.select.__module__
        return modules.index(module) if module in modules else len(modules)

    return {spec.name: spec for spec in sorted(_registered.values(), key=place)}


def figure_names(study: Mapping[str, Any]) -> list[str]:
    """Return the names of a study's figures, in the order of the report."""
    return [name for name, spec in figures().items() if spec.is_of(study)]
