"""The settings of a `GradientProbe`: what each may be, and the one line that says so."""

from operator import index
from pathlib import Path
from reprlib import repr as short
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    TypeAdapter,
    ValidationError,
)

from vgstudy.errors import UserError


def _whole(value: Any) -> int:
    """An integer, also one of NumPy's; no boolean, no float."""
    if isinstance(value, bool):
        raise ValueError
    try:
        return index(value)
    except TypeError:
        raise ValueError from None


def _named(value: Any) -> Any:
    """A path that was given: the empty text would be the current folder."""
    if value == "":
        raise ValueError
    return value


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if "g" not in values or len(set(values)) < len(values):
        raise ValueError
    return values


def _folder_name(text: str) -> str:
    if not text.isprintable() or text != text.strip() or "/" in text or text in (".", ".."):
        raise ValueError
    return text


def _parquet(path: Path) -> Path:
    if path.suffix != ".parquet" or path.is_dir():
        raise ValueError
    return path


def _no_file(path: Path) -> Path:
    if path.is_file():
        raise ValueError
    return path


Whole = Annotated[int, BeforeValidator(_whole)]
Given = Annotated[Path, BeforeValidator(_named)]
Name = Annotated[
    str, Field(strict=True, min_length=1, max_length=100), AfterValidator(_folder_name)
]


class Settings(BaseModel):
    """The arguments of `GradientProbe` but its probe set; the descriptions say what is allowed."""

    model_config = ConfigDict(frozen=True)

    every: Annotated[Whole, Field(ge=1, description="a whole number from 1")]
    quantities: Annotated[
        tuple[Literal["g", "delta", "h"], ...],
        AfterValidator(_distinct),
        Field(description="a list of 'g', with 'delta', 'h' or both"),
    ]
    log: Annotated[
        Annotated[Given, AfterValidator(_parquet)] | None,
        Field(description="a file's path ending in .parquet, or None"),
    ]
    tensorboard: Annotated[
        Annotated[Given, AfterValidator(_no_file)] | None,
        Field(description="a folder's path, or None"),
    ]
    name: Annotated[
        Name | None,
        Field(
            description="up to 100 printable characters that can name a folder, without / or blanks at the ends"
        ),
    ]
    seed: Annotated[Whole, Field(ge=0, lt=2**31, description="a whole number from 0 to 2147483647")]
    training: Annotated[StrictBool, Field(description="True or False")]
    precision: Annotated[Literal["float64", "float32"], Field(description="'float64' or 'float32'")]


def settings(**given: Any) -> Settings:
    """The checked settings.

    Raises
    ------
    UserError
        Of the first that is wrong.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        raise UserError(
            f"GradientProbe: {name}={_shown(given[name])}: allowed is {Settings.model_fields[name].description}"
        ) from None


def _shown(value: Any) -> str:
    """A value as Python shows it, shortened and on one line."""
    return " ".join(short(value).split())


def check_name(name: str) -> None:
    """Raise `UserError` unless a model's own name may stand for the setting `name`."""
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        allowed = Settings.model_fields["name"].description
        raise UserError(
            f"GradientProbe: the model's name {_shown(name)} cannot name a folder; give name=, {allowed}"
        ) from None
