"""The page's own scripts, and the rule that the browser runs no other and reaches no network."""

from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files

import vl_convert


@cache
def scripts() -> tuple[str, ...]:
    """Vega-Lite with all that it needs, what the page does, and the explorer, in the order in which they run."""
    vega = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    templates = files("vgstudy") / "templates"
    return tuple(
        text.replace("</script", "<\\/script")
        for text in (vega, *((templates / name).read_text(encoding="utf-8") for name in ("page.js", "explorer.js")))
    )


def policy(texts: Iterable[str]) -> str:
    """A content security policy: these scripts by their hashes, styles and pictures inside the page, nothing else."""
    hashes = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts)
    return f"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src {hashes}"
