"""Provenance names versions and settings, and nothing private."""

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from vgstudy.store.provenance import provenance


@pytest.mark.parametrize(
    "path_or_host", [str(Path.home()), str(Path(__file__).parents[2]), platform.node()]
)
def test_provenance_names_no_path_and_no_host(path_or_host):
    assert path_or_host not in json.dumps(provenance())


def test_provenance_imports_no_package():
    code = "import sys, vgstudy.store.provenance as p; p.provenance(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"tensorflow", "keras", "numpy", "pandas"} & set(loaded)


def test_the_commit_is_the_last_of_the_whole_package_against_git():
    command = ["git", "log", "-1", "--format=%H", "--", "src/vgstudy"]
    output = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    ).stdout.strip()
    assert (provenance()["commit"] or "").rstrip("+") == output
