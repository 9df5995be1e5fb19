"""A copy of the workflow in a folder of its own, and a function that calls Snakemake there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("Snakefile", "workflow", "profiles", "config", "environment.yml")
Snakemake = Callable[..., subprocess.CompletedProcess[str]]


def copy_of_the_workflow(folder: Path) -> Snakemake:
    """Copy the workflow into a folder; the function returned calls Snakemake there, as without an
    activated environment."""
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)

    def snakemake(*arguments: str) -> subprocess.CompletedProcess[str]:
        call = [Path(sys.executable).parent / "snakemake", *arguments]
        outside = os.environ | {"PATH": os.defpath}
        return subprocess.run(
            call, cwd=folder, env=outside, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )

    return snakemake
