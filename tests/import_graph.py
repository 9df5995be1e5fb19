"""The package's modules and what they import, read from their source without importing anything."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"


@cache
def modules() -> dict[str, ast.Module]:
    """Map every module's dotted name, packages included, to its syntax tree."""
    names = {
        path: ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for path in sorted(SOURCE.rglob("*.py"))
    }
    return {
        name.removesuffix(".__init__"): ast.parse(path.read_text(encoding="utf-8"))
        for path, name in names.items()
    }


def imports(tree: ast.AST) -> set[str]:
    """Dotted names that a syntax tree imports at any depth; `from a import b` gives both `a` and
    `a.b`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, (
                f"line {node.lineno}: write the whole name instead of a relative import"
            )
            found.update(
                {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
            )
    return found


def of_the_package(names: Iterable[str]) -> set[str]:
    """Those of the names that are modules of the package, the package itself left out."""
    return set(names) & modules().keys() - {"vgstudy"}


def closure(tree: ast.AST) -> set[str]:
    """Modules of the package that a syntax tree imports, directly or through others, with the
    packages they are in."""
    found: set[str] = set()
    waiting = of_the_package(imports(tree))
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= of_the_package({name.rpartition(".")[0], *imports(modules()[name])}) - found
    return found
