"""A figure and its table as bytes: the same figure gives the same bytes."""

import re
from io import BytesIO

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from vgstudy.figures.captions import caption_text
from vgstudy.figures.panels import draw, notice
from vgstudy.figures.registry import FigureSpec
from vgstudy.figures.style import rc
from vgstudy.figures.view import View
from vgstudy.schema import QUANTILES

DPI = 150
# what no file says, so that its bytes depend on what is drawn alone
NO_METADATA = {
    "svg": ("Date", "Creator"),
    "pdf": ("CreationDate", "Creator", "Producer"),
    "png": ("Software",),
}
_GEOMETRY = re.compile(r' (?:d|x|y|points|transform)="[^"]*"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")


def picture(spec: FigureSpec, view: View) -> Figure:
    """Draw a figure from its view, or a notice where there is nothing to draw."""
    plt.switch_backend("agg")
    with mpl.rc_context(dict(rc())):
        if view.empty:
            return notice(spec.title, caption_text(spec, view))
        figure = draw(view)
        # the layout is worked out once, not again for every kind of file
        if engine := figure.get_layout_engine():
            engine.execute(figure)
            figure.set_layout_engine("none")
        return figure


def rendered(figure: Figure, kind: str) -> bytes:
    """Return a figure as SVG with text as text and coordinates to a hundredth of a point, as PDF
    with embedded fonts, or as PNG."""
    content = printed(figure, kind)
    if kind != "svg":
        return content
    text = _GEOMETRY.sub(lambda part: _DECIMALS.sub(r"\1", part[0]), content.decode())
    return text.encode()


def printed(figure: Figure, kind: str) -> bytes:
    """Return the bytes of `Figure.savefig`, which would draw everything twice: at first without
    output, for layouts that change."""
    canvas = {"svg": FigureCanvasSVG, "pdf": FigureCanvasPdf, "png": FigureCanvasAgg}[kind](figure)
    metadata = dict.fromkeys(NO_METADATA[kind])
    with mpl.rc_context(dict(rc())), BytesIO() as file:
        usual, figure.dpi = figure.dpi, DPI
        getattr(canvas, f"print_{kind}")(file, metadata=metadata)
        figure.dpi = usual
        return file.getvalue()


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


def csv(frame: pd.DataFrame) -> bytes:
    """Return comma-separated values with a head, every number with all its digits, nothing for a
    missing one."""
    content: str = table(frame).to_csv(index=False)
    return content.encode()


def parquet(frame: pd.DataFrame) -> bytes:
    """Return a Parquet file of what a figure draws."""
    with BytesIO() as file:
        table(frame).to_parquet(file, index=False)
        return file.getvalue()
