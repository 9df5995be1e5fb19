"""A figure and its table as bytes: the same figure gives the same bytes."""

import re
from io import BytesIO

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from vgstudy.figures.style import rc

DPI = 150
_GEOMETRY = re.compile(r' (?:d|x|y|points|transform)="[^"]*"')
_EXCESS = re.compile(r"(\.\d\d)\d+")


def svg(figure: Figure) -> bytes:
    """Scalable vector graphics with text as text; coordinates to a hundredth of a point."""
    content = saved(figure, "svg", {"Date": None, "Creator": None}).decode()
    return _GEOMETRY.sub(lambda found: _EXCESS.sub(r"\1", found[0]), content).encode()


def png(figure: Figure) -> bytes:
    """A bitmap at 150 dots per inch."""
    return saved(figure, "png", {"Software": None})


def pdf(figure: Figure) -> bytes:
    """A page of its size with text as text, fonts embedded."""
    return saved(figure, "pdf", {"CreationDate": None, "Creator": None, "Producer": None})


def csv(frame: pd.DataFrame) -> bytes:
    """Comma-separated values with a head, every number with all its digits, nothing for a missing one."""
    return frame.to_csv(index=False).encode()


def parquet(frame: pd.DataFrame) -> bytes:
    """A Parquet file of the frame."""
    with BytesIO() as file:
        frame.to_parquet(file, index=False, compression="zstd")
        return file.getvalue()


def saved(figure: Figure, kind: str, metadata: dict[str, None]) -> bytes:
    """The bytes that matplotlib saves, without dates or versions."""
    with mpl.rc_context(dict(rc())), BytesIO() as file:
        figure.savefig(file, format=kind, dpi=DPI, metadata=metadata)
        return file.getvalue()
