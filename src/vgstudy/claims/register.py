"""The register of claims: every statement of the tutorials as data, read from config/claims and
checked.

A claim keeps the tutorial's id and is made of statements, each of which code can judge: one
quantity of one network, and what is said about it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from vgstudy.analysis.predictors import CONSTANT, PREDICTORS
from vgstudy.claims.statements import Statement, listed
from vgstudy.config import yamlfile
from vgstudy.errors import UserError, among, first_problem, problem_at
from vgstudy.frozen import Frozen


def _predictor(name: str) -> str:
    if name not in PREDICTORS:
        raise ValueError(f"{name!r} is no predictor; {among(name, PREDICTORS)}")
    return name


class FailurePrediction(Frozen):
    """A statement about all runs of a study: something known before training predicts that a run
    will not learn.

    Attributes
    ----------
    predictor
        A key of PREDICTORS; a larger area under the ROC curve than one half agrees with the
        statement.
    group
        An activation, or all.
    within
        Whether runs are compared with runs of the same cell only, which differ from them in nothing
        but their seed.
    open
        Nothing was claimed: the answer is the area.
    """

    says: str
    study: str
    predictor: Annotated[str, AfterValidator(_predictor)]
    group: str
    within: bool = False
    open: bool = False
    reasoning: str = ""

    @model_validator(mode="after")
    def _within_what_differs(self) -> Self:
        if self.within and self.predictor in CONSTANT:
            raise problem_at(
                "within", f"must be false: {self.predictor} is the same for all runs of a cell"
            )
        return self


class Claim(Frozen):
    """A row of the inventory: its id, what is claimed of which network, where it is tested, and the
    statements that test it."""

    id: str = Field(pattern=r"^[A-Z](\d+|-[A-Z]\d*)$")
    claim: str
    setup: str
    reported: str
    studies: Annotated[tuple[str, ...], BeforeValidator(listed)]
    statements: tuple[Statement, ...] = Field(min_length=1)
    predictions: tuple[FailurePrediction, ...] = ()

    @property
    def tutorial(self) -> str:
        """The tutorial's letter."""
        return self.id[0]


class CodeLine(Frozen):
    """A line of a tutorial's code that no longer does what it did, what happens today, and what to
    write instead."""

    line: str
    today: str
    instead: str


class Tutorial(Frozen):
    """A tutorial: title, claims, code that no longer runs as printed."""

    title: str
    claims: tuple[Claim, ...]
    code: tuple[CodeLine, ...] = ()


def read_register(folder: Path) -> dict[str, Tutorial]:
    """The tutorials by letter, from A.yaml, B.yaml, ... in `folder`.

    Raises
    ------
    UserError
        If there is none, or a file says something wrong, or an id stands twice or in the wrong
        file.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise UserError(
            f"{folder}: holds no claims such as A.yaml; run in the folder of the clone, or use --register"
        )
    tutorials = {path.stem: _tutorial(path) for path in files}
    for letter, tutorial in tutorials.items():
        _check_ids(folder / f"{letter}.yaml", letter, [claim.id for claim in tutorial.claims])
    return tutorials


def claims(register: Mapping[str, Tutorial]) -> Iterator[Claim]:
    """Every claim, tutorial by tutorial."""
    for tutorial in register.values():
        yield from tutorial.claims


def _check_ids(path: Path, letter: str, ids: Sequence[str]) -> None:
    for place, name in enumerate(ids):
        if not name.startswith(letter):
            raise UserError(
                f"{path}: claim {name}: the id belongs to {name[0]}.yaml: the file's name begins every id"
            )
        if name in ids[:place]:
            raise UserError(
                f"{path}: claim {name}: the id stands twice; a claim is one entry with several statements"
            )


def _tutorial(path: Path) -> Tutorial:
    told = yamlfile.read(path)
    try:
        return Tutorial.model_validate_json(json.dumps(told))
    except ValidationError as error:
        key, text = first_problem(error, Tutorial)
        raise UserError(f"{path}: {located(key, told)}: {text}") from None


def located(key: str, told: Any) -> str:
    """A key path with a claim by its id, and statements and predictions counted from 1: ``claim A3:
    statement 1: equals``."""
    names = [
        claim.get("id") if isinstance(claim, dict) else None for claim in told.get("claims") or ()
    ]

    def claim(found: re.Match[str]) -> str:
        place = int(found[1])
        return f"claim {names[place] or f'number {place + 1}'}: "

    key = re.sub(r"^claims\.(\d+)\.?", claim, key)
    key = re.sub(
        r"\b(statement|prediction)s\.(\d+)\.?",
        lambda found: f"{found[1]} {int(found[2]) + 1}: ",
        key,
    )
    return key.removesuffix(": ")
