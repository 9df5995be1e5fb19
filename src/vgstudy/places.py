"""Where the configuration is."""

from pathlib import Path

DEFAULTS = Path(__file__).parent / "defaults"


def config_folder() -> Path:
    """Return the folder `config` of where vgstudy is called, or, if there is none, the one that
    comes with the package: its studies, its claims and `config.yaml`."""
    here = Path("config")
    return here if here.is_dir() else DEFAULTS
