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
_WRONG_TAG = ("union_tag_invalid", "union_tag_not_found")
_BOUNDS = {
    "greater_than_equal": "at least",
    "greater_than": "above",
    "less_than_equal": "at most",
    "less_than": "below",
}


def problem_at(key: str, text: str) -> PydanticCustomError:
    """An error for a model validator that concerns one key below the model, such as
    ``task.train``."""
    return PydanticCustomError("problem", "{text}", {"key": key, "text": text})


def show(value: Any) -> str:
    """A value as it would stand in YAML, shortened; a mapping or list by its kind alone."""
    if isinstance(value, dict | list | tuple):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else f"{value[:37]}...")
    return "nothing" if value is None else json.dumps(value, default=str)


def among(word: str, allowed: Iterable[str], spellings: Iterable[str] = ()) -> str:
    """What may be said instead of `word`: its nearest neighbour, if one is near, then everything
    allowed.

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
    """Key path and text of the first mistake in what `model` was given, with the number of further
    ones.

    A misspelt key comes first: it explains the missing key that comes with it.
    """
    errors = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    first, more = errors[0], len(errors) - 1
    path = _walk(model, first["loc"])[1]
    key = ".".join(
        str(part)
        for part in (*path, *([first["ctx"]["key"]] if first["type"] == "problem" else []))
    )
    key = f"{key}.name" if first["type"] in _WRONG_TAG else key
    return key, _say(first, model) + (
        f" (and {more} more mistake{'s' if more > 1 else ''})" if more else ""
    )


def _say(error: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        fields = [
            name for found in _walk(model, error["loc"][:-1])[0] for name in found.model_fields
        ]
        return f"unknown key; {among(str(error['loc'][-1]), fields)}"
    if kind in _WRONG_TAG:
        tag = context.get("tag")
        tags = [name for found in _walk(model, error["loc"])[0] for name in _tags(found)]
        return "is missing" if tag is None else f"{show(tag)} is not known; {among(str(tag), tags)}"
    if kind == "literal_error":
        allowed = [
            part.strip("'") for part in context["expected"].replace(" or ", ", ").split(", ")
        ]
        return f"{show(value)} is not known; {among(str(value), allowed)}"
    if kind in _BOUNDS:
        return f"must be {_BOUNDS[kind]} {next(iter(context.values())):g}, not {show(value)}"
    if (word := kind.split("_")[0]) in _WRONG_TYPE and kind not in (
        "string_too_short",
        "string_too_long",
    ):
        return f"must be {_WRONG_TYPE[word]}, not {show(value)}"
    text = str(context.get("error", context.get("text", error["msg"])))
    return text[0].lower() + text[1:] if kind not in ("value_error", "problem") else text


def _walk(
    model: type[BaseModel], loc: Sequence[int | str]
) -> tuple[list[type[BaseModel]], list[int | str]]:
    """The models that may stand where `loc` leads from `model`, and `loc` without the tags by which
    unions choose one."""
    found, path = [model], []
    for part in loc:
        if own := [each for each in found if part in each.model_fields]:
            found = _models(own[0].model_fields[str(part)].annotation)
        elif chosen := [each for each in found if len(found) > 1 and part in _tags(each)]:
            found = chosen
            continue
        path.append(part)
    return found, path


def _tags(model: type[BaseModel]) -> tuple[str, ...]:
    """The names by which a union recognises the model."""
    return get_args(model.model_fields["name"].annotation) if "name" in model.model_fields else ()


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models(part)]
