"""Which cells of a study a statement is about, and whether the study has what the statement needs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vgstudy.claims.register import Claim, Measure, Network, Other, Statement, Tutorial, claims
from vgstudy.config.messages import among
from vgstudy.errors import UserError
from vgstudy.schema import COLUMNS, FACTORS

Study = Mapping[str, Any]
_UNITS = {"depth": "depth {}", "width": "{} wide"}


@dataclass(frozen=True)
class Case:
    """A statement about one cell of a study, with the cell it is compared with, if any."""

    claim: Claim
    statement: Statement
    study: str
    arm: str
    cell: str
    other: str | None
    other_arm: str


def cases(claim: Claim, name: str, study: Study, runs: pd.DataFrame) -> Iterator[Case]:
    """Every statement of a claim with every cell of its arms, in the order of the design.

    Raises
    ------
    UserError
        If the study lacks an arm, a level, an epoch or a layer that the claim names.
    """
    check(claim, name, study)
    design = runs.drop_duplicates("cell")
    for statement in claim.statements:
        other = compared(statement)
        other_cell, other_arm = (None, "") if other is None else named_cells(other, study, design)[0]
        for network in statement.arms:
            for cell, arm in named_cells(network, study, design):
                yield Case(claim, statement, name, arm, cell, other_cell, other_arm)


def compared(statement: Statement) -> Network | None:
    """The network that a statement compares with, if it does."""
    bound = getattr(statement, statement.comparator)
    return bound.arm if isinstance(bound, Other) else None


def named_cells(network: Network, study: Study, design: pd.DataFrame) -> list[tuple[str, str]]:
    """Id and name of each of a network's cells; the name is the arm's, with the levels in which its cells differ."""
    chosen = levels(network, study)
    kept = pd.Series(True, design.index)
    for factor, own in chosen.items():
        kept &= design[factor].isin(own)
    cells = design[kept]
    differing = [factor for factor in FACTORS if cells[factor].nunique() > 1]
    shown = differing if isinstance(network, str) else [f for f in FACTORS if f in chosen or f in differing]
    arm = [network] if isinstance(network, str) else []
    texts = [", ".join([*arm, *(_UNITS.get(f, "{}").format(row[f]) for f in shown)]) for row in cells.to_dict("records")]
    return list(zip(cells["cell"], texts, strict=True))


def levels(network: Network, study: Study) -> dict[str, list[Any]]:
    """The levels that a network's cells have, of the factors that are restricted."""
    given: Mapping[str, Any] = study.get("arms", {})[network] if isinstance(network, str) else network
    return {name: own if isinstance(own, list) else [own] for name, own in given.items() if own is not None}


def check(claim: Claim, name: str, study: Study) -> None:
    """Hold a claim against a study's design.

    Raises
    ------
    UserError
        At the first arm, level, quantity, epoch or layer that the study does not have.
    """
    for place, statement in enumerate(claim.statements):
        for key, text in _problems(statement, study):
            raise UserError(f"claim {claim.id}: statements.{place}.{key}: {text} in study {name}; change the claim's file or the study")


def check_register(register: Mapping[str, Tutorial], studies: Mapping[str, Study]) -> None:
    """`check` of every claim about one of the studies."""
    for claim in claims(register):
        for name in claim.studies:
            if name in studies:
                check(claim, name, studies[name])


def _problems(statement: Statement, study: Study) -> Iterator[tuple[str, str]]:
    bound = getattr(statement, statement.comparator)
    own, other = list(statement.arms), compared(statement)
    for key, network in [*(("arms", n) for n in own), *([(f"{statement.comparator}.arm", other)] if other is not None else [])]:
        yield from ((key, text) for text in _network_problems(network, study))
    depths = [depth for network in own for depth in levels(network, study).get("depth", study["factors"]["depth"])]
    yield from (("measure", text) for text in _measure_problems(statement.measure, study, min(depths)))
    if isinstance(bound, Other) and bound.measure:
        yield from ((f"{statement.comparator}.measure", text) for text in _measure_problems(bound.measure, study, min(depths)))


def _network_problems(network: Network, study: Study) -> Iterator[str]:
    arms = study.get("arms", {})
    if isinstance(network, str) and network not in arms:
        yield f"no arm {network!r}; {among(network, arms)}"
        return
    for factor, own in levels(network, study).items():
        known = [str(level) for level in study["factors"][factor]]
        yield from (f"no {factor} {level!r}; {among(str(level), known)}" for level in own if str(level) not in known)


def _measure_problems(measure: Measure, study: Study, depth: int) -> Iterator[str]:
    logged = logged_epochs(measure, study)
    if not logged:
        yield f"{measure.column} is not logged on the {measure.examples}"
    wanted = [measure.epochs] if isinstance(measure.epochs, int) else measure.epochs if isinstance(measure.epochs, tuple) else []
    for epoch in wanted:
        if epoch not in logged:
            yield f"{measure.column} is not logged at epoch {epoch}"
    if isinstance(measure.layer, int) and not 1 <= measure.layer <= depth + 1:
        yield f"no layer {measure.layer} at depth {depth}"
    if measure.over:
        yield from _measure_problems(measure.over, study, depth)


def logged_epochs(measure: Measure, study: Study) -> list[int]:
    """The epochs at which a study logs what is measured."""
    log, last = study["log"], int(study["training"]["epochs"])
    if measure.column == "learned":
        return [last]
    if measure.column.startswith("train_"):
        return list(range(1, last + 1))
    if measure.column.startswith("test_"):
        return sorted({*range(0, last + 1, log["test_every"]), last})
    if measure.examples == "probe set":
        return list(log["probe_epochs"])
    return list(log.get("mini_batches", {}).get(measure.examples.split()[0]) or [])


def table_of(column: str) -> str:
    """The table that a measure's column is made from."""
    derived = {"learned": "outcomes", "g_mean_size": "probes", "weight_gain": "probes"}
    return derived.get(column) or next(table for table in ("curves", "probes", "decays") if column in COLUMNS[table])


def needs(measures: Iterable[Measure]) -> set[Measure]:
    """The measures with those they are divided by."""
    return {one for measure in measures for one in (measure, measure.over) if one}

