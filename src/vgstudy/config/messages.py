"""One line per mistake: what is wrong, where, what is allowed."""

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

_WRONG_TYPE = {
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
_BOUNDS = {"greater_than_equal": "at least", "greater_than": "above", "less_than_equal": "at most", "less_than": "below"}


def problem_at(key: str, text: str) -> PydanticCustomError:
    """An error for a model validator that concerns one key below the model, such as ``task.train``."""
    return PydanticCustomError("problem", "{text}", {"key": key, "text": text})


def show(value: Any) -> str:
    """A value as it would stand in YAML, shortened; a mapping or list by its kind alone."""
    if isinstance(value, dict | list | tuple):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else f"{value[:37]}...")
    return "nothing" if value is None else json.dumps(value, default=str)


def among(word: str, allowed: Iterable[str], spellings: Iterable[str] = ()) -> str:
    """What may be said instead of `word`: its nearest neighbour, if one is near, then everything allowed.

    `spellings` are further names that may be the nearest one and are not listed.
    """
    allowed = list(allowed)
    plain = {_fold(name): name for name in (*spellings, *allowed)}
    near = get_close_matches(_fold(word), plain, n=1)
    guess = f"did you mean {plain[near[0]]!r}? " if near else ""
    return f"{guess}allowed: {', '.join(allowed)}"


def _fold(name: str) -> str:
    return name.lower().replace("_", "")


def first_problem(error: ValidationError, model: type[BaseModel]) -> tuple[str, str]:
    """Key path and text of the first mistake in what `model` was given, with the number of further ones.

    A misspelt key comes first: it explains the missing key that comes with it.
    """
    errors = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    first, more = errors[0], len(errors) - 1
    key = ".".join(str(part) for part in (*first["loc"], *([first["ctx"]["key"]] if first["type"] == "problem" else [])))
    return key, _say(first, model) + (f" (and {more} more mistake{'s' if more > 1 else ''})" if more else "")


def _say(error: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"unknown key; {among(str(error['loc'][-1]), _fields(model, error['loc'][:-1]))}"
    if kind == "literal_error":
        allowed = [part.strip("'") for part in context["expected"].replace(" or ", ", ").split(", ")]
        return f"{show(value)} is not known; {among(str(value), allowed)}"
    if kind in _BOUNDS:
        return f"must be {_BOUNDS[kind]} {next(iter(context.values())):g}, not {show(value)}"
    if (word := kind.split("_")[0]) in _WRONG_TYPE and kind not in ("string_too_short", "string_too_long"):
        return f"must be {_WRONG_TYPE[word]}, not {show(value)}"
    text = str(context.get("error", context.get("text", error["msg"])))
    return text[0].lower() + text[1:] if kind not in ("value_error", "problem") else text


def _fields(model: type[BaseModel], loc: Sequence[int | str]) -> list[str]:
    """The keys of the model found by walking down `loc` from `model`."""
    for part in loc:
        if isinstance(part, str):
            model = _models(model.model_fields[part].annotation)[0]
    return list(model.model_fields)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
