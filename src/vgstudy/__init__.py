"""Vanishing gradients with evidence: seeded training runs, layer-wise decay factors with intervals,
a report.

Imports go downward only; every module and package is in one layer and imports its own layer and
those below it:

- names (`cells`, `errors`, `formatting`, `frozen`, `quantities`, `remedies`,
  `schema`, `seeds`, `stages`, `tasks`)
- pure (`config`, `planning`, `store`)
- labelled (`analysis`, `claims`, `design`, `figures`, `report`, `results`, `theory`)
- TensorFlow (`engine`), next to labelled: neither imports the other
- tools (`probe`, `running`, `study_results`, `validation`)
- shells (`__main__`, `cli`, `terminal`, `terminal_tables`, `user_commands`, `workflow`,
  `workflow_commands`)

Only the TensorFlow layer and the tools import TensorFlow or Keras; `tasks` imports what makes or
downloads data inside the functions that need it. `tests/test_imports.py` holds the line
in a clean process.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vgstudy.running import run
    from vgstudy.study_results import load

__all__ = ["load", "run"]
_MODULES = {"load": "vgstudy.study_results", "run": "vgstudy.running"}


def __getattr__(name: str) -> Any:
    """Import `load` and `run` when they are first used, because they bring pandas."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'vgstudy' has no attribute {name!r}")
