"""Pictures of finished estimates. Nothing here estimates: a picture draws the points of its view
and their intervals."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import matplotlib as mpl
from matplotlib.figure import Figure

from vgstudy.errors import UserError
from vgstudy.figures.bands import arm_layers, fans, single_runs
from vgstudy.figures.captions import caption_of, caption_text, figure_names
from vgstudy.figures.frames import read_frames
from vgstudy.figures.layers import layers
from vgstudy.figures.lines import cell_lines, lines, width_lines
from vgstudy.figures.notice import notice
from vgstudy.figures.places import places
from vgstudy.figures.registry import view_of
from vgstudy.figures.rendering import csv, parquet, pdf, png, svg
from vgstudy.figures.shares import shares
from vgstudy.figures.style import rc
from vgstudy.figures.view import View
from vgstudy.store.files import write_whole

PICTURES: Mapping[str, Callable[[View], Figure]] = MappingProxyType(
    {
        "accounting": shares,
        "profile-start": cell_lines,
        "profile-end": cell_lines,
        "decay-epochs": cell_lines,
        "level-epochs": cell_lines,
        "accuracy-depth": lines,
        "depth-limit": places,
        "l1-epochs": layers,
        "arms-accuracy": single_runs,
        "arms-weights": arm_layers,
        "arms-gradients": arm_layers,
        "arms-first-last": arm_layers,
        "arms-entries": fans,
        "zeros-start": lines,
        "zeros-end": lines,
        "fluctuations": lines,
        "theory-width": width_lines,
    }
)


def picture(name: str, view: View) -> Figure:
    """The figure of this name drawn from its view, or a notice where there is nothing to draw.

    Raises
    ------
    KeyError
        If there is no such figure.
    """
    draw = PICTURES[name]
    with mpl.rc_context(dict(rc())):
        return (
            notice(caption_of(name).title, caption_text(name, view))
            if view.empty
            else arranged(draw(view))
        )


def arranged(figure: Figure) -> Figure:
    """The figure with its layout worked out once, not again by every rendering."""
    if engine := figure.get_layout_engine():
        engine.execute(figure)
        figure.set_layout_engine("none")
    return figure


def write_figures(folder: Path, names: Sequence[str] | None = None) -> None:
    """Draw figures of the study in `folder`: figures/NAME.svg, .pdf, .png, what is drawn as .csv
    and .parquet; captions.json.

    The captions are a JSON mapping from a figure's name to its `title` and `caption`, in the order
    of the report.

    Parameters
    ----------
    names
        The figures to draw; by default all of the study's.

    Raises
    ------
    UserError
        If a table is missing, damaged or of another version, or the study has no such figure.
    """
    frames = read_frames(folder)
    known = figure_names(frames.study)
    if unknown := [name for name in names or () if name not in known]:
        raise UserError(
            f"{folder.name} has no figure {unknown[0]}; its figures are {', '.join(known)}"
        )
    views = {name: view_of(name)(frames) for name in known}
    for name in names or known:
        write_figure(folder / "figures", name, views[name])
    captions = {
        name: {"title": caption_of(name).title, "caption": caption_text(name, view)}
        for name, view in views.items()
    }
    write_whole(
        folder / "figures" / "captions.json",
        json.dumps(captions, indent=1, ensure_ascii=False).encode(),
    )


def write_figure(folder: Path, name: str, view: View) -> list[Path]:
    """Write one figure in every format, and the table that it draws; the paths."""
    figure = picture(name, view)
    files = {kind: render(figure) for kind, render in (("svg", svg), ("pdf", pdf), ("png", png))}
    files |= {kind: table(view.frame) for kind, table in (("csv", csv), ("parquet", parquet))}
    for kind, content in files.items():
        write_whole(folder / f"{name}.{kind}", content)
    return [folder / f"{name}.{kind}" for kind in files]
