"""Where the configuration is: studies, claims and `config.yaml`."""

from pathlib import Path

DEFAULTS = Path(__file__).parent / "defaults"


def config_path(part: str) -> Path:
    """Return a part of the folder `config` of where vgstudy is called; what is not there comes with
    the package."""
    here = Path("config", part)
    return here if here.exists() else DEFAULTS / part
