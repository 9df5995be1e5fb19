"""Write a study's figures from its finished estimates: the same estimates give the same bytes."""

import json
import re
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from vgstudy.figures.frames import read_frames
from vgstudy.figures.panels import draw, notice
from vgstudy.figures.registry import FigureSpec, figure_of, figures
from vgstudy.figures.style import rc
from vgstudy.figures.view import View
from vgstudy.schema import QUANTILES
from vgstudy.store.files import write_whole

DPI = 150
# what no file says, so that its bytes depend on what is drawn alone
NO_METADATA = {
    "svg": ("Date", "Creator"),
    "pdf": ("CreationDate", "Creator", "Producer"),
    "png": ("Software",),
}
# what takes room in an SVG file and is not seen: comments, metadata, ids that nothing refers to,
# and digits beyond a hundredth of a point
_UNSEEN = re.compile(r"<\?.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)
_ID = re.compile(r' id="([^"]+)"')
_GEOMETRY = re.compile(r' (?:d|x|y|points|transform)="[^"]*"')
_DIGITS = re.compile(r"(\.\d\d)\d+")


def write_figures(folder: Path) -> None:
    """Draw the figures of the study in `folder`: figures/NAME.svg, .pdf and .png, what is drawn as
    .csv, and captions.json.

    The captions are a JSON mapping from a figure's name to its texts, see `FigureSpec.texts`, in
    the order of the report.

    Raises
    ------
    UserError
        If a table is missing, damaged or of another version.
    """
    frames = read_frames(folder)
    captions = {}
    for name, spec in figures(frames.study).items():
        view = spec.view(frames)
        captions[name] = spec.texts(view)
        write_figure(folder / "figures", spec, view)
    content = json.dumps(captions, indent=1, ensure_ascii=False).encode()
    write_whole(folder / "figures" / "captions.json", content)


def write_one(folder: Path, name: str, style: str, kind: str, into: Path) -> Path:
    """Write one figure of a study in a style and a format, and its texts next to it; return its
    path.

    Parameters
    ----------
    style
        paper, or slides: larger letters, and the takeaway as title.
    kind
        svg, pdf or png.

    Raises
    ------
    UserError
        If a table is missing, damaged or of another version, or the study has no such figure.
    """
    frames = read_frames(folder)
    spec = figure_of(frames.study, name)
    view = spec.view(frames)
    path = into / f"{folder.resolve().name}-{name}-{style}.{kind}"
    write_whole(path, rendered(picture(spec, view, style), kind))
    words = spec.texts(view)
    lines = [words["takeaway"] or words["title"], words["caption"], words["details"]]
    write_whole(path.with_suffix(".txt"), "\n\n".join(filter(None, lines)).encode() + b"\n")
    return path


def write_figure(folder: Path, spec: FigureSpec, view: View) -> None:
    """Write one figure in every format, and the table that it draws."""
    figure = picture(spec, view)
    for kind in NO_METADATA:
        write_whole(folder / f"{spec.name}.{kind}", rendered(figure, kind))
    plt.close(figure)
    content = table(view.frame).to_csv(index=False).encode()
    write_whole(folder / f"{spec.name}.csv", content)


def picture(spec: FigureSpec, view: View, style: str = "paper") -> Figure:
    """Draw a figure from its view, or a notice where there is nothing to draw."""
    plt.switch_backend("agg")
    with mpl.rc_context(dict(rc())):
        if view.empty:
            return notice(spec.title, spec.texts(view)["caption"])
        figure = draw(view, style)
        # the layout is worked out once, not again for every kind of file, and with the widths of
        # texts in the PNG, which are wider than at a screen's resolution
        if engine := figure.get_layout_engine():
            figure.dpi = DPI
            engine.execute(figure)
            figure.dpi = mpl.rcParams["figure.dpi"]
            figure.set_layout_engine("none")
        return figure


def rendered(figure: Figure, kind: str) -> bytes:
    """Return a figure as SVG with text as text, as PDF with embedded fonts, or as PNG."""
    metadata = dict.fromkeys(NO_METADATA[kind])
    with mpl.rc_context(dict(rc())), BytesIO() as file:
        figure.savefig(file, format=kind, dpi=DPI, metadata=metadata)
        content = file.getvalue()
    return compact(content.decode()).encode() if kind == "svg" else content


def compact(svg: str) -> str:
    """Return the same image in fewer characters."""
    svg = re.sub(r"\s+", " ", _UNSEEN.sub("", svg)).replace("> <", "><").strip()
    used = set(re.findall(r"#([^)\"]+)", svg))
    svg = _ID.sub(lambda match: match[0] if match[1] in used else "", svg)
    return _GEOMETRY.sub(lambda match: _DIGITS.sub(r"\1", match[0]), svg)


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what a figure draws as a table without lists: quantiles become a column each.

    The ends of intervals that are drawn are in `low` and `high`.
    """
    lists_and_bands = ["entries", "band_low", "band_high", "band"]
    flat = frame.drop(columns=lists_and_bands, errors="ignore").reset_index(drop=True)
    if "entries" in frame and frame["entries"].notna().any():
        entries = np.stack(list(frame["entries"]))
        for place, level in enumerate(QUANTILES):
            flat[f"quantile_{level:g}"] = entries[:, place]
    return flat
