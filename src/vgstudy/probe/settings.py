"""The settings of a `GradientProbe`: their allowed values and the error about any other."""

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
    """Return an integer, also one of NumPy's; booleans and floats are refused."""
    if isinstance(value, bool):
        raise ValueError
    try:
        return index(value)
    except TypeError:
        raise ValueError from None


def _not_empty(value: Any) -> Any:
    """Return a path; an empty text is refused, because it would be the current folder."""
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
    if path.suffix != ".parquet" or path.expanduser().is_dir():
        raise ValueError
    return path.expanduser()


def _not_a_file(path: Path) -> Path:
    if path.expanduser().is_file():
        raise ValueError
    return path.expanduser()


Whole = Annotated[int, BeforeValidator(_whole)]
PathArgument = Annotated[Path, BeforeValidator(_not_empty)]
Name = Annotated[
    str, Field(strict=True, min_length=1, max_length=100), AfterValidator(_folder_name)
]


class Settings(BaseModel):
    """The arguments of `GradientProbe` without its probe set.

    The descriptions name the allowed values.
    """

    model_config = ConfigDict(frozen=True)

    every: Annotated[Whole, Field(ge=1, description="a whole number from 1")]
    quantities: Annotated[
        tuple[Literal["g", "delta", "h"], ...],
        AfterValidator(_distinct),
        Field(description="a list of 'g', with 'delta', 'h' or both"),
    ]
    log: Annotated[
        Annotated[PathArgument, AfterValidator(_parquet)] | None,
        Field(description="a file's path ending in .parquet, or None"),
    ]
    tensorboard: Annotated[
        Annotated[PathArgument, AfterValidator(_not_a_file)] | None,
        Field(description="a folder's path, or None"),
    ]
    name: Annotated[
        Name | None,
        Field(
            description="up to 100 printable characters that can name a folder, "
            "without / or blanks at the ends"
        ),
    ]
    seed: Annotated[Whole, Field(ge=0, lt=2**31, description="a whole number from 0 to 2147483647")]
    training: Annotated[StrictBool, Field(description="True or False")]
    precision: Annotated[Literal["float64", "float32"], Field(description="'float64' or 'float32'")]


def make_settings(**arguments: Any) -> Settings:
    """Return the checked settings.

    Raises
    ------
    UserError
        About the first wrong argument.
    """
    try:
        return Settings(**arguments)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0])
        allowed = Settings.model_fields[name].description
        raise UserError(
            f"GradientProbe: {name}={_one_line(arguments[name])}: allowed is {allowed}"
        ) from None


def check_name(name: str) -> None:
    """Raise `UserError` unless a model's name can be used as the setting `name`."""
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        allowed = Settings.model_fields["name"].description
        raise UserError(
            f"GradientProbe: the model's name {_one_line(name)} cannot name a folder; "
            f"set name=, {allowed}"
        ) from None


def _one_line(value: Any) -> str:
    """Return a value as Python shows it, shortened and on one line."""
    return " ".join(short(value).split())
