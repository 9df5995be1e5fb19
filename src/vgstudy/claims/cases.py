"""Which cells of a study a statement is about."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from vgstudy.claims.checks import Study, check, compared, levels
from vgstudy.claims.register import Claim
from vgstudy.claims.statements import Network, Statement
from vgstudy.formatting import level_text
from vgstudy.schema import FACTORS


@dataclass(frozen=True)
class Case:
    """A statement about one cell of a study, with the cell it is compared with, if any."""

    claim: Claim
    statement: Statement
    study: str
    arm: str
    cell: str
    other: str | None


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
        other_cell = None if other is None else named_cells(other, study, design)[0][0]
        for network in statement.arms:
            for cell, arm in named_cells(network, study, design):
                yield Case(claim, statement, name, arm, cell, other_cell)


def named_cells(network: Network, study: Study, design: pd.DataFrame) -> list[tuple[str, str]]:
    """Id and name of each of a network's cells; the name is the arm's, with the levels in which its
    cells differ."""
    chosen = levels(network, study)
    kept = pd.Series(True, design.index)
    for factor, own in chosen.items():
        kept &= design[factor].isin(own)
    cells = design[kept]
    differing = [factor for factor in FACTORS if cells[factor].nunique() > 1]
    shown = (
        differing
        if isinstance(network, str)
        else [f for f in FACTORS if f in chosen or f in differing]
    )
    arm = [network] if isinstance(network, str) else []
    texts = [
        ", ".join([*arm, *(level_text(f, row[f]) for f in shown)])
        for row in cells.to_dict("records")
    ]
    return list(zip(cells["cell"], texts, strict=True))
