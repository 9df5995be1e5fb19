"""The exceptions for a user's mistakes, and the one line that each mistake ends in."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text",
    "tuple": "a list",
    "list": "a list",
    "dict": "a mapping of keys to values",
    "model": "a mapping of keys to values",
}
_BOUNDS = {
    "greater_than_equal": "at least",
    "greater_than": "above",
    "less_than_equal": "at most",
    "less_than": "below",
}


class UserError(Exception):
    """A mistake of the user in one line: what is wrong, where, what is allowed, what to do next.

    The command line prints it without a traceback and exits with code 2.
    """


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Print a `UserError` that the block raises in one line and exit with code 2."""
    try:
        yield
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def problem_at(key: str, text: str) -> PydanticCustomError:
    """Return an error for a validator that concerns one key below the validated model, such as
    `task.train`."""
    return PydanticCustomError("problem", "{text}", {"key": key, "text": text})


def show(value: Any) -> str:
    """Return a value as YAML would write it, shortened; of a mapping or list only its kind."""
    if isinstance(value, dict | list | tuple):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else f"{value[:37]}...")
    return "nothing" if value is None else json.dumps(value, default=str)


def among(word: str, allowed: Iterable[str], spellings: Iterable[str] = ()) -> str:
    """Return what may replace `word`: its nearest neighbour, if one is near, then all that is
    allowed.

    `spellings` are further names that may be the nearest one and are not listed.
    """
    allowed = list(allowed)
    folded = {_fold(name): name for name in (*spellings, *allowed)}
    near = get_close_matches(_fold(word), folded, n=1)
    guess = f"did you mean {folded[near[0]]!r}? " if near else ""
    return f"{guess}allowed: {', '.join(allowed)}"


def _fold(name: str) -> str:
    return name.lower().replace("_", "")


def first_problem(error: ValidationError, model: type[BaseModel]) -> tuple[str, str]:
    """Return key path and text of the first mistake in the input of `model`, with the number of
    further mistakes.

    A misspelt key comes first: it explains the missing key that comes with it.
    """
    errors = sorted(error.errors(), key=lambda details: details["type"] != "extra_forbidden")
    first, more = errors[0], len(errors) - 1
    below = [first["ctx"]["key"]] if first["type"] == "problem" else []
    key = ".".join(str(part) for part in (*first["loc"], *below))
    further = f" (and {more} more mistake{'s' if more > 1 else ''})" if more else ""
    return key, _text(first, model) + further


def _text(error: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        *parents, key = error["loc"]
        return f"unknown key; {among(str(key), _keys(model, parents))}"
    if kind == "literal_error":
        allowed = [
            name.strip("'") for name in context["expected"].replace(" or ", ", ").split(", ")
        ]
        return f"{show(value)} is not known; {among(str(value), allowed)}"
    if kind in _BOUNDS:
        return f"must be {_BOUNDS[kind]} {next(iter(context.values())):g}, not {show(value)}"
    if kind.split("_")[0] in _KINDS and kind not in ("string_too_short", "string_too_long"):
        return f"must be {_KINDS[kind.split('_')[0]]}, not {show(value)}"
    text = str(context.get("error", context.get("text", error["msg"])))
    return text if kind in ("value_error", "problem") else text[0].lower() + text[1:]


def _keys(model: type[BaseModel], loc: Sequence[int | str]) -> list[str]:
    """Return the keys that are allowed where `loc` leads from `model`."""
    models = [model]
    for part in loc:
        if fields := [m.model_fields[str(part)] for m in models if part in m.model_fields]:
            models = _models(fields[0].annotation)
    return [name for m in models for name in m.model_fields]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
