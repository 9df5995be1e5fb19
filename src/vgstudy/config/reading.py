"""Read study files and the `config.yaml` that names them.

Every mistake is a `UserError` of one line with file and key.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ValidationError

from vgstudy.config import values, yamlfile
from vgstudy.config.study import Seeds, Study, StudyFile
from vgstudy.errors import UserError, among, first_problem, show
from vgstudy.frozen import Frozen

LOGS = "logs"
Model = TypeVar("Model", bound=BaseModel)


def _names(value: Any) -> tuple[str, ...]:
    names = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError("must be the name of a study or a list of names")
    return names


def _plain(path: str) -> str:
    if "\0" in path:
        raise ValueError("must be the path of an mnist.npz, or null")
    return path


class Config(Frozen):
    """The keys of `config.yaml`."""

    studies: Annotated[tuple[str, ...], BeforeValidator(_names)]
    seeds: Seeds | None = None
    mnist: Annotated[str, AfterValidator(_plain)] | None = None


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
        raise UserError(
            f"{path}: the file's name names the results folder: use small letters, digits, - and _, a letter first"
        )
    if path.stem == LOGS:
        raise UserError(
            f"{path}: results/{LOGS} is where the workflow's own logs are; give the study another name"
        )
    data = yamlfile.read(path)
    checked = _checked(
        StudyFile, data if seeds is None else {**data, "seeds": list(seeds)}, str(path)
    )
    return Study(name=path.stem, path=str(path), **dict(checked))


def load_config(path: Path, given: Mapping[str, Any] | None = None) -> Config:
    """Read and check a `config.yaml`.

    Parameters
    ----------
    given
        Keys that the command line sets instead of the file's, as Snakemake's `--config` does.

    Raises
    ------
    UserError
        If the file cannot be read, or it or the command line says something wrong.
    """
    own = yamlfile.read(path)
    found = _checked(Config, own, str(path))
    return _checked(Config, own | dict(given), "--config") if given else found


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


def seeds_text(seeds: Sequence[int]) -> str:
    """Seeds as `parse_seeds` reads them."""
    first, last = seeds[0], seeds[-1]
    return (
        f"{first}-{last}"
        if tuple(seeds) == tuple(range(first, last + 1)) and last > first
        else str(list(seeds))
    )


def read_studies(
    named: Iterable[str], seeds: Sequence[int] | None, folder: Path, where: str
) -> dict[str, Study]:
    """The named studies by name, in the order given.

    Parameters
    ----------
    named
        Names of files in the folder's folder `studies`, or paths ending in .yaml.
    seeds
        Seeds of all of them, instead of their own.
    folder
        That of `config.yaml`.
    where
        Where they were named, for messages.

    Raises
    ------
    UserError
        If one does not exist or says something wrong, or two have the same name.
    """
    studies: dict[str, Study] = {}
    for path in [_study_path(name, folder / "studies", where) for name in named]:
        if path.stem in studies:
            if path.resolve() == Path(studies[path.stem].path).resolve():
                raise UserError(f"{where}: study {path.stem!r} is named twice; name it once")
            raise UserError(
                f"{where}: two studies have the name {path.stem!r}: {studies[path.stem].path} and {path}"
            )
        studies[path.stem] = load_study(path, seeds)
    return studies


def _study_path(name: str, folder: Path, where: str) -> Path:
    if name.endswith(".yaml"):
        return Path(name)
    known = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in known:
        raise UserError(
            f"{where}: no study {show(name)} in {folder}; {among(name, known)}, or a path ending in .yaml"
        )
    return folder / f"{name}.yaml"


def _checked(model: type[Model], data: Mapping[str, Any], where: str) -> Model:
    try:
        # as strict JSON: a list may become a tuple, yet text never a number nor true a 1
        return model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        key, text = first_problem(error, model)
        raise UserError(f"{where}: {key}: {text}" if key else f"{where}: {text}") from None
    except (TypeError, ValueError, RecursionError):
        raise UserError(
            f"{where}: holds a value that is no text, number, list or mapping, or one that contains itself"
        ) from None
