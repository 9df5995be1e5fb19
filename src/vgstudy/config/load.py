"""Read study files and the `config.yaml` that names them.

Every mistake is a `UserError` of one line with file and key.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ValidationError
from ruamel.yaml.error import YAMLError

from vgstudy.config import values, yamlfile
from vgstudy.config.study import Seeds, Study, StudyFile
from vgstudy.errors import UserError, among, first_problem, show
from vgstudy.frozen import Frozen

LOGS = "logs"  # the folder of results that holds the workflow's own logs
Model = TypeVar("Model", bound=BaseModel)


def _names(value: Any) -> tuple[str, ...]:
    names = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError("must be the name of a study or a list of names")
    return names


def _plain(path: str) -> str:
    if "\0" in path:
        raise ValueError("must be the path of an .npz file, or null")
    return path


DataFile = Annotated[str, AfterValidator(_plain)] | None


class Config(Frozen):
    """The keys of `config.yaml`."""

    studies: Annotated[tuple[str, ...], BeforeValidator(_names)]
    seeds: Seeds | None = None
    mnist: DataFile = None
    fashion_mnist: DataFile = None
    container: str | None = None


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
        If the file cannot be read or has a mistake.
    """
    data = yamlfile.read(path)
    return check_study(data, path.stem, str(path), seeds)


def check_study(
    data: Mapping[str, Any], name: str, where: str, seeds: Sequence[int] | None = None
) -> Study:
    """Return a study from the keys of a study file.

    Parameters
    ----------
    where
        Where the keys come from, for messages; the path, if it is a file.

    Raises
    ------
    UserError
        If the name or a key has a mistake.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        allowed = "use small letters, digits, - and _, a letter first"
        raise UserError(f"{where}: the study's name names the results folder: {allowed}")
    if name == LOGS:
        text = f"results/{LOGS} holds the workflow's own logs; give the study another name"
        raise UserError(f"{where}: {text}")
    checked = _checked(StudyFile, {**data, **({"seeds": list(seeds)} if seeds else {})}, where)
    return Study(name=name, path=where, **dict(checked))


def load_config(path: Path, changes: Mapping[str, Any] | None = None) -> Config:
    """Read and check a `config.yaml`.

    Parameters
    ----------
    changes
        Keys that the command line sets instead of the file's, as Snakemake's `--config` does.

    Raises
    ------
    UserError
        If the file cannot be read, or it or the command line has a mistake.
    """
    data = yamlfile.read(path)
    config = _checked(Config, data, str(path))
    return _checked(Config, data | dict(changes), "--config") if changes else config


def parse_seeds(text: str | None) -> tuple[int, ...] | None:
    """Return seeds from the text of `--seeds`, a number of seeds, a range or a list; None without
    it.

    Raises
    ------
    UserError
        If it is none of these.
    """
    if text is None:
        return None
    try:
        value = yamlfile.parse(text)
    except (YAMLError, RecursionError):
        value = text
    try:
        return values.seeds(value)
    except ValueError as error:
        raise UserError(f"--seeds: {error}") from None


def seeds_text(seeds: Sequence[int]) -> str:
    """Return seeds as text that `parse_seeds` reads."""
    first, last = seeds[0], seeds[-1]
    if last > first and tuple(seeds) == tuple(range(first, last + 1)):
        return f"{first}-{last}"
    return str(list(seeds))


def read_studies(
    names: Iterable[str], seeds: Sequence[int] | None, folder: Path, where: str
) -> dict[str, Study]:
    """Return the named studies by name, in the order of the names.

    Parameters
    ----------
    names
        Names of files in the folder's folder `studies`, or paths ending in .yaml.
    seeds
        Seeds of all of them, instead of their own.
    folder
        The folder of `config.yaml`.
    where
        Where they were named, for messages.

    Raises
    ------
    UserError
        If one does not exist or has a mistake, or two have the same name.
    """
    studies: dict[str, Study] = {}
    for name in names:
        path = _study_path(name, folder / "studies", where)
        if path.stem in studies:
            other = Path(studies[path.stem].path)
            if path.resolve() == other.resolve():
                raise UserError(f"{where}: study {path.stem!r} is named twice; name it once")
            text = f"two studies have the name {path.stem!r}: {other} and {path}"
            raise UserError(f"{where}: {text}")
        studies[path.stem] = load_study(path, seeds)
    return studies


def _study_path(name: str, folder: Path, where: str) -> Path:
    if name.endswith(".yaml"):
        return Path(name)
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    if name not in names:
        allowed = f"{among(name, names)}, or a path ending in .yaml"
        raise UserError(f"{where}: no study {show(name)} in {folder}; {allowed}")
    return folder / f"{name}.yaml"


def _checked(model: type[Model], data: Mapping[str, Any], where: str) -> Model:
    try:
        # as strict JSON: a list may become a tuple, yet text never a number nor true a 1
        return model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        key, text = first_problem(error, model)
        raise UserError(f"{where}: {key}: {text}" if key else f"{where}: {text}") from None
    except (TypeError, ValueError, RecursionError):
        text = "a value that is not text, a number, a list or a mapping, or that contains itself"
        raise UserError(f"{where}: holds {text}") from None
