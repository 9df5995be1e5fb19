"""Checksums of files that hold none themselves, pictures and pages, in a file that `sha256sum
--check` reads too."""

from collections.abc import Iterable
from hashlib import file_digest
from pathlib import Path

from vgstudy.errors import UserError
from vgstudy.stages import STAGES
from vgstudy.store.files import write_whole

NAME = "SHA256SUMS"


def write_sums(folder: Path, paths: Iterable[Path], stage: str, keep: bool = False) -> None:
    """Write the checksums of files in a folder, or below it, into its `SHA256SUMS`, after a comment
    that says what made them.

    Parameters
    ----------
    stage
        What made them, one of `vgstudy.stages.STAGES`.
    keep
        Whether what is written there about other files stays.

    Raises
    ------
    UserError
        If it cannot be written, or one of the files is not there: another workflow, started after a
        kill of the one that started this step, has taken it away.
    """
    own = {str(path.relative_to(folder)): _sum(path) for path in paths}
    if gone := [name for name, digest in own.items() if not digest]:
        raise UserError(
            f"{folder / gone[0]}: was taken away while {stage} was made; start again what made it"
        )
    sums = (_read(folder) if keep else {}) | own
    lines = [_comment(stage, len(sums)), *(f"{sums[name]}  {name}" for name in sorted(sums))]
    write_whole(folder / NAME, "".join(f"{line}\n" for line in lines).encode())


def wrong(folder: Path, stage: str) -> str | None:
    """The first file that is missing or no longer what its checksum says, or `SHA256SUMS` itself,
    and what is wrong with it."""
    path, sums = folder / NAME, _read(folder)
    if not path.exists():
        return f"{path} is missing"
    if not sums or _first(folder) != _comment(stage, len(sums)):
        return f"{path} is damaged or of another version"
    changed = (folder / name for name, digest in sums.items() if digest != _sum(folder / name))
    return next(
        (f"{path} is {'damaged or changed' if path.exists() else 'missing'}" for path in changed),
        None,
    )


def _comment(stage: str, count: int) -> str:
    return f"# {count} files of {stage}, version {STAGES[stage]}"


def _first(folder: Path) -> str:
    """The first line, which is there."""
    return (folder / NAME).read_text(encoding="utf-8").partition("\n")[0]


def _read(folder: Path) -> dict[str, str]:
    """Checksums by name; none if they cannot be read."""
    try:
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
        return {
            name: digest
            for digest, name in (line.split("  ", 1) for line in lines if not line.startswith("#"))
        }
    except (OSError, ValueError):
        return {}


def _sum(path: Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
