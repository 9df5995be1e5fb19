"""What a `GradientProbe` has measured of one model, in memory and on disk."""

import atexit
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic, time
from typing import Any
from warnings import warn
from weakref import WeakSet

import pyarrow as pa

from vgstudy.errors import UserError
from vgstudy.probe.events import FILE_NAME, append_events, probe_events
from vgstudy.store.files import unwritable
from vgstudy.store.parquet import write_table

# a file is written again after each probe, unless that would take more than this share of the time
LARGEST_SHARE = 0.02
CHEAP = 0.1  # s, a file that is written after each probe


@dataclass(eq=False, repr=False)
class ProbeLog:
    """The rows of one model and where they are written.

    Attributes
    ----------
    name, seed
        The columns `cell` and `seed`.
    path, events
        The Parquet file and the folder of event files; None writes none.
    details
        What else is kept in the file's footer.
    structure
        A dictionary for each kernel, layer 1 first; see `kernels.Layer.description`.
    losses, tops
        Loss on the probe set, and for each kernel root mean square of the loss's derivative by the
        output of the model that its layer gives, for each measured epoch.
    first_weights, weights
        The kernels at the first and at the last probe.
    """

    name: str
    seed: int
    path: Path | None
    events: Path | None
    details: dict[str, Any]
    structure: list[dict[str, Any]] = field(default_factory=list)
    losses: dict[int, float] = field(default_factory=dict)
    tops: dict[int, list[float | None]] = field(default_factory=dict)
    tables: list[pa.Table] = field(default_factory=list)
    first_weights: list[Any] | None = None
    weights: list[Any] | None = None
    _written: int = 0
    _warned: bool = False
    _ended: float = 0.0
    _seconds: float = 0.0
    _changed: int | None = None

    def __post_init__(self) -> None:
        self._event_file = FILE_NAME.format(int(time()))
        OPEN.add(self)

    def __repr__(self) -> str:
        """Return what the log holds, without its rows."""
        epochs = f"epochs {min(self.losses)} to {max(self.losses)}" if self.losses else "empty"
        return f"<ProbeLog {self.name!r}, seed {self.seed}, {epochs}, file {self.path}>"

    @property
    def layers(self) -> list[str]:
        """The names of the kernels, layer 1 first."""
        return [str(kernel["name"]) for kernel in self.structure]

    def keys(self) -> Mapping[str, Any]:
        """Return the columns that all rows share."""
        return {"cell": self.name, "seed": self.seed}

    def table(self) -> pa.Table:
        """Return the rows measured so far."""
        # one chunk is written twice as fast as many
        return pa.concat_tables(self.tables).unify_dictionaries().combine_chunks()

    def footer(self) -> dict[str, Any]:
        """Return what the file's footer holds."""
        return {
            "made_by": "GradientProbe",
            **self.keys(),
            "layers": self.layers,
            "structure": self.structure,
            "probe_loss": self.losses,
            "output_signal": self.tops,
            **self.details,
        }

    def add(self, rows: pa.Table) -> None:
        """Add the rows of one probe and write them, to the file unless that is too slow."""
        self.tables.append(rows)
        if self.events:
            with self._keeping_rows():
                self._write_events(self.events, rows)
        if self._seconds < max(CHEAP, LARGEST_SHARE * (monotonic() - self._ended)):
            self.write()

    def write(self) -> None:
        """Write the file if rows have been added to it.

        Where another callback or program has written the same file, the log gets another name.
        """
        if self.path and self._written < len(self.tables):
            with self._keeping_rows():
                self._write_file(self.path)

    def _write_events(self, folder: Path, rows: pa.Table) -> None:
        path = folder / self.name / f"seed-{self.seed}" / self._event_file
        try:
            append_events(path, probe_events(rows.to_pylist(), self.layers, time()))
        except OSError as error:
            raise unwritable(path, error) from None

    def _write_file(self, path: Path) -> None:
        begin = monotonic()
        if self._written and _changed(path) not in (None, self._changed):
            path = self._rename(path)
        write_table("probes", self.table(), path, self.footer())
        self._written, self._ended = len(self.tables), monotonic()
        self._seconds, self._changed = self._ended - begin, _changed(path)

    @contextmanager
    def _keeping_rows(self) -> Iterator[None]:
        """Let training go on, with one warning, if a file can be written no more.

        At the first probe, before any training, the error is raised.
        """
        try:
            yield
        except UserError as error:
            if len(self.tables) == 1:
                raise
            if not self._warned:
                why = str(error).partition("; ")[0]
                warn(
                    f"GradientProbe: {why}; training goes on, and probe.table() has the rows",
                    stacklevel=4,
                )
            self._warned = True

    def _rename(self, taken: Path) -> Path:
        numbers = (taken.with_stem(f"{taken.stem}-{number}") for number in count(2))
        self.path = next(path for path in numbers if not path.exists())
        warn(
            f"GradientProbe: another callback or program writes {taken} too; this log is "
            f"{self.path}; set another log= for each",
            stacklevel=2,
        )
        return self.path


class NoLog:
    """Stands for the log of a callback that has not measured yet; any use raises `UserError`."""

    def __repr__(self) -> str:
        """Return what to do first."""
        return "GradientProbe: nothing has been measured; pass it to model.fit first"

    def __getattr__(self, name: str) -> Any:
        """Raise `UserError`."""
        raise UserError(repr(self))


def _changed(path: Path) -> int | None:
    """Return when a file was changed, in ns; None if it is gone."""
    return path.stat().st_mtime_ns if path.exists() else None


OPEN: "WeakSet[ProbeLog]" = WeakSet()


@atexit.register
def _write_open_logs() -> None:
    """Write what an interrupted training has measured."""
    for log in list(OPEN):
        log.write()
