"""A made-up study with every kind of run, and a copy of it to change."""

from pathlib import Path

import pytest

from analysed import DESIGN


@pytest.fixture
def made(synthetic_study) -> Path:
    return synthetic_study(per_job=12, **DESIGN)


@pytest.fixture
def folder(copied_study) -> Path:
    return copied_study(per_job=12, **DESIGN)
