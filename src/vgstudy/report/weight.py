"""What the page weighs, so that nobody finds out by waiting for it."""

from collections import Counter
from collections.abc import Iterable

from vgstudy.formatting import listing, number
from vgstudy.report.attachments import Attachment

GOAL = 8.0  # million bytes, of the report of the default studies
KINDS = {"svg": "pictures", "pdf": "PDF", "parquet": "their tables", "js": "Vega-Lite"}
EXPLORERS, TEXT = "explorers", "text and tables"


def weights(html: str, carried: Iterable[Attachment]) -> dict[str, float]:
    """Million bytes of the page by part, the heaviest first."""
    found = Counter[str]()
    for file in carried:
        found[KINDS.get(file.name.rsplit(".", 1)[-1], EXPLORERS)] += len(file.packed)
    found[TEXT] = len(html.encode()) - found.total()
    return {name: size / 1e6 for name, size in found.most_common()}


def weight_sentence(parts: dict[str, float]) -> str:
    """How heavy the page is and which parts make it so."""
    total = sum(parts.values())
    over = f"; {GOAL:g} MB is the goal for the default studies" if total > GOAL else ""
    return f"{number(total, 1)} MB: {listing(f'{name} {number(size, 1)}' for name, size in parts.items())}{over}"
