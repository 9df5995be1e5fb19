"""Score diagnosis rules: how many broken models they find, how many healthy ones they blame.

Models count, not seeds: a model has an alarm if most of its seeds have one. Intervals are Wilson's,
over models.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vgstudy.analysis.share_intervals import wilson
from vgstudy.formatting import listing
from vgstudy.probe.rules import HEALTHY, PROBE_COLUMNS, features, verdicts
from vgstudy.results import Results
from vgstudy.schema import PROBE_SET
from vgstudy.validation.published_rules import PUBLISHED, alarms

OURS = "vgstudy"
RULES = (OURS, *PUBLISHED)
PUBLISHED_COLUMNS = ("g_l2", "g_mean_abs", "g_zero_float32", "fan_in", "fan_out")
# the share of learned seeds up to which a cell is broken, and from which on it is healthy
BROKEN, WORKING = 0.3, 0.7
LEARNED = "learned"
START, TENTH, END, EITHER = "start", "tenth", "end", "start or end"


def family_scores(models: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield scores on the families at the start, at the end and at either, for each half.

    `models` are rows of the validation table `models`.
    """
    frame = pd.DataFrame(list(models))
    frame["broken"] = frame["truth"] != HEALTHY
    flagged = frame[list(RULES)].gt(frame["seeds"] / 2, axis=0)
    frame = frame[["family", "role", "epoch", "broken"]].join(flagged)
    for role, half in frame.groupby("role"):
        either = half.groupby(["family", "broken"], as_index=False)[list(RULES)].any()
        start, end = half[half["epoch"] == 0], half[half["epoch"] > 0]
        for when, rows in ((START, start), (END, end), (EITHER, either)):
            yield from _scores(rows, f"ten families, {role}", when)


def cell_scores(studies: Mapping[str, Results]) -> Iterator[dict[str, Any]]:
    """Yield scores on the cells of studies at the start, after a tenth of training, at the end.

    A cell of which most seeds failed is broken, one of which most learned is healthy; those between
    are left out.
    """
    cells = pd.concat([_decided_cells(study) for study in studies.values()], ignore_index=True)
    for when in (START, TENTH, END):
        yield from _scores(cells[cells["when"] == when], f"cells of {listing(studies)}", when)


def _decided_cells(study: Results) -> pd.DataFrame:
    """Return for each cell and time whether it is broken and each rule raises an alarm."""
    learned = study.outcomes.assign(learned=study.outcomes["status"].astype(str) == LEARNED)
    share = learned.groupby("cell", observed=True)["learned"].mean()
    rows = _probes(study)
    alarm = alarms(rows).assign(**{OURS: verdicts(features(rows)) != HEALTHY})
    cells = (alarm.groupby(["cell", "epoch"], observed=True).mean() > 0.5).reset_index()
    epochs = np.sort(cells["epoch"].unique())
    times = {START: 0, TENTH: epochs[epochs >= epochs[-1] / 10][0], END: epochs[-1]}
    names = {epoch: when for when, epoch in times.items()}
    cells = cells.assign(share=cells["cell"].map(share), when=cells["epoch"].map(names))
    decided = cells[(cells["share"] <= BROKEN) | (cells["share"] >= WORKING)]
    return decided.assign(broken=decided["share"] <= BROKEN)


def _probes(study: Results) -> pd.DataFrame:
    """Return the rows of probes that rules need, with Keras' names of the activations."""
    columns = [*PROBE_COLUMNS, *(name for name in PUBLISHED_COLUMNS if name not in PROBE_COLUMNS)]
    rows: pd.DataFrame = study.read("probes", columns, examples=PROBE_SET)
    hidden = rows["kind"].astype(str) != "output"
    return rows.assign(activation=rows["activation"].astype(str).str.lower().where(hidden, ""))


def _scores(rows: pd.DataFrame, models: str, when: str) -> Iterator[dict[str, Any]]:
    """Yield the score of each rule."""
    broken, healthy = rows[rows["broken"]], rows[~rows["broken"]]
    for rule in RULES:
        yield {
            "rule": rule,
            "models": models,
            "when": when,
            **_share("broken", "found", broken[rule]),
            **_share("healthy", "blamed", healthy[rule]),
        }


def _share(kind: str, name: str, flags: "pd.Series[bool]") -> dict[str, Any]:
    count, total = int(flags.sum()), len(flags)
    share = wilson(count, total)
    ends = {f"{name}_{end}": float(getattr(share, end)) for end in ("low", "high")}
    return {kind: total, name: count, **ends}


def count_verdicts(folder: Path) -> list[dict[str, Any]]:
    """Apply the rules to every run of a study and count how the runs ended.

    Returns
    -------
    For each probe epoch and verdict, how many runs with it learned and how many failed (`learned`,
    `failed`).

    Raises
    ------
    UserError
        If the study is not finished.
    """
    study = Results(folder)
    ended = study.outcomes.assign(learned=study.outcomes["status"].astype(str) == LEARNED)
    probes = study.read("probes", PROBE_COLUMNS, examples=PROBE_SET)
    judged = verdicts(features(probes)).reset_index()
    judged = judged.merge(ended[["cell", "seed", "learned"]], on=["cell", "seed"])
    groups = judged.groupby(["epoch", "verdict"], observed=True)["learned"]
    counts = groups.agg(learned="sum", runs="count").reset_index()
    counts["failed"] = counts.pop("runs") - counts["learned"]
    return [{str(name): value for name, value in row.items()} for row in counts.to_dict("records")]
