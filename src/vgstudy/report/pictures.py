"""A study's pictures and captions, ready to be put into the page."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vgstudy.errors import UserError
from vgstudy.report.attachments import Attachment

PIXELS = 4 / 3  # CSS pixels in a point
VIEW_BOX = re.compile(rb'viewBox="0 0 ([0-9.]+) ([0-9.]+)"')
KINDS = (
    "svg",
    "pdf",
    "parquet",
)  # that travel in the page, which makes a PNG of the SVG and CSV of the Parquet when asked


@dataclass(frozen=True)
class Picture:
    """A figure: its name, title, caption, size in CSS pixels, and its files by kind."""

    name: str
    title: str
    caption: str
    width: int
    height: int
    files: dict[str, Attachment]


def pictures(folder: Path, names: Iterable[str]) -> tuple[Picture, ...]:
    """The named figures of the study in `folder`.

    Raises
    ------
    UserError
        If a file is missing or was not written by `vgstudy figures`.
    """
    captions = folder / "figures" / "captions.json"
    try:
        told = json.loads(captions.read_text(encoding="utf-8"))
        return tuple(picture(folder, name, **told[name]) for name in names)
    except FileNotFoundError as error:
        raise UserError(
            f"{error.filename} is missing; make it: `vgstudy figures {folder}`"
        ) from None
    except (ValueError, TypeError, KeyError):
        raise UserError(
            f"{captions.parent} holds a damaged file; rebuild it: `vgstudy figures {folder}`"
        ) from None


def picture(folder: Path, name: str, title: str, caption: str) -> Picture:
    """One figure from its files."""
    paths = {kind: folder / "figures" / f"{name}.{kind}" for kind in KINDS}
    files = {
        kind: Attachment(f"{folder.name}/figures/{path.name}", path.read_bytes())
        for kind, path in paths.items()
    }
    size = VIEW_BOX.search(files["svg"].content)
    if not size:
        raise ValueError(f"{paths['svg']} is no picture")
    width, height = (round(float(points) * PIXELS) for points in size.groups())
    return Picture(name, title, caption, width, height, files)
