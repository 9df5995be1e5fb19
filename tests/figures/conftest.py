"""A small made-up study whose figures the tests look at."""

import pytest

from synthetic import write_synthetic_study
from vgstudy.figures.frames import read_frames


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("figures") / "made"
    design = {
        "activations": ("tanh", "ReLU"),
        "initializers": ("Xavier", "He"),
        "widths": (5,),
        "probe_epochs": (0, 1, 20),
    }
    write_synthetic_study(made, depths=(2, 5, 10), seeds=range(4), **design)
    return made


@pytest.fixture(scope="session")
def frames(folder):
    return read_frames(folder)
