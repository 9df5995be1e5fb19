"""What makes pages that are written for a clone of the repository fit the site."""

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ON_SITE = {"../config/README.md": "configuration.md", "../docs/": ""}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Include files of the repository, and keep of links to others only their words."""
    included = re.sub(
        r'^--8<-- "(.+)"$',
        lambda match: (ROOT / match[1]).read_text(encoding="utf-8").replace("](docs/", "]("),
        markdown,
        flags=re.MULTILINE,
    )
    for path, page in ON_SITE.items():
        included = included.replace(f"]({path}", f"]({page}")
    return re.sub(r"\[([^\]]*)\]\(\.\./[^)]*\)", r"\1", included)
