"""YAML read safely and strictly: the scalars of JSON, text keys, no key twice.

YAML 1.1 reads ``no`` as false, ``1e-7`` as text and ``1:30`` as 90; here words stay words and
numbers are JSON's numbers.
"""

import re
from collections.abc import Hashable
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from vgstudy.errors import UserError

MOST_ENTRIES = 1_000_000


class _Loader(yaml.SafeLoader):
    """A safe loader with scalars as in JSON."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  the base class declares it

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        first: dict[str, int] = {}
        for key, _ in node.value:
            if key.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"):
                raise yaml.MarkedYAMLError(
                    problem="a key must be text: quote it", problem_mark=key.start_mark
                )
            if key.value in first:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key.value!r} stands here twice, first in line {first[key.value]}",
                    problem_mark=key.start_mark,
                )
            first[key.value] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("null", r"null|~|", ["n", "~", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"[-+]?\d{1,30}", list("-+0123456789")),
    ("float", r"[-+]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][-+]?\d+)?", list("-+.0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first
    )
_Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))
_Loader.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(node.value))


def parse(text: str) -> Any:
    """The value of a piece of YAML.

    Raises
    ------
    yaml.YAMLError
        If it is not YAML, repeats a key, has a key that is not text, or aliases that write out to
        too much.
    """
    loader = _Loader(text)
    node = loader.get_single_node()
    if node is None:
        return None
    if _entries(node, {}) > MOST_ENTRIES:
        raise yaml.YAMLError(f"its aliases, written out, are more than {MOST_ENTRIES:,} entries")
    return loader.construct_document(node)


def _entries(node: yaml.Node, known: dict[int, int]) -> int:
    """Entries of a node with its aliases written out; a node within itself counts as none."""
    if id(node) not in known:
        known[id(node)] = 0
        parts = (
            chain.from_iterable(node.value) if isinstance(node, yaml.MappingNode) else node.value
        )
        known[id(node)] = (
            1 + sum(_entries(part, known) for part in parts)
            if isinstance(node, yaml.CollectionNode)
            else 1
        )
    return known[id(node)]


def read(path: Path) -> dict[str, Any]:
    """The mapping a YAML file holds.

    Raises
    ------
    UserError
        If the file is missing, unreadable, empty, not YAML, repeats a key, or holds no mapping.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UserError(f"{path}: is no regular file")
        value = parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(
            f"{path}: cannot be read: {reason}; run in the folder of the clone, or check the path"
        ) from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text") from None
    except RecursionError:
        raise UserError(f"{path}: is nested too deeply") from None
    except ValueError:  # a zero byte
        raise UserError(f"{str(path)!r}: is no path of a file") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: {_told(error)}") from None
    if value is None:
        raise UserError(
            f"{path}: is empty; write keys and values in it, or copy a study from config/studies"
        )
    if not isinstance(value, dict):
        raise UserError(
            f"{path}: must hold keys and values such as `title: ...`, not {type(value).__name__}"
        )
    return value


def _told(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return f"is not YAML: {' '.join(str(error).split())}"
    return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem or error.context}"
