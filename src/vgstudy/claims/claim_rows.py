"""The claims step: the register and the studies' folders in, the table of claims out."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from math import isnan
from pathlib import Path
from typing import Any

import pyarrow as pa

from vgstudy.claims.judging import (
    NOT_RUN,
    Array,
    Judged,
    agreement,
    judge,
    lowest_share,
    of_claim,
    share_of_all,
)
from vgstudy.claims.measures import Measure
from vgstudy.claims.networks import Case, cases_of, check_register
from vgstudy.claims.register import Claim, Tutorial, all_claims, read_register
from vgstudy.claims.run_values import Values, read_values
from vgstudy.claims.statements import Statement, network_words
from vgstudy.design import Design, read_design
from vgstudy.schema import arrow_schema
from vgstudy.store.parquet import write_table

Row = dict[str, Any]


def write_claims(results: Path, studies: Sequence[str], register: Path) -> None:
    """Judge every claim of the register by the named studies of a results folder and write its
    claims.parquet.

    The footer holds the tutorials' titles and the lines of their code that no longer do what they
    did.

    Raises
    ------
    UserError
        If the register is wrong, a study lacks what a claim names, or a table is missing or
        damaged.
    """
    tutorials = read_register(register)
    rows = claim_rows(tutorials, {name: read_design(results / name) for name in studies})
    table = pa.Table.from_pylist(rows, schema=arrow_schema("claims"))
    texts = {
        letter: tutorial.model_dump(mode="json", include={"title", "code"})
        for letter, tutorial in tutorials.items()
    }
    footer = {"studies": list(studies), "tutorials": texts}
    write_table("claims", table, results / "claims.parquet", footer)


def claim_rows(register: Mapping[str, Tutorial], studies: Mapping[str, Design]) -> list[Row]:
    """Return the rows of `claims`: every statement about every network, in the register's order;
    "not run" where its study is missing.

    Raises
    ------
    UserError
        If a study lacks what a claim names, or a table is missing or damaged.
    """
    check_register(register, {name: design.study for name, design in studies.items()})
    cases = {name: _cases(register, name, design) for name, design in studies.items()}
    values = {
        name: read_values(design, chain.from_iterable(map(_reads, cases[name])))
        for name, design in studies.items()
    }
    return [
        row
        for claim in all_claims(register)
        for row in _rows_of_claim(claim, cases, values, studies)
    ]


def _cases(register: Mapping[str, Tutorial], name: str, design: Design) -> list[Case]:
    """Return the statements about a study with each of their cells, in the register's order."""
    about = (claim for claim in all_claims(register) if name in claim.studies)
    return [case for claim in about for case in cases_of(claim, name, design.study, design.runs)]


def _reads(case: Case) -> Iterator[tuple[str, Measure]]:
    yield from case.reads
    for cell, _ in case.asked:
        yield from case.reads_of(cell)


def _rows_of_claim(
    claim: Claim,
    cases: Mapping[str, Sequence[Case]],
    values: Mapping[str, Values],
    studies: Mapping[str, Design],
) -> Iterator[Row]:
    for name in claim.studies:
        if name in studies:
            of_claim = [case for case in cases[name] if case.claim.id == claim.id]
            yield from _judged_rows(of_claim, values[name])
        else:
            yield from _rows_not_run(claim, name)


def _judged_rows(cases: Sequence[Case], values: Values) -> list[Row]:
    """Return the rows of a claim's statements in one study, each with the verdict on the claim."""
    series = [[values[read].to_numpy() for read in case.reads] for case in cases]
    judged = [judge(case.statement, *arrays) for case, arrays in zip(cases, series, strict=True)]
    claimed = [number for number, case in enumerate(cases) if not case.statement.open]
    agreements: dict[str, list[Array]] = {}
    for number in claimed:
        agrees = agreement(cases[number].statement, *series[number])
        agreements.setdefault(cases[number].arm, []).append(agrees)
    share, n = lowest_share(agreements.values())
    verdict = of_claim({judged[number].verdict for number in claimed})
    on_claim = {"claim_verdict": verdict, "claim_share": share, "claim_n": n}
    return [
        _statement_row(case.claim, case.statement, case.study, case.arm, each)
        | on_claim
        | _of_others(case, values)
        for case, each in zip(cases, judged, strict=True)
    ]


def _of_others(case: Case, values: Values) -> Row:
    """Return the share of seeds of each other network that fail a statement; a network without a
    value in any seed is left out."""
    shares = {}
    for cell, name in case.asked:
        arrays = [values[read].to_numpy() for read in case.reads_of(cell)]
        share, n = share_of_all([agreement(case.statement, *arrays)])
        if share is not None and n:
            shares[name] = 1 - share
    return {"others": list(shares), "others_fail": list(shares.values())}


def _rows_not_run(claim: Claim, study: str) -> Iterator[Row]:
    judged = Judged(verdict=NOT_RUN, reasoning=f"not run: add {study} to studies.")
    for statement in claim.statements:
        for network in statement.arms:
            yield _statement_row(claim, statement, study, network_words(network), judged)


def _statement_row(claim: Claim, statement: Statement, study: str, arm: str, judged: Judged) -> Row:
    low, high = statement.reported_range
    numbers = {
        name: None if isinstance(value, float) and isnan(value) else value
        for name, value in vars(judged).items()
    }
    return {
        **claim.model_dump(include={"id", "claim", "setup"}),
        "tutorial": claim.tutorial,
        "study": study,
        "arm": arm,
        "statement": statement.says,
        "quantity": statement.measure.words,
        "comparator": statement.comparison,
        "reported": statement.reported or claim.reported,
        "reported_low": low,
        "reported_high": high,
        **numbers,
        "reasoning": " ".join(filter(None, [judged.reasoning, statement.reasoning])),
        "version": statement.version,
        # of questions and of what was not run; a claim's other rows replace it
        "claim_verdict": judged.verdict,
        "claim_share": None,
        "claim_n": 0,
        "others": [],
        "others_fail": [],
    }
