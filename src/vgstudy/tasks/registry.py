"""The tasks that networks learn, by their names in study files."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, SerializeAsAny, ValidationError, ValidationInfo

from vgstudy.errors import among, first_problem, problem_at, show
from vgstudy.tasks.circles import Circles
from vgstudy.tasks.images import Digits, FashionMnist, Mnist
from vgstudy.tasks.task import Task

TASKS: dict[str, type[Task]] = {
    "circles": Circles,
    "digits": Digits,
    "mnist": Mnist,
    "fashion_mnist": FashionMnist,
}


def use_files(paths: Any) -> None:
    """Make this process and those it starts read the files that a configuration names, each under
    its data set's name."""
    for task in TASKS.values():
        if task.file:
            task.file.use(getattr(paths, task.file.dataset))


def read_task(fields: Mapping[str, Any]) -> Task:
    """Return the task of a study's stored `task`; settings left at their default may be missing."""
    return TASKS[fields["name"]].model_validate(fields)


def _checked(value: Any, info: ValidationInfo) -> Any:
    """Return the task that `name` chooses; what is not a mapping is left to pydantic."""
    if not isinstance(value, Mapping):
        return value
    name = value.get("name")
    if name is None:
        raise problem_at("name", "is missing")
    if not isinstance(name, str) or name not in TASKS:
        raise problem_at("name", f"{show(name)} is not known; {among(str(name), TASKS)}")
    try:
        if info.mode == "json":
            return TASKS[name].model_validate_json(json.dumps(value), strict=True)
        return TASKS[name].model_validate(value)
    except ValidationError as error:
        raise problem_at(*first_problem(error, TASKS[name])) from None


AnyTask = Annotated[SerializeAsAny[Task], BeforeValidator(_checked)]
