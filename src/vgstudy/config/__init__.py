"""Study files: where they are, read and checked, one clear line per mistake; what Keras offers as
levels."""

from pathlib import Path

DEFAULTS = Path(__file__).parents[1] / "defaults"


def config_path(part: str) -> Path:
    """Return a part of the folder `config` of where vgstudy is called; what is not there comes with
    the package."""
    here = Path("config", part)
    return here if here.exists() else DEFAULTS / part
