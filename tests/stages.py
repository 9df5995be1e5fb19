"""The code behind each stage of the workflow, as hashes; `python tests/stages.py` writes them to
tests/stages.json.

A stage's code is its command in `vgstudy.workflow_commands`, or its function in
`vgstudy.validation.__main__`, with every module of the package that the function imports, directly
or through others, without docstrings and comments; the report's also its templates. Writing the
file without raising the stage's number in `vgstudy.stages.STAGES` states that the results stay the
same.
"""

import ast
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from import_graph import SOURCE, closure, modules
from vgstudy.stages import STAGES

FILE = Path(__file__).with_suffix(".json")


def bare(node: Any) -> Any:
    """A syntax tree as nested lists without docstrings, positions and empty fields: the same in
    every version of Python."""
    if isinstance(node, list):
        return [bare(item) for item in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    if (
        isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and ast.get_docstring(node) is not None
    ):
        fields["body"] = fields["body"][1:]
    return [
        type(node).__name__,
        *([name, bare(value)] for name, value in sorted(fields.items()) if value not in (None, [])),
    ]


def digest(tree: ast.AST) -> str:
    """Eight hexadecimal digits of a syntax tree."""
    return hashlib.sha256(json.dumps(bare(tree)).encode()).hexdigest()[:8]


def command(stage: str) -> ast.FunctionDef:
    """The function of `vgstudy.workflow_commands` or `vgstudy.validation.__main__` that runs a
    stage."""
    return next(
        node
        for shell in ("vgstudy.workflow_commands", "vgstudy.validation.__main__")
        for node in modules()[shell].body
        if isinstance(node, ast.FunctionDef) and node.name == stage
    )


@cache
def code() -> dict[str, dict[str, Any]]:
    """Each stage's number and the digests of its code by module; the numbers themselves are not
    code."""
    return {
        stage: {
            "number": number,
            "code": {f"command.{stage}": digest(command(stage))}
            | {
                name: digest(modules()[name])
                for name in sorted(closure(command(stage)) - {"vgstudy.stages"})
            }
            | (templates() if stage == "report" else {}),
        }
        for stage, number in STAGES.items()
    }


def templates() -> dict[str, str]:
    """The digests of what the page is made of, apart from code."""
    paths = sorted((SOURCE / "vgstudy/report/templates").iterdir())
    return {
        f"templates/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        for path in paths
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(code(), indent=1) + "\n", encoding="utf-8")
    print(f"{FILE} written")
