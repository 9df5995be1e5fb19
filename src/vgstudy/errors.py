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
# what people call a thing, and its name here
_ALSO_CALLED = {"lr": "learning_rate", "xavier": "glorot_uniform", "kaiming": "he_uniform"}


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
    """Return what may replace `word`: what it may mean, then all that is allowed.

    `spellings` are further names that are not listed; of two spellings the guess is the last one.
    """
    allowed = list(allowed)
    folded = {_fold(name): name for name in (*allowed, *spellings)}
    meant = _near(_fold(word), folded) or _near(_fold(_ALSO_CALLED.get(word.lower(), "")), folded)
    guess = f"did you mean {' or '.join(repr(folded[name]) for name in meant)}? " if meant else ""
    return f"{guess}allowed: {', '.join(allowed)}"


def _fold(name: str) -> str:
    return name.lower().replace("_", "")


def _near(word: str, names: Iterable[str]) -> list[str]:
    """Return the name that is the word, else up to three that begin with it, else the nearest."""
    if not word or word in names:
        return [word] * bool(word)
    return [name for name in names if name.startswith(word)][:3] or get_close_matches(
        word, names, n=1
    )


def first_problem(error: ValidationError, model: type[BaseModel]) -> tuple[str, str]:
    """Return key path and text of the first mistake in the input of `model`, with the key paths of
    the others.

    A misspelt key comes first: it explains the missing key that comes with it.
    """
    errors = sorted(error.errors(), key=lambda details: details["type"] != "extra_forbidden")
    first, *others = errors
    keys = list(dict.fromkeys(_path(each) for each in others))
    further = f"; see also {', '.join(keys)}" if keys else ""
    return _path(first), _text(first, model) + further


def _path(error: ErrorDetails) -> str:
    """Return the key path of a mistake; entries of lists are counted from 1."""
    below = [error["ctx"]["key"]] if error["type"] == "problem" else []
    parts = [
        f" (entry {part + 1})" if isinstance(part, int) else f".{part}"
        for part in (*error["loc"], *below)
    ]
    return "".join(parts).strip(".")


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
