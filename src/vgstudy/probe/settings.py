"""The settings of a `GradientProbe` and the error about any value that is not allowed."""

from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from reprlib import repr as short
from typing import Any

from vgstudy.errors import UserError

FOLDER_NAME = (
    "up to 100 printable characters that can name a folder, without / or blanks at the ends"
)


@dataclass
class Settings:
    """The arguments of `GradientProbe` without its probe set; paths are expanded.

    Raises
    ------
    UserError
        About the first wrong argument.
    """

    every: int
    log: Path | None
    tensorboard: Path | None
    name: str | None
    seed: int
    training: bool

    def __post_init__(self) -> None:
        is_seed = _is_whole(self.seed) and 0 <= self.seed < 2**31
        self._check("every", _is_whole(self.every) and self.every >= 1, "a whole number from 1")
        self.log = self._path("log")
        is_file_name = self.log is None or (self.log.suffix == ".parquet" and not self.log.is_dir())
        self._check("log", is_file_name, "a file's path ending in .parquet, or None")
        self.tensorboard = self._path("tensorboard")
        is_folder = self.tensorboard is None or not self.tensorboard.is_file()
        self._check("tensorboard", is_folder, "a folder's path, or None")
        self._check("name", self.name is None or names_a_folder(self.name), FOLDER_NAME)
        self._check("seed", is_seed, "a whole number from 0 to 2147483647")
        self._check("training", isinstance(self.training, bool), "True or False")
        # NumPy's integers cannot be written as JSON
        self.every, self.seed = int(self.every), int(self.seed)

    def _path(self, name: str) -> Path | None:
        path = getattr(self, name)
        # an empty text would be the current folder
        is_path = path is None or (isinstance(path, str | Path) and path != "")
        self._check(name, is_path, "a path, or None")
        return path and Path(path).expanduser()

    def _check(self, name: str, is_allowed: bool, allowed: str) -> None:
        if not is_allowed:
            value = _one_line(getattr(self, name))
            raise UserError(f"GradientProbe: {name}={value}: allowed is {allowed}")


def check_name(name: str) -> None:
    """Raise `UserError` unless a model's name can be used as the setting `name`."""
    if not names_a_folder(name):
        raise UserError(
            f"GradientProbe: the model's name {_one_line(name)} cannot name a folder; "
            f"set name=, {FOLDER_NAME}"
        )


def names_a_folder(name: Any) -> bool:
    """Return whether a value is a text that can name one folder."""
    if not isinstance(name, str) or not 0 < len(name) <= 100 or name in (".", ".."):
        return False
    return name.isprintable() and name == name.strip() and "/" not in name


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _one_line(value: Any) -> str:
    """Return a value as Python shows it, shortened and on one line."""
    return " ".join(short(value).split())
