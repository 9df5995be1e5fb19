"""A small made-up study whose figures the tests look at."""

import pytest

from synthetic import SMALL
from vgstudy.figures.frames import read_frames


@pytest.fixture(scope="session")
def folder(synthetic_study):
    return synthetic_study(**SMALL)


@pytest.fixture(scope="session")
def frames(folder):
    return read_frames(folder)
