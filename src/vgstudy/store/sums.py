"""Checksums of files that hold none themselves, pictures and pages, in a file that `sha256sum --check` reads too."""

from collections.abc import Iterable
from hashlib import file_digest
from pathlib import Path

from vgstudy.store.files import write_whole

NAME = "SHA256SUMS"


def write_sums(folder: Path, paths: Iterable[Path], keep: bool = False) -> None:
    """Write the checksums of files in a folder, or below it, into its `SHA256SUMS`.

    Parameters
    ----------
    keep
        Whether what is written there about other files stays.

    Raises
    ------
    UserError
        If it cannot be written.
    """
    sums = (_read(folder) if keep else {}) | {str(path.relative_to(folder)): _sum(path) for path in paths}
    write_whole(folder / NAME, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode())


def changed(folder: Path) -> list[Path]:
    """The files that are missing or no longer what their checksums say; `SHA256SUMS` itself if it cannot be read."""
    sums = _read(folder)
    if not sums:
        return [folder / NAME]
    return [folder / name for name, digest in sums.items() if digest != _sum(folder / name)]


def _read(folder: Path) -> dict[str, str]:
    """Checksums by name; none if they cannot be read."""
    try:
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
        return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except (OSError, ValueError):
        return {}


def _sum(path: Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
