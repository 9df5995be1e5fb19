"""The register of claims: every statement of the tutorials as data, read from config/claims.

A claim keeps the tutorial's id and is made of statements, each of which code can judge: one measure
of one network, and what is said about it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from vgstudy.claims.statements import Statement, as_list
from vgstudy.config import yamlfile
from vgstudy.errors import UserError, first_problem
from vgstudy.frozen import Frozen


class Claim(Frozen):
    """A row of the inventory: its id, what is claimed of which network, where it is tested, and the
    statements that test it."""

    id: str = Field(pattern=r"^[A-Z](\d+[a-z]?|-[A-Z]\d*)$")
    claim: str
    setup: str
    reported: str
    studies: Annotated[tuple[str, ...], BeforeValidator(as_list)]
    statements: tuple[Statement, ...] = Field(min_length=1)

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
    """Return the tutorials by letter, from A.yaml, B.yaml, ... in `folder`.

    Raises
    ------
    UserError
        If there is none, a file is wrong, or an id is there twice or in the wrong file.
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        remedy = "run in the folder of the clone"
        raise UserError(f"{folder}: holds no claims such as A.yaml; {remedy}")
    tutorials = {path.stem: _read_tutorial(path) for path in files}
    for path in files:
        _check_ids(path, [claim.id for claim in tutorials[path.stem].claims])
    return tutorials


def all_claims(register: Mapping[str, Tutorial]) -> Iterator[Claim]:
    """Yield every claim, tutorial by tutorial."""
    for tutorial in register.values():
        yield from tutorial.claims


def _check_ids(path: Path, ids: Sequence[str]) -> None:
    for name in ids:
        if not name.startswith(path.stem):
            rule = f"the id belongs to {name[0]}.yaml: the file's name begins every id"
            raise UserError(f"{path}: claim {name}: {rule}")
        if ids.count(name) > 1:
            rule = "the id is there twice; a claim is one entry with several statements"
            raise UserError(f"{path}: claim {name}: {rule}")


def _read_tutorial(path: Path) -> Tutorial:
    content = yamlfile.read(path)
    try:
        return Tutorial.model_validate_json(json.dumps(content))
    except ValidationError as error:
        key, text = first_problem(error, Tutorial)
        raise UserError(f"{path}: {_located(key, content)}: {text}") from None


def _located(key: str, content: Any) -> str:
    """Return `claims (entry 3).statements (entry 1).equals` as `claim A3: statement 1: equals`."""

    def claim(match: re.Match[str]) -> str:
        entry, number = content["claims"][int(match[1]) - 1], match[1]
        name = entry.get("id") if isinstance(entry, dict) else None
        return f"claim {name or f'number {number}'}: "

    def part(match: re.Match[str]) -> str:
        return f"statement {match[1]}: "

    key = re.sub(r"^claims \(entry (\d+)\)\.?", claim, key)
    return re.sub(r"\bstatements \(entry (\d+)\)\.?", part, key).removesuffix(": ")
