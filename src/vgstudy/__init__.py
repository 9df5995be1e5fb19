"""Vanishing gradients with evidence: seeded training runs, layer-wise decay factors with intervals, a report.

Imports go downward only; every module and package stands in one layer and imports its own layer and those below it:

- names (`cells`, `errors`, `schema`, `seeds`, `stages`, `wording`)
- pure (`config`, `data`, `events`, `plan`, `store`)
- labelled (`analysis`, `claims`, `coverage`, `diagnosis`, `explorer`, `figures`, `findings`, `prediction`, `report`, `results`,
  `theory`, `views`)
- TensorFlow (`engine`, `keras`), beside labelled: neither imports the other
- checks (`conformance`)
- shells (`cli`, `terminal`)

Only the TensorFlow layer and checks import TensorFlow or Keras. `tests/test_imports.py` holds the line in a clean process.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """`vgstudy.load`, imported when it is first used, because it brings pandas."""
    if name == "load":
        from vgstudy.results import load

        return load
    raise AttributeError(f"module 'vgstudy' has no attribute {name!r}")
