"""Versions of the steps whose results stay on disk.

Snakemake cannot see edits of an installed package, so every rule carries the version of its step in `params:` and a job's manifest carries the
training version: a higher number makes the step, and what follows it, run again. `tests/test_stages.py` fails when the code of a step changes
without either a higher number or a stated "same results".
"""

from collections.abc import Mapping
from types import MappingProxyType

STAGES: Mapping[str, int] = MappingProxyType({"train": 1, "decay": 1, "estimate": 1, "figures": 1, "report": 1})
