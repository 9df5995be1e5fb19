"""What a procedure may be called, by rule from how often it was right in the simulation."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from vgstudy.analysis.standing import STATED
from vgstudy.formatting import listing
from vgstudy.validation.trials import LABELLED, PRIMARY, TOLERANCE

Row = dict[str, Any]


def labelled(rows: Iterable[Row]) -> list[Row]:
    """Rows of `coverage` with the column label; a procedure that decides but is not as stated
    everywhere is LABELLED."""
    kept = list(rows)
    by = sorted(kept, key=_key)  # of one procedure in one role
    labels = {key: label(list(own)) for key, own in groupby(by, key=_key)}
    return [
        {**row, "label": labels[_key(row)], "role": _role(row, labels[_key(row)])} for row in kept
    ]


def _key(row: Row) -> tuple[str, str]:
    return row["procedure"], row["role"]


def _role(row: Row, label: str) -> str:
    role: str = row["role"]
    return LABELLED if role == PRIMARY and label != STATED else role


def label(rows: list[Row]) -> str:
    """What all simulations of a procedure say together.

    as stated: every coverage is within .02 of the nominal one. conservative: some intervals hold
    the truth more often than they say, none less often (of a test: fewer false findings).
    approximate: some hold it less often; if only with few seeds, from how many on it is as stated.
    """
    few, many = ([row for row in rows if off(row) * sign > TOLERANCE + 1e-12] for sign in (-1, 1))
    if not few and not many:
        return STATED
    what = "false findings" if rows[0]["nominal"] < 0.5 else "coverage"
    ends = f"{what} {_span(rows)} for a nominal {_share(rows[0]['nominal'])}"
    if not few:
        return f"conservative{_where(many, rows)}: {ends}"
    enough = [n for n in sorted({row["n"] for row in rows}) if n > max(row["n"] for row in few)]
    small = f" below {enough[0]} seeds" if enough else _where(few, rows)
    return f"approximate{small}: {ends}"


def off(row: Mapping[str, Any]) -> float:
    """Coverage above the nominal one; of a test, false findings below it: positive is the safe
    side."""
    distance = float(row["coverage"]) - float(row["nominal"])
    return -distance if row["nominal"] < 0.5 else distance


def _where(missing: list[Row], rows: list[Row]) -> str:
    """In which truths, if not in all."""
    truths = list(dict.fromkeys(row["truth"] for row in missing))
    return "" if len(truths) == len({row["truth"] for row in rows}) else f" where {listing(truths)}"


def _span(rows: list[Row]) -> str:
    low, high = (_share(end(row["coverage"] for row in rows)) for end in (min, max))
    return low if low == high else f"{low} to {high}"


def _share(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".").removeprefix("0") or "0"
