"""How often each rule errs: its verdicts on the runs of a study against how those runs ended."""

import json
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from vgstudy.cells import PROBE_SET
from vgstudy.errors import UserError
from vgstudy.probe.rules import HEALTHY, RULES, features, verdicts
from vgstudy.results import load
from vgstudy.store.files import write_whole
from vgstudy.store.parquet import read_footer

COLUMNS = [
    "epoch",
    "layer",
    "delta_rms",
    "g_rms",
    "h_dead",
    "h_saturated",
    "zero_cause",
    "zero_cause_float32",
]
DEEP = 10  # hidden layers from which on settings are compared
BUNDLED = files("vgstudy.probe") / "evidence.json"


def measure(results: Path) -> dict[str, Any]:
    """Score the rules on every run of a study.

    Returns
    -------
    `epochs`: for each probe epoch and verdict the numbers of runs with it that learned and that did
    not. `settings`: for each activation and initializer the runs of `deep` hidden layers or more
    and how many of them learned. `study`, `runs` and the `provenance` of the study's outcomes tell
    what was scored.

    Raises
    ------
    UserError
        If the study is not finished.
    """
    study = load(results)
    ended = study.outcomes[["cell", "seed", "status", "depth", "activation", "initializer"]]
    ended = ended.assign(learned=ended["status"].astype(str) == "learned")
    found = verdicts(features(study.read("probes", COLUMNS, examples=PROBE_SET))).reset_index()
    joined = found.merge(ended[["cell", "seed", "learned"]], on=["cell", "seed"])
    counts = Counter(zip(joined["epoch"], joined["verdict"], joined["learned"], strict=True))
    deep = ended[ended["depth"] >= DEEP].groupby(["activation", "initializer"], observed=True)
    settings = deep["learned"].agg(learned="sum", runs="count").reset_index()
    return {
        "study": study.study["name"],
        "runs": len(ended),
        "epochs": {
            str(epoch): {
                verdict: {
                    "learned": counts[epoch, verdict, True],
                    "failed": counts[epoch, verdict, False],
                }
                for verdict in (*RULES, HEALTHY)
            }
            for epoch in sorted(set(joined["epoch"]))
        },
        "deep": DEEP,
        "settings": json.loads(settings.to_json(orient="records")),
        "provenance": read_footer(study.folder / "outcomes.parquet")["provenance"],
    }


def write_evidence(results: Path, path: Path) -> dict[str, Any]:
    """Write what `measure` gives as JSON, over nothing but earlier evidence; returns it.

    Raises
    ------
    UserError
        If the study is not finished, or the path is something else's.
    """
    if path.exists() and not _is_evidence(_read(path)):
        raise UserError(
            f"{path} is there and holds no evidence: it is left as it is; name another file to write"
        )
    found = measure(results)
    write_whole(path, (json.dumps(found, indent=1) + "\n").encode())
    return found


def read_evidence(source: Path | None) -> dict[str, Any]:
    """The evidence of a results folder, of a file that `write_evidence` wrote, or, of None, the one
    that comes with vgstudy.

    Raises
    ------
    UserError
        If the file is missing or holds something else.
    """
    if source is not None and source.is_dir():
        return measure(source)
    found: dict[str, Any] = _read(source or BUNDLED)
    if not _is_evidence(found):
        raise UserError(
            f"{source} holds no evidence; name a study's results, or a file written by `vgstudy evidence`"
        )
    return found


def _read(source: Path | Traversable) -> Any:
    """What a JSON file holds; None if it is none."""
    try:
        return json.loads(source.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _is_evidence(found: Any) -> bool:
    return (
        isinstance(found, dict) and {"study", "runs", "epochs", "deep", "settings"} <= found.keys()
    )


def best_settings(evidence: Mapping[str, Any], count: int = 3) -> list[dict[str, Any]]:
    """The activations and initializers whose deep nets learned most often."""
    found: list[dict[str, Any]] = evidence["settings"]
    return sorted(found, key=lambda each: each["learned"] / each["runs"], reverse=True)[:count]


def rates(evidence: Mapping[str, Any], verdict: str, epoch: int) -> dict[str, Any]:
    """What the evidence says of a verdict at the study's last probe epoch that is not later than
    `epoch`.

    `right`: runs with this verdict that ended as it says (healthy: learned, else not) of `given`
    runs with it; `missed`: of `ended` runs that ended so, those without it.
    """
    at = max((int(e) for e in evidence["epochs"] if int(e) <= epoch), default=0)
    counts = evidence["epochs"][str(at)]
    wanted = "learned" if verdict == HEALTHY else "failed"
    own, ended = counts[verdict], sum(each[wanted] for each in counts.values())
    return {
        "epoch": at,
        "right": own[wanted],
        "given": sum(own.values()),
        "missed": ended - own[wanted],
        "ended": ended,
    }
