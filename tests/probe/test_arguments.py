"""The settings of `GradientProbe`: one line for each wrong value, before anything is measured or
written."""

from pathlib import Path

import numpy as np
import pytest

from vgstudy.errors import UserError
from vgstudy.probe.arguments import Settings, check_name

RIGHT = {
    "every": 1,
    "log": "run.parquet",
    "tensorboard": None,
    "name": None,
    "seed": 0,
    "training": True,
}
WRONG = {
    "every": [0, 1.5, True, "10", None],
    "log": [5, ".", "", "run.txt"],
    "tensorboard": [5, "", __file__],
    "name": [5, "", ".", "..", "../../evil", "/evil", "a\nb", "[/bold]", " a", "a" * 300],
    "seed": [None, "a", -1, 1.5, True, 2**31, 2**70],
    "training": ["yes", None, 1, np.ones((3, 3))],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_one_line_with_its_name_and_what_is_allowed(
    name: str, value: object
) -> None:
    with pytest.raises(UserError, match=rf"^GradientProbe: {name}=.*: allowed is \w") as caught:
        Settings(**RIGHT | {name: value})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_the_line_by_hand() -> None:
    with pytest.raises(UserError) as caught:
        Settings(**RIGHT | {"every": 0})
    assert str(caught.value) == "GradientProbe: every=0: allowed is a whole number from 1"


def test_right_values_are_kept() -> None:
    assert Settings(**RIGHT).log == Path("run.parquet")
    given = {
        "log": None,
        "tensorboard": Path("."),
        "seed": np.int64(3),
        "name": "wide [b] ü 2",
    }
    found = Settings(**RIGHT | given)
    assert (found.log, found.tensorboard, found.seed, found.name) == (
        None,
        Path("."),
        3,
        "wide [b] ü 2",
    )


@pytest.mark.parametrize("name", ["..", "a\nb", "a" * 101])
def test_a_models_own_name_must_name_a_folder_too(name: str) -> None:
    check_name("sequential_1")
    with pytest.raises(
        UserError, match=r"the model's name .* cannot name a folder; set name=, up to 100"
    ):
        check_name(name)
