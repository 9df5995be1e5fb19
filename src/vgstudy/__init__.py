"""Vanishing gradients with evidence: seeded training runs, layer-wise decay factors with intervals,
a report.

Imports go downward only; every module and package is in one layer and imports its own layer and
those below it:

- names (`cells`, `errors`, `formatting`, `frozen`, `image_files`, `quantities`, `schema`, `seeds`,
  `stages`, `remedies`, `tasks`)
- pure (`config`, `planning`, `store`)
- labelled (`analysis`, `claims`, `figures`, `report`, `results`, `theory`)
- TensorFlow (`engine`), next to labelled: neither imports the other
- tools (`probe`, `validation`)
- shells (`cli`, `terminal`)

Only the TensorFlow layer and the tools import TensorFlow or Keras; `tasks` and `image_files` import
what makes or downloads data inside the functions that need it. `tests/test_imports.py` holds
the line in a clean process.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """Import `vgstudy.load` when it is first used, because it brings pandas."""
    if name == "load":
        from vgstudy.results import load

        return load
    raise AttributeError(f"module 'vgstudy' has no attribute {name!r}")
