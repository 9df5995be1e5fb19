"""YAML 1.2 read safely and strictly: text keys, no key twice, aliases that stay small."""

from itertools import chain
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node

from vgstudy.errors import UserError

MAX_ENTRIES = 1_000_000
# what the beginning of a message of the parser means
_IN_WORDS = {
    "mapping values are not allowed": "a colon cannot stand here: quote a text that has one, write "
    "a blank after the colon of a key, and indent the keys of one mapping alike",
    "expected <block end>": "indented unlike the lines above: indent the keys of one mapping by "
    "the same number of blanks",
    "expected ',' or": "a comma or a closing bracket is missing here or in the lines above",
    "found character '\\t'": "a tab cannot stand here: indent with blanks",
}
_KEY_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")


def parse(text: str) -> Any:
    """Return the value of a piece of YAML.

    Raises
    ------
    YAMLError
        If it is not YAML, repeats a key, has a key that is not text, or has aliases that are too
        much when written out.
    """
    yaml = YAML(typ="safe", pure=True)
    node = yaml.compose(text)
    if node is None:
        return None
    if _entries(node, {}) > MAX_ENTRIES:
        raise YAMLError(f"its aliases, written out, are more than {MAX_ENTRIES:,} entries")
    try:
        return yaml.constructor.construct_document(node)
    except ValueError as error:
        # what looks like a number and is none, such as `._`
        raise YAMLError(str(error)) from None


def _entries(node: Node, counts: dict[int, int]) -> int:
    """Return the entries of a node with its aliases written out, and check its keys; a node within
    itself counts as none."""
    if id(node) not in counts:
        counts[id(node)] = 0
        parts = node.value if isinstance(node, CollectionNode) else []
        if isinstance(node, MappingNode):
            for key, _ in parts:
                if key.tag not in _KEY_TAGS:
                    raise MarkedYAMLError(
                        problem="a key must be text: quote it", problem_mark=key.start_mark
                    )
            parts = chain.from_iterable(parts)
        counts[id(node)] = 1 + sum(_entries(part, counts) for part in parts)
    return counts[id(node)]


def read(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds.

    Raises
    ------
    UserError
        If the file is missing, unreadable, empty, not YAML, repeats a key, or holds no mapping.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise UserError(f"{path}: is not a regular file")
        value = parse(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        advice = "run in the folder of the clone, or check the path"
        raise UserError(f"{path}: cannot be read: {reason}; {advice}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not UTF-8 text") from None
    except RecursionError:
        raise UserError(f"{path}: is nested too deeply") from None
    except YAMLError as error:
        raise UserError(f"{path}: {_reason(error)}") from None
    except ValueError:  # a zero byte in the path
        raise UserError(f"{str(path)!r}: is not the path of a file") from None
    if value is None:
        advice = "write keys and values in it, or copy a study from config/studies"
        raise UserError(f"{path}: is empty; {advice}")
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise UserError(f"{path}: must hold keys and values such as `title: ...`, not {kind}")
    return value


def _reason(error: YAMLError) -> str:
    """Return what is wrong and where, in one line."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return f"is not YAML: {' '.join(str(error).split())}"
    line, column = error.problem_mark.line + 1, error.problem_mark.column + 1
    problem = str(error.problem or error.context).partition(" with value ")[0]
    words = (text for start, text in _IN_WORDS.items() if problem.startswith(start))
    return f"line {line}, column {column}: {next(words, ' '.join(problem.split()))}"
