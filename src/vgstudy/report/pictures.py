"""A study's pictures and captions, ready to be put into the page."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vgstudy.errors import UserError

PIXELS = 4 / 3  # CSS pixels in a point
VIEW_BOX = re.compile(rb'viewBox="0 0 ([0-9.]+) ([0-9.]+)"')


@dataclass(frozen=True)
class Picture:
    """A figure: its name, title, caption, size in CSS pixels, and the picture itself as a data address."""

    name: str
    title: str
    caption: str
    width: int
    height: int
    address: str


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
        return tuple(picture(folder / "figures" / f"{name}.svg", **told[name]) for name in names)
    except FileNotFoundError as error:
        raise UserError(f"{error.filename} is missing; make it: `vgstudy figures {folder}`") from None
    except (ValueError, TypeError, KeyError):
        raise UserError(f"{captions.parent} holds a damaged file; rebuild it: `vgstudy figures {folder}`") from None


def picture(path: Path, title: str, caption: str) -> Picture:
    """One figure from its SVG file."""
    content = path.read_bytes()
    size = VIEW_BOX.search(content)
    if not size:
        raise ValueError(f"{path} is no picture")
    address = f"data:image/svg+xml;base64,{b64encode(content).decode()}"
    width, height = (round(float(points) * PIXELS) for points in size.groups())
    return Picture(path.stem, title, caption, width, height, address)
