"""A figure and its table as bytes: the same figure gives the same bytes."""

import re
from collections.abc import Callable, Mapping
from io import BytesIO
from types import MappingProxyType

import matplotlib as mpl
import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from pyarrow.parquet import write_table

from vgstudy.figures.style import rc
from vgstudy.schema import CHECKS, QUANTILES

DPI = 150
PRINTERS: Mapping[str, Callable[[Figure, BytesIO, dict[str, None]], None]] = MappingProxyType(
    {
        "svg": lambda figure, file, metadata: FigureCanvasSVG(figure).print_svg(
            file, metadata=metadata
        ),
        "pdf": lambda figure, file, metadata: FigureCanvasPdf(figure).print_pdf(
            file, metadata=metadata
        ),
        "png": lambda figure, file, metadata: FigureCanvasAgg(figure).print_png(
            file, metadata=metadata
        ),
    }
)
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


def table(frame: pd.DataFrame) -> pa.Table:
    """What a picture draws as a table without lists: those of quantiles become a column for each.

    The checks beside an estimate are not drawn; they stand in the study's own tables. Of a band
    what is drawn stays.
    """
    checks = CHECKS if set(CHECKS) <= set(frame.columns) else ()
    flat = frame.drop(columns=["entries", "band_low", "band_high", *checks], errors="ignore")
    if "entries" in frame and frame["entries"].notna().any():
        entries = np.stack(list(frame["entries"]))
        flat = flat.assign(
            **{f"quantile_{q:g}": entries[:, place] for place, q in enumerate(QUANTILES)}
        )
    return pa.Table.from_pandas(flat, preserve_index=False).replace_schema_metadata(None)


def csv(frame: pd.DataFrame) -> bytes:
    """Comma-separated values with a head, every number with all its digits, nothing for a missing
    one."""
    content: str = table(frame).to_pandas().to_csv(index=False)
    return content.encode()


def parquet(frame: pd.DataFrame) -> bytes:
    """A Parquet file of the frame, of the few kinds of pages that `templates/parquet.js` reads; the
    page compresses it whole."""
    columns = table(frame)
    decimals = [field.name for field in columns.schema if pa.types.is_floating(field.type)]
    with BytesIO() as file:
        plain = {
            "compression": "none",
            "use_dictionary": False,
            "store_schema": False,
            "write_statistics": False,
        }
        write_table(
            columns,
            file,
            use_byte_stream_split=decimals,
            row_group_size=max(1, len(frame)),
            **plain,
        )
        return file.getvalue()


def saved(figure: Figure, kind: str, metadata: dict[str, None]) -> bytes:
    """The bytes of a figure whose layout is worked out, without dates or versions.

    They are those of `Figure.savefig`, which would draw everything twice: at first without output,
    for layouts that change.
    """
    with mpl.rc_context(dict(rc())), BytesIO() as file:
        usual, figure.dpi = figure.dpi, DPI
        PRINTERS[kind](figure, file, metadata)
        figure.dpi = usual
        return file.getvalue()
