"""Compute the validation tables again and keep them in the package: `make validate`."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from vgstudy.validation.records import write_record

REPETITIONS = 2000


def coverage() -> None:
    """Simulate how often every interval and test is right."""
    from vgstudy.validation.coverage import rows

    trials = rows(REPETITIONS)
    write_record("coverage", trials, repetitions=REPETITIONS)
    labels = ((row["role"], row["procedure"], row["label"]) for row in trials)
    for role, procedure, label in dict.fromkeys(labels):
        print(f"{role}: {procedure}: {label}")


def published() -> None:
    """Recompute published numbers."""
    from vgstudy.validation.tables import checks

    rows = [vars(check) for check in checks()]
    write_record("published", rows)
    counts = Counter(row["agrees"] for row in rows)
    print(
        f"published numbers: {counts[True]} agree, {counts[False]} do not, {counts[None]} not run"
    )


TABLES: Mapping[str, Callable[[], None]] = {"coverage": coverage, "published": published}


def main(names: Sequence[str]) -> None:
    """Make the named tables, or all."""
    if unknown := sorted(set(names) - TABLES.keys()):
        sys.exit(f"unknown table {unknown[0]!r}; the validation tables are {', '.join(TABLES)}")
    for name in names or TABLES:
        TABLES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
