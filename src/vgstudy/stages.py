"""A number for each stage of the workflow; a higher one makes it and what follows it run again.

Snakemake cannot see edits of an installed package, so the rules carry these numbers in `params:`,
and a job's manifest carries that of `train`. `tests/test_stages.py` fails when the code of a stage
changes without a higher number or a stated "same results".
"""

from collections.abc import Mapping
from types import MappingProxyType

STAGES: Mapping[str, int] = MappingProxyType(
    {
        "train": 8,
        "estimate": 24,
        "arms": 6,
        "overlay": 5,
        "claims": 14,
        "figures": 44,
        "report": 52,
        "coverage": 11,
        "published": 2,
        "diagnosis": 1,
        "models": 1,
        "rules": 1,
        "rates": 1,
        "interventions": 1,
        "remedies": 1,
        "initialisers": 1,
        "fair": 1,
        "pooled_again": 1,
        "confirmation": 2,
        "best_rate_claims": 2,
    }
)
