"""Every statement of the register judged from the studies that were run."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vgstudy.analysis.design import Design
from vgstudy.analysis.predictors import PREDICTORS
from vgstudy.claims import verdicts, words
from vgstudy.claims.cases import Case, cases
from vgstudy.claims.checks import check_register
from vgstudy.claims.judged import Judged
from vgstudy.claims.judging import judge, judge_prediction
from vgstudy.claims.reading import Values, read_values
from vgstudy.claims.register import Claim, FailurePrediction, Tutorial, claims
from vgstudy.claims.statements import Measure, Network, Statement
from vgstudy.store.tables import read_rows

Array = NDArray[np.float64]
Rows = list[dict[str, Any]]

NUMBERS = ("value", "low", "high", "seed_low", "seed_high", "share")


def claim_rows(register: Mapping[str, Tutorial], studies: Mapping[str, Design]) -> Rows:
    """The rows of `claims`: every statement about every network, in the register's order; "not run"
    where its study is missing.

    Raises
    ------
    UserError
        If a study lacks what a claim names, or a table is missing or damaged.
    """
    check_register(register, {name: own.study for name, own in studies.items()})
    found = {
        (claim.id, name): list(cases(claim, name, studies[name].study, studies[name].runs))
        for claim in claims(register)
        for name in claim.studies
        if name in studies
    }
    by_study = {
        name: [case for (_, of), listed in found.items() if of == name for case in listed]
        for name in studies
    }
    values = {name: _values(own, by_study[name]) for name, own in studies.items()}
    rows: Rows = []
    for claim in claims(register):
        for name in claim.studies:
            if name in studies:
                rows += [_judged_row(case, values[name]) for case in found[claim.id, name]]
            else:
                rows += [
                    _missing_row(claim, statement, network, name)
                    for statement in claim.statements
                    for network in statement.arms
                ]
        rows += [
            _prediction_row(claim, prediction, studies.get(prediction.study))
            for prediction in claim.predictions
        ]
    return rows


def _values(own: Design, listed: Sequence[Case]) -> Values:
    wanted: dict[str, set[Measure]] = defaultdict(set)
    for case in listed:
        for cell, measure in _read(case):
            wanted[cell].add(measure)
    return read_values(own, wanted)


def _read(case: Case) -> Iterator[tuple[str, Measure]]:
    """The cells and measures a case needs: its own, then what it is compared with."""
    yield case.cell, case.statement.measure
    bound = case.statement.bound
    if bound and bound.measure:
        yield case.cell, bound.measure
    if case.other:
        yield case.other, case.statement.measure


def _judged_row(case: Case, values: Values) -> dict[str, Any]:
    own, *other = (values[key].to_numpy() for key in _read(case))
    judged = judge(case.statement, own, other[0] if other else None)
    return _row(case.claim, case.statement, case.study, case.arm, judged)


def _missing_row(
    claim: Claim, statement: Statement, network: Network, study: str
) -> dict[str, Any]:
    return _row(
        claim,
        statement,
        study,
        words.network(network),
        Judged(verdicts.NOT_RUN, f"not run: add {study} to studies", 0, 0),
    )


def _prediction_row(
    claim: Claim, prediction: FailurePrediction, own: Design | None
) -> dict[str, Any]:
    judged = Judged(verdicts.NOT_RUN, f"not run: add {prediction.study} to studies", 0, 0)
    if own:
        quantity = "AUC within cells" if prediction.within else "AUC"
        rows = read_rows(own.folder, "prediction").to_pylist()
        about = {"group": prediction.group, "predictor": prediction.predictor, "quantity": quantity}
        found = [row for row in rows if about.items() <= row.items()]
        nothing = Judged(
            verdicts.INCONCLUSIVE,
            "No run of the group has it: there is nothing to predict from.",
            0,
            0,
        )
        judged = judge_prediction(found[0], prediction.open) if found else nothing
    pairs = "pairs of runs of one cell" if prediction.within else "pairs of runs"
    told = {
        "statement": prediction.says,
        "quantity": f"AUC over {pairs}, one that failed and one that learned: {PREDICTORS[prediction.predictor]}",
        "comparator": "nothing claimed; more than 0.5 predicts failure"
        if prediction.open
        else "above 0.5",
        "reported": claim.reported,
        "reported_low": 0.5,
        "reported_high": 0.5,
    }
    return _joined(
        claim, prediction.study, f"{prediction.group} runs", told, judged, prediction.reasoning
    )


def _row(
    claim: Claim, statement: Statement, study: str, arm: str, judged: Judged
) -> dict[str, Any]:
    low, high = reported(statement)
    about = {
        "statement": statement.says,
        "quantity": words.quantity(statement.measure),
        "comparator": words.comparison(statement),
        "reported": statement.reported or claim.reported,
        "reported_low": low,
        "reported_high": high,
    }
    return _joined(claim, study, arm, about, judged, statement.reasoning)


def _joined(
    claim: Claim, study: str, arm: str, about: Mapping[str, Any], judged: Judged, reasoning: str
) -> dict[str, Any]:
    told = {
        name: getattr(judged, name)
        for name in ("n", "n_failed", "verdict", "needed_n", "sample", "method", "confidence")
    }
    numbers = {name: _number(getattr(judged, name)) for name in NUMBERS}
    own = {
        "id": claim.id,
        "tutorial": claim.tutorial,
        "study": study,
        "arm": arm,
        "claim": claim.claim,
        "setup": claim.setup,
    }
    reasons = " ".join(part for part in (judged.sentence, reasoning) if part)
    return {**own, **about, **numbers, **told, "reasoning": reasons}


def reported(statement: Statement) -> tuple[float | None, float | None]:
    """The reported number or range, or the number that an order compares with."""
    if isinstance(statement.equals, tuple):
        return statement.equals
    number = statement.bound.number if statement.bound else statement.equals
    return number, number


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value
