"""The table of published numbers in a folder of results, until the workflow's rule goes."""

from pathlib import Path

from vgstudy.store.parquet import write_table
from vgstudy.validation.published_laws import Check, law_checks
from vgstudy.validation.published_networks import network_checks


def write_conformance(results: Path) -> list[Check]:
    """Write `results/conformance.parquet`; return its rows."""
    checks = [*law_checks(), *network_checks()]
    columns = {name: [vars(each)[name] for each in checks] for name in vars(checks[0])}
    write_table("conformance", columns, results / "conformance.parquet", {})
    return checks
