"""Manifests: the JSON that one process trains from.

The hash of a manifest is the job's id, so a manifest never changes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from vgstudy.cells import Cell, Run, canonical_json
from vgstudy.config.log import Log
from vgstudy.errors import UserError
from vgstudy.stages import STAGES


def make(study: str, log: Log, runs: Iterable[Run]) -> dict[str, Any]:
    """Return the manifest of a job that trains the runs, as JSON values.

    Defaults are left out, so a field that is added later keeps every job.
    """
    listed = []
    for _, group in groupby(runs, key=lambda run: run.cell.id):
        same = list(group)
        listed.append(
            {
                "cell": same[0].cell.model_dump(mode="json", exclude_defaults=True),
                "seeds": [run.seed for run in same],
            }
        )
    return {
        "study": study,
        "stage": STAGES["train"],
        "log": log.model_dump(mode="json", exclude_defaults=True),
        "runs": listed,
    }


def job_id(manifest: Mapping[str, Any]) -> str:
    """Return twelve hexadecimal digits of the SHA-256 of the manifest."""
    return hashlib.sha256(canonical_json(manifest).encode()).hexdigest()[:12]


def runs_of(manifest: Mapping[str, Any]) -> list[Run]:
    """Return the runs that a manifest lists, in its order.

    Raises
    ------
    pydantic.ValidationError
        If a cell or a seed is not valid.
    """
    return [
        Run(cell=cell, seed=seed)
        for cell, seeds in (
            (Cell.model_validate(entry["cell"]), entry["seeds"]) for entry in manifest["runs"]
        )
        for seed in seeds
    ]


def read(path: Path) -> dict[str, Any]:
    """Read the manifest of a job.

    Raises
    ------
    UserError
        If it cannot be read, or its content does not have the hash that is its name.
    """
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(
            f"{path}: cannot be read: {reason}; name a job's manifest, results/STUDY/jobs/JOB.json"
        ) from None
    except (ValueError, RecursionError):
        manifest = None
    if not isinstance(manifest, dict) or job_id(manifest) != path.stem:
        remedy = (
            f"run `rm {path}` and start again"
            if path.parent.name == "jobs"
            else "name results/STUDY/jobs/JOB.json"
        )
        raise UserError(
            f"{path}: is not a job manifest, or was modified: its name is not the hash of "
            f"its content; {remedy}"
        )
    return manifest
