"""The analysis of a job: its probes in, its decay factors out. Imports little, because there are
many jobs."""

from pathlib import Path

from vgstudy.analysis.decay import PROBE_COLUMNS, decay_rows
from vgstudy.store.parquet import read_table, write_table


def write_decays(probes: Path) -> None:
    """Read a job's `probes/JOB.parquet` and write its `decays/JOB.parquet` beside that folder, with
    the job in its footer.

    Raises
    ------
    UserError
        If the file is missing, truncated or of another version.
    """
    rows = decay_rows(read_table("probes", probes, PROBE_COLUMNS))
    write_table("decays", rows, probes.parent.parent / "decays" / probes.name, {"job": probes.stem})
