"""Read study files and the `config.yaml` that names them.

Every mistake is a `UserError` of one line with file and key.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ValidationError

from vgstudy.cells import Frozen, Mnist
from vgstudy.config import values, yamlfile
from vgstudy.config.log import Log
from vgstudy.config.messages import among, first_problem, show
from vgstudy.config.study import Seeds, Study, StudyFile
from vgstudy.errors import UserError

__all__ = [
    "Config",
    "Log",
    "Study",
    "check_config",
    "load_config",
    "load_studies",
    "load_study",
    "name_mnist",
    "parse_seeds",
    "read_studies",
]

Model = TypeVar("Model", bound=BaseModel)


def _names(value: Any) -> tuple[str, ...]:
    names = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError("must be the name of a study or a list of names")
    return names


class Config(Frozen):
    """The keys of `config.yaml`."""

    studies: Annotated[tuple[str, ...], BeforeValidator(_names)]
    seeds: Seeds | None = None
    mnist: str | None = None


def load_study(path: Path, seeds: Sequence[int] | None = None) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path
        The YAML file; its stem is the study's name.
    seeds
        Seeds to use instead of the file's own, as `parse_seeds` gives them.

    Raises
    ------
    UserError
        If the file cannot be read or says something wrong.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", path.stem):
        raise UserError(f"{path}: the file's name names the results folder: use small letters, digits, - and _, a letter first")
    data = yamlfile.read(path)
    checked = _checked(StudyFile, data if seeds is None else {**data, "seeds": list(seeds)}, str(path))
    return Study(name=path.stem, path=str(path), **dict(checked))


def load_config(path: Path) -> Config:
    """Read and check a `config.yaml`.

    Raises
    ------
    UserError
        If the file cannot be read or says something wrong.
    """
    return check_config(yamlfile.read(path), str(path))


def check_config(config: Mapping[str, Any], where: str) -> Config:
    """Check the contents of a `config.yaml`; `where` names them in a message.

    Raises
    ------
    UserError
        If a key or a value is wrong.
    """
    return _checked(Config, dict(config), where)


def name_mnist(config: Mapping[str, Any]) -> None:
    """Let the process and those it starts take MNIST from the file that a `config.yaml` names, if it names one.

    Raises
    ------
    UserError
        If what it names can be no path.
    """
    if named := config.get("mnist"):
        try:
            os.environ[Mnist.variable] = str(Path(named).resolve())
        except (TypeError, ValueError):  # another type, or a zero byte
            raise UserError(f"config.yaml: mnist: {named!r} is no path; name an mnist.npz, or leave it null") from None


def parse_seeds(text: str | None) -> tuple[int, ...] | None:
    """Seeds from the text of `--seeds`: a number of seeds, a range or a list; None without it.

    Raises
    ------
    UserError
        If it is none of these.
    """
    if text is None:
        return None
    try:
        value = yamlfile.parse(text)
    except (yaml.YAMLError, RecursionError):
        value = text
    try:
        return values.seeds(value)
    except ValueError as error:
        raise UserError(f"--seeds: {error}") from None


def load_studies(config: Mapping[str, Any], folder: Path) -> dict[str, Study]:
    """The studies that a configuration names.

    Parameters
    ----------
    config
        The contents of `config.yaml`, as a mapping: `studies` and perhaps `seeds`.
    folder
        The folder of `config.yaml`, with study files in its folder `studies`.

    Returns
    -------
    The studies by name, in the order given.

    Raises
    ------
    UserError
        If the configuration or a study is wrong, or two studies have the same name.
    """
    where = str(folder / "config.yaml")
    checked = check_config(config, where)
    return read_studies(checked.studies, checked.seeds, folder, where)


def read_studies(named: Iterable[str], seeds: Sequence[int] | None, folder: Path, where: str) -> dict[str, Study]:
    """The named studies by name; `where` says in a message where they were named. Raises as `load_studies`."""
    studies: dict[str, Study] = {}
    for path in [_study_path(name, folder / "studies", where) for name in named]:
        if path.stem in studies:
            raise UserError(f"{where}: studies: two have the name {path.stem!r}: {studies[path.stem].path} and {path}")
        studies[path.stem] = load_study(path, seeds)
    return studies


def _study_path(name: str, folder: Path, where: str) -> Path:
    if name.endswith(".yaml"):
        return Path(name)
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise UserError(f"{where}: studies: no study {show(name)} in {folder}; {among(name, known)}, or a path ending in .yaml")
    return folder / f"{name}.yaml"


def _checked(model: type[Model], data: Mapping[str, Any], where: str) -> Model:
    try:
        # as strict JSON: a list may become a tuple, yet text never a number nor true a 1
        return model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        key, text = first_problem(error, model)
        raise UserError(f"{where}: {key}: {text}" if key else f"{where}: {text}") from None
    except (TypeError, ValueError, RecursionError):
        raise UserError(f"{where}: holds a value that is no text, number, list or mapping, or one that contains itself") from None
