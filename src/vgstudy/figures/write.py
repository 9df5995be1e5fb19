"""Write a study's figures from its finished estimates."""

import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from vgstudy.errors import UserError
from vgstudy.figures.captions import caption_text
from vgstudy.figures.frames import read_frames
from vgstudy.figures.registry import FigureSpec, figures
from vgstudy.figures.render import csv, parquet, picture, rendered
from vgstudy.figures.view import View
from vgstudy.store.files import write_whole


def write_figures(folder: Path, names: Sequence[str] | None = None) -> None:
    """Draw figures of the study in `folder`: figures/NAME.svg, .pdf and .png, what is drawn as .csv
    and .parquet, and captions.json.

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
    specs = {name: spec for name, spec in figures().items() if spec.is_of(frames.study)}
    if unknown := [name for name in names or () if name not in specs]:
        raise UserError(
            f"{folder.name} has no figure {unknown[0]}; its figures are {', '.join(specs)}"
        )
    captions = {}
    for name, spec in specs.items():
        view = spec.view(frames)
        captions[name] = {"title": spec.title, "caption": caption_text(spec, view)}
        if names is None or name in names:
            write_figure(folder / "figures", spec, view)
    content = json.dumps(captions, indent=1, ensure_ascii=False).encode()
    write_whole(folder / "figures" / "captions.json", content)


def write_figure(folder: Path, spec: FigureSpec, view: View) -> None:
    """Write one figure in every format, and the table that it draws."""
    figure = picture(spec, view)
    files = {kind: rendered(figure, kind) for kind in ("svg", "pdf", "png")}
    files |= {"csv": csv(view.frame), "parquet": parquet(view.frame)}
    plt.close(figure)
    for kind, content in files.items():
        write_whole(folder / f"{spec.name}.{kind}", content)
