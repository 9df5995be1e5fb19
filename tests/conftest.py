"""Fixtures that tests of several packages share."""

import gc
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Folders = Callable[..., Path]


def pytest_collection_finish() -> None:
    """Keep what was imported out of garbage collection.

    statsmodels collects garbage whenever it corrects p-values, which takes seconds in a process
    that holds TensorFlow.
    """
    gc.freeze()


@pytest.fixture(scope="session")
def synthetic_study(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Return a function from the arguments of `synthetic.study` to a folder of its results.

    Each design is written once; tests must not change the folder, see `copied_study`.
    """
    # imported here: most tests need no analysis
    from synthetic import write_synthetic_study

    folders: dict[str, Path] = {}

    def folder(**design: Any) -> Path:
        key = repr(sorted(design.items()))
        if key not in folders:
            folders[key] = tmp_path_factory.mktemp("synthetic") / "study"
            write_synthetic_study(folders[key], **design)
        return folders[key]

    return folder


@pytest.fixture
def copied_study(synthetic_study: Folders, tmp_path: Path) -> Folders:
    """Return a function like `synthetic_study`, whose folder the test may change."""

    def folder(**design: Any) -> Path:
        return Path(shutil.copytree(synthetic_study(**design), tmp_path / "study"))

    return folder
