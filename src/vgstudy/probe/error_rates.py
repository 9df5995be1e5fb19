"""How often the rules of a diagnosis err, counted on the runs of a study.

The verdict of each run at each probe epoch is compared with how the run ended. The counts are the
validation table `diagnosis`, which `make validate` writes from the default study's results.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vgstudy.probe.rules import HEALTHY, PROBE_COLUMNS, features, verdicts
from vgstudy.quantities import PROBE_SET
from vgstudy.results import load
from vgstudy.store.records import Record, read_record

Rows = Sequence[Mapping[str, Any]]  # of the validation table `diagnosis`

DEEP = 10  # hidden layers from which on settings are compared


def count_verdicts(results: Path) -> list[dict[str, Any]]:
    """Apply the rules to every run of a study and count how the runs ended.

    Returns
    -------
    For each probe epoch and verdict, how many runs with it learned and how many failed (`learned`,
    `failed`); then the same for each activation and initializer of the runs of `DEEP` hidden layers
    or more. Fields that do not apply are None.

    Raises
    ------
    UserError
        If the study is not finished.
    """
    study = load(results)
    ended = study.outcomes[["cell", "seed", "status", "depth", "activation", "initializer"]]
    ended = ended.assign(learned=ended["status"].astype(str) == "learned")
    probes = study.read("probes", PROBE_COLUMNS, examples=PROBE_SET)
    joined = verdicts(features(probes)).reset_index()
    joined = joined.merge(ended[["cell", "seed", "learned"]], on=["cell", "seed"])
    deep = ended[ended["depth"] >= DEEP]
    return [
        *_counts(joined, ["epoch", "verdict"]),
        *_counts(deep, ["activation", "initializer"]),
    ]


def _counts(frame: Any, by: list[str]) -> list[dict[str, Any]]:
    groups = frame.groupby(by, observed=True)["learned"]
    counts = groups.agg(learned="sum", runs="count").reset_index()
    empty = dict.fromkeys(("epoch", "verdict", "activation", "initializer"))
    return [
        {
            **empty,
            **{name: getattr(row, name) for name in by},
            "learned": int(row.learned),
            "failed": int(row.runs - row.learned),
        }
        for row in counts.itertuples()
    ]


def read_error_rates() -> Record:
    """Return the validation table `diagnosis`; its provenance has `study` and `runs`."""
    return read_record("diagnosis")


def rates(rows: Rows, verdict: str, epoch: int) -> dict[str, int]:
    """Return how often a verdict was right at the study's last probe epoch up to `epoch`.

    A verdict is right if the run ended as it says: healthy runs learned, others did not. `right` of
    the `given` runs with this verdict were.
    """
    counted = [row for row in rows if row["verdict"] is not None]
    at = max((row["epoch"] for row in counted if row["epoch"] <= epoch), default=0)
    runs = [row for row in counted if (row["epoch"], row["verdict"]) == (at, verdict)]
    ending = "learned" if verdict == HEALTHY else "failed"
    return {
        "epoch": at,
        "right": sum(row[ending] for row in runs),
        "given": sum(row["learned"] + row["failed"] for row in runs),
    }
