"""Whether a study has what the register names: arms, levels, quantities, epochs, layers. Needs
neither pandas nor results."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain, product
from typing import Any

from vgstudy.analysis.predictors import ALL
from vgstudy.claims.register import Claim, FailurePrediction, Tutorial, claims
from vgstudy.claims.statements import Measure, Network, Statement
from vgstudy.claims.words import network as network_words
from vgstudy.config.log import Log
from vgstudy.errors import UserError, among
from vgstudy.schema import FACTORS, TABLES

Study = Mapping[str, Any]


def levels(network: Network, study: Study) -> dict[str, list[Any]]:
    """The levels that a network's cells have, of the factors that are restricted."""
    given: Mapping[str, Any] = (
        study.get("arms", {})[network] if isinstance(network, str) else network
    )
    return {
        name: own if isinstance(own, list) else [own]
        for name, own in given.items()
        if own is not None
    }


def compared(statement: Statement) -> Network | None:
    """The network that a statement compares with, if it does."""
    return statement.bound.arm if statement.bound else None


def check(claim: Claim, name: str, study: Study) -> None:
    """Hold a claim against a study's design.

    Raises
    ------
    UserError
        At the first arm, level, quantity, epoch or layer that the study does not have.
    """
    for place, statement in enumerate(claim.statements):
        for key, text in _problems(statement, study):
            raise _misfit(claim, f"statement {place + 1}: {key}", text, name)


def check_register(
    register: Mapping[str, Tutorial], studies: Mapping[str, Study], known: Collection[str] = ()
) -> None:
    """`check` of every claim about one of the studies; that others are at least among the `known`
    ones, if there are any.

    Raises
    ------
    UserError
        At the first mistake.
    """
    for claim in claims(register):
        for name in (*claim.studies, *(prediction.study for prediction in claim.predictions)):
            if known and name not in (*known, *studies):
                raise UserError(
                    f"claim {claim.id}: studies: no study {name!r} in config/studies; {among(name, known)}"
                )
        for name in claim.studies:
            if name in studies:
                check(claim, name, studies[name])
        for place, prediction in enumerate(claim.predictions):
            if prediction.study in studies:
                _check_prediction(claim, place, prediction, studies[prediction.study])


def _check_prediction(
    claim: Claim, place: int, prediction: FailurePrediction, study: Study
) -> None:
    named: list[Network] = list(study.get("arms") or [{}])
    arms = [levels(arm, study) for arm in named]
    groups = [
        ALL,
        *(
            name
            for name in study["factors"]["activation"]
            if any(name in arm.get("activation", [name]) for arm in arms)
        ),
    ]
    if prediction.group not in groups:
        text = f"no activation {prediction.group!r}; {among(prediction.group, groups)}"
        raise _misfit(claim, f"prediction {place + 1}: group", text, prediction.study)


def _misfit(claim: Claim, key: str, text: str, study: str) -> UserError:
    return UserError(
        f"claim {claim.id}: {key}: {text} in study {study}; change the claim in config/claims, or the study"
    )


def _problems(statement: Statement, study: Study) -> Iterator[tuple[str, str]]:
    bound = statement.bound
    own, other = list(statement.arms), compared(statement)
    for key, network in [
        *(("arms", n) for n in own),
        *([(f"{statement.comparator}.arm", other)] if other is not None else []),
    ]:
        yield from ((key, text) for text in _network_problems(network, study))
    if other is not None and (count := len(_cells(other, study))) != 1:
        yield (
            f"{statement.comparator}.arm",
            f"{count} cells to compare with, not one: name the levels in which they differ",
        )
    depths = [
        depth
        for network in own
        for depth in levels(network, study).get("depth", study["factors"]["depth"])
    ]
    yield from (
        ("measure", text) for text in _measure_problems(statement.measure, study, min(depths))
    )
    if bound and bound.measure:
        yield from (
            (f"{statement.comparator}.measure", text)
            for text in _measure_problems(bound.measure, study, min(depths))
        )


def _network_problems(network: Network, study: Study) -> Iterator[str]:
    arms = study.get("arms", {})
    if isinstance(network, str) and network not in arms:
        yield f"no arm {network!r}; {among(network, arms)}"
        return
    for factor, own in levels(network, study).items():
        known = [str(level) for level in study["factors"][factor]]
        yield from (
            f"no {factor} {level!r}; {among(str(level), known)}"
            for level in own
            if str(level) not in known
        )
    if not _cells(network, study):
        yield f"no cell has {network_words(network)}; name other levels, or an arm"


def _cells(network: Network, study: Study) -> set[tuple[str, ...]]:
    """The levels, in the order of FACTORS, of each of a network's cells."""
    arms: list[Network] = list(study.get("arms") or [{}])
    wanted, whole = levels(network, study), study["factors"]
    allowed = {name: set(map(str, wanted.get(name, whole[name]))) for name in FACTORS}
    own = (
        [[str(level) for level in arm.get(name, whole[name])] for name in FACTORS]
        for arm in (levels(n, study) for n in arms)
    )
    kept = (
        [
            [level for level in of if level in allowed[name]]
            for name, of in zip(FACTORS, arm, strict=True)
        ]
        for arm in own
    )
    return set(chain.from_iterable(product(*arm) for arm in kept))


def _measure_problems(measure: Measure, study: Study, depth: int) -> Iterator[str]:
    logged = logged_epochs(measure, study)
    if not logged:
        yield f"{measure.column} is not logged on the {measure.examples}"
    wanted = (
        [measure.epochs]
        if isinstance(measure.epochs, int)
        else measure.epochs
        if isinstance(measure.epochs, tuple)
        else []
    )
    for epoch in wanted:
        if epoch not in logged:
            yield f"{measure.column} is not logged at epoch {epoch}"
    if isinstance(measure.layer, int) and not 1 <= measure.layer <= depth + 1:
        yield f"no layer {measure.layer} at depth {depth}"
    if measure.over:
        yield from _measure_problems(measure.over, study, depth)


def logged_epochs(measure: Measure, study: Study) -> list[int]:
    """The epochs at which a study logs what is measured."""
    log, last = Log.model_validate(study["log"]), int(study["training"]["epochs"])
    if measure.column == "learned":
        return [last]
    if measure.column.startswith("train_"):
        return list(range(1, last + 1))
    if measure.column.startswith("test_"):
        return log.test_epochs(last)
    return list(log.probed.get(measure.examples, ()))


def table_of(column: str) -> str:
    """The table that a measure's column is made from."""
    derived = {"learned": "outcomes", "g_mean_size": "probes", "weight_gain": "probes"}
    return derived.get(column) or next(
        table for table in ("curves", "probes", "decays") if column in TABLES[table].columns
    )


def needs(measures: Iterable[Measure]) -> set[Measure]:
    """The measures with those they are divided by."""
    return {one for measure in measures for one in (measure, measure.over) if one}
