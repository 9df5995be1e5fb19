"""The cells of a study that a claim is about, and whether a study has what a claim names.

The checks need neither pandas nor results, so that mistakes end a run before anything is trained.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vgstudy.claims.measures import Measure, Study, logged_epochs
from vgstudy.claims.register import Claim, Tutorial, all_claims
from vgstudy.claims.statements import Network, Statement, network_words
from vgstudy.config.study import Study as Resolved
from vgstudy.errors import UserError, among
from vgstudy.planning.study_cells import arm_cells, levels_of, named_cells
from vgstudy.schema import FACTORS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Case:
    """A statement about one cell of a study.

    Attributes
    ----------
    other
        The cell it is compared with, if any.
    asked
        Ids and names of the other cells of the study's arms of which the same could be said. How
        many of their seeds fail it shows how hard the test was.
    """

    claim: Claim
    statement: Statement
    study: str
    arm: str
    cell: str
    other: str | None
    asked: tuple[tuple[str, str], ...]

    @property
    def reads(self) -> list[tuple[str, Measure]]:
        """The cells and measures that it needs: its cell first, then what it is compared with."""
        return self.reads_of(self.cell)

    def reads_of(self, cell: str) -> list[tuple[str, Measure]]:
        """Return the same with another cell in place of its own."""
        values = [(cell, measure) for measure in self.statement.measures]
        return [*values, (self.other, self.statement.measure)] if self.other else values


def cases_of(claim: Claim, name: str, study: Study, runs: "pd.DataFrame") -> Iterator[Case]:
    """Yield every statement of a claim with every cell of its networks, in the order of the
    design."""
    design = runs.drop_duplicates("cell")
    depths = dict(zip(design["cell"], design["depth"], strict=True))
    arms = arm_cells(study, runs)
    for statement in claim.statements:
        other = _compared(statement)
        other_cell = None if other is None else named_cells(other, study, design)[0][0]
        for network in statement.arms:
            for cell, arm in named_cells(network, study, design):
                asked = tuple(
                    pair
                    for pair in arms
                    if pair[0] not in (cell, other_cell)
                    and can_be_asked(statement, depths[pair[0]], depths[cell])
                )
                yield Case(claim, statement, name, arm, cell, other_cell, asked)


def can_be_asked(statement: Statement, depth: int, own_depth: int) -> bool:
    """Return whether a statement about a network of one depth can be one about another's: it claims
    something, of hidden layers that both have, or of as many layers as it compares."""
    parts = [part for measure in statement.measures for part in measure.parts]
    numbers = [part.layer for part in parts if isinstance(part.layer, int)]
    same_layers = statement.measure.layer != "each" or depth == own_depth
    return not statement.open and same_layers and all(number <= depth for number in numbers)


def check_register(
    register: Mapping[str, Tutorial], studies: Mapping[str, Study], known: Collection[str] = ()
) -> None:
    """Check every claim against the studies that it names.

    Parameters
    ----------
    studies
        The designs to check, by name. Of other studies only the name is checked, if `known` lists
        the names.

    Raises
    ------
    UserError
        At the first study that is not known, and the first arm, level, quantity, epoch or layer
        that a study does not have.
    """
    for claim in all_claims(register):
        for name in claim.studies:
            if known and name not in (*known, *studies):
                text = f"no study {name!r} in config/studies; {among(name, known)}"
                raise UserError(f"claim {claim.id}: studies: {text}")
        for where, name, text in _problems(claim, studies):
            remedy = "change the claim in config/claims, or the study"
            raise UserError(f"claim {claim.id}: {where}: {text} in study {name}; {remedy}")


def _problems(claim: Claim, studies: Mapping[str, Study]) -> Iterator[tuple[str, str, str]]:
    """Yield place, study and text of what a study does not have."""
    for name in claim.studies:
        for number, statement in enumerate(claim.statements if name in studies else (), 1):
            for key, text in _statement_problems(statement, studies[name]):
                yield f"statement {number}: {key}", name, text


def _statement_problems(statement: Statement, study: Study) -> Iterator[tuple[str, str]]:
    other, comparator = _compared(statement), statement.comparator
    for network in statement.arms:
        yield from (("arms", text) for text in _network_problems(network, study))
    if other is not None:
        key = f"{comparator}.arm"
        yield from ((key, text) for text in _network_problems(other, study))
        if (count := len(_cells(other, study))) != 1:
            remedy = "name the levels in which they differ"
            yield key, f"{count} cells to compare with, not one: {remedy}"
    cells = [levels for network in statement.arms for levels in _cells(network, study)]
    depth = min(int(levels["depth"]) for levels in cells)
    keys = ("measure", f"{comparator}.measure")
    for key, measure in zip(keys, statement.measures, strict=False):
        for part in measure.parts:
            yield from ((key, text) for text in _measure_problems(part, study, depth))


def _network_problems(network: Network, study: Study) -> Iterator[str]:
    if isinstance(network, str) and network not in study["arms"]:
        yield f"no arm {network!r}; {among(network, study['arms'])}"
        return
    for factor, levels in levels_of(network, study).items():
        known = [str(level) for level in study["factors"][factor]]
        for level in levels:
            if str(level) not in known:
                yield f"no {factor} {level!r}; {among(str(level), known)}"
    if not _cells(network, study):
        yield f"no cell has {network_words(network)}; name other levels, or an arm"


def _measure_problems(measure: Measure, study: Study, depth: int) -> Iterator[str]:
    logged = logged_epochs(measure, study)
    if not logged:
        yield f"{measure.column} is not logged on the {measure.examples}"
    for epoch in np.ravel(measure.epochs).tolist():
        if isinstance(epoch, int) and epoch not in logged:
            yield f"{measure.column} is not logged at epoch {epoch}"
    if isinstance(measure.layer, int) and not 1 <= measure.layer <= depth + 1:
        yield f"no layer {measure.layer} at depth {depth}"


def _compared(statement: Statement) -> Network | None:
    """Return the network that a statement compares with, if it does."""
    return statement.bound.arm if statement.bound else None


def _cells(network: Network, study: Study) -> list[dict[str, str]]:
    """Return the levels, as text, of each of a network's cells."""
    allowed = {name: set(map(str, levels)) for name, levels in levels_of(network, study).items()}
    combinations = Resolved.model_validate({"path": "", **study}).combinations()
    cells = [dict(zip(FACTORS, map(str, levels), strict=True)) for levels in combinations]
    return [cell for cell in cells if all(cell[name] in allowed[name] for name in allowed)]
