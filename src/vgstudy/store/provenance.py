"""What made a file: versions, processor, settings and time.

Nothing here names a person, a host or a path.
"""

import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = (
    "vgstudy",
    "tensorflow",
    "keras",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "pyarrow",
    "snakemake",
)
# these can change numbers
NUMERIC = (
    "TF_ENABLE_ONEDNN_OPTS",
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "XLA_FLAGS",
    "TF_XLA_FLAGS",
)
# OpenBLAS' kernel changes the last digits of estimates, not of training
FLAGS = ("TF_DETERMINISTIC_OPS", "OMP_NUM_THREADS", "OPENBLAS_CORETYPE", *NUMERIC)


def provenance() -> dict[str, Any]:
    """Return versions, CPU model, platform, flags, commit and UTC time as JSON values.

    Versions come from the installed packages' metadata: nothing is imported. A flag that is not set
    and a commit that is not known are None.
    """
    return {
        "packages": dict(_versions()),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "flags": {name: os.environ.get(name) for name in FLAGS},
        "commit": _commit(),
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    return tuple((name, version(name)) for name in PACKAGES)


@cache
def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.processor(),
    )


@cache
def _commit() -> str | None:
    """Return the last commit of this package, with `+` if files differ; None outside a checkout."""
    commit = _git("log", "-1", "--format=%H", "--", ".")
    return commit and commit + "+" * bool(_git("status", "--porcelain", "--", "."))


def _git(*arguments: str) -> str | None:
    """Return what git prints in the folder of the package; None if nothing."""
    package = Path(__file__).parents[1]
    try:
        done = subprocess.run(
            ("git", *arguments),
            cwd=package,
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
