"""A study's figures as images inside the page."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from vgstudy.errors import UserError

PIXELS_PER_POINT = 4 / 3
_VIEW_BOX = re.compile(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"')
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class EmbeddedFigure:
    """A figure: its name and texts, see `FigureSpec.texts`, its size in CSS pixels, and its
    image as a data URL."""

    name: str
    title: str
    takeaway: str
    caption: str
    details: str
    width: int
    height: int
    image: Markup

    @property
    def heading(self) -> str:
        """What to see in the figure, or else what it shows."""
        return self.takeaway or self.title

    @property
    def drawn(self) -> bool:
        """Whether the study has what the figure shows."""
        return not self.caption.startswith("Not drawn: ")


def embedded_figures(folder: Path, names: Iterable[str]) -> tuple[EmbeddedFigure, ...]:
    """Return the named figures of the study in `folder`.

    Raises
    ------
    UserError
        If a file is missing or was not written by `vgstudy figures`.
    """
    captions = folder / "figures" / "captions.json"
    try:
        texts = json.loads(captions.read_text(encoding="utf-8"))
        return tuple(embedded_figure(folder, name, **texts[name]) for name in names)
    except FileNotFoundError as error:
        remedy = f"make it: `vgstudy figures {folder}`"
        raise UserError(f"{error.filename} is missing; {remedy}") from None
    except (ValueError, TypeError, KeyError):
        remedy = f"rebuild it: `vgstudy figures {folder}`"
        raise UserError(f"{captions.parent} holds a damaged file; {remedy}") from None


def embedded_figure(folder: Path, name: str, **texts: str) -> EmbeddedFigure:
    """Return one figure from its file."""
    path = folder / "figures" / f"{name}.svg"
    svg = path.read_text(encoding="utf-8")
    size = _VIEW_BOX.search(svg)
    if not size:
        raise ValueError(f"{path} is not a figure")
    width, height = (round(float(points) * PIXELS_PER_POINT) for points in size.groups())
    return EmbeddedFigure(name, **texts, width=width, height=height, image=data_url(svg))


def data_url(svg: str) -> Markup:
    """Return an image as a URL that an attribute in double quotes can hold as it is."""
    # single quotes need no escape; names of fonts need no quotes
    svg = _TAG.sub(lambda match: match[0].replace("'", "").replace('"', "'"), svg)
    return Markup("data:image/svg+xml,") + Markup(quote(svg, safe=" ='/:;,()<>?+@!*$"))
