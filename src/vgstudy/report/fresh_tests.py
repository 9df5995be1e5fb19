"""The default study's tests over all depths, made again on seeds nobody had looked at.

How to test was chosen after seeds 0 to 9 had been seen; the record `pooled_again` has the same
tests on seeds 10 to 29 alone.
"""

import pandas as pd

from vgstudy.analysis.depth_limit import SETTING
from vgstudy.figures.frames import Frames
from vgstudy.report.repeats import fingerprint
from vgstudy.report.table import Row
from vgstudy.store.records import read_record

FRESH = "10 to 29"


def tests_again(frames: Frames) -> pd.DataFrame:
    """Return the rows of the record, if they are of the study that is shown and none of its seeds
    are theirs; else none."""
    record = read_record("pooled_again")
    is_same = record.provenance["fingerprint"] == fingerprint(frames.study)
    if not is_same or set(frames.study["seeds"]) & set(record.provenance["seeds"]):
        return pd.DataFrame(columns=[*SETTING, "factor", "reference"])
    rows = pd.DataFrame(record.rows)
    return rows.assign(width=rows["width"].astype(int))


def key(row: Row) -> tuple[str, ...]:
    """Return what a test compares: a setting, a factor and the reference."""
    return tuple(str(row[name]) for name in (*SETTING, "factor", "reference"))
