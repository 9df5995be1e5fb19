"""The page's own scripts, and the rule that the browser runs no other and reaches no network."""

from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files

import vl_convert

OWN = ("page.js", "parquet.js", "explorer.js")


@cache
def library() -> str:
    """Vega-Lite with all that it needs, which the explorer runs when it is wanted."""
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


@cache
def scripts() -> tuple[str, ...]:
    """What the page does, in the order in which it runs."""
    templates = files("vgstudy") / "templates"
    return tuple(
        (templates / name).read_text(encoding="utf-8").replace("</script", "<\\/script")
        for name in OWN
    )


def policy(texts: Iterable[str]) -> str:
    """A content security policy: these scripts by their hashes, styles and pictures inside the
    page, nothing else."""
    hashes = " ".join(
        f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts
    )
    return (
        f"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src {hashes}"
    )
