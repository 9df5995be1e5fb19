"""The settings of `GradientProbe`: one line for each wrong value, before anything is measured or
written."""

from pathlib import Path

import numpy as np
import pytest

from vgstudy.errors import UserError
from vgstudy.probe.arguments import Settings, check_name, make_probe_set

RIGHT = {
    "examples": 128,
    "every": 1,
    "log": "run.parquet",
    "tensorboard": None,
    "name": None,
    "seed": 0,
    "training": True,
}
WRONG = {
    "examples": [0, 1.5, None],
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


def test_a_folder_is_shown_as_it_was_given() -> None:
    with pytest.raises(UserError, match=r"log='logs/': allowed is a file's path"):
        Settings(**RIGHT | {"log": "logs/"})


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


def test_some_of_many_examples_stay_together_and_are_the_same_in_every_run() -> None:
    x = np.arange(1000.0)
    first, second = (make_probe_set({"a": x[:, None]}, x, x + 1, 128) for _ in range(2))
    assert (first.examples, first.y.shape) == (128, (128,))
    drawn = first.y.numpy()
    assert len(set(drawn)) == 128
    assert drawn.min() < 50
    assert drawn.max() > 950
    np.testing.assert_array_equal(first.x["a"][:, 0], drawn)
    np.testing.assert_array_equal(first.sample_weight, drawn + 1)
    np.testing.assert_array_equal(second.y, drawn)


def test_few_examples_are_all_measured() -> None:
    x = np.arange(128.0)
    np.testing.assert_array_equal(make_probe_set(x, None, None, 128).x, x)
