"""What studies and kinds of models show for a remedy, and how often verdicts are right.

Evidence comes from tables that the package keeps, see `store.records`: `diagnosis` compares
verdicts with how the runs of the default study ended, `remedies` has what made deep networks learn,
and `models` has twenty kinds of models, healthy and broken on purpose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vgstudy.formatting import percent, plural
from vgstudy.probe.rules import HEALTHY
from vgstudy.store.records import Record, read_record

Rows = Sequence[Mapping[str, Any]]  # of a validation table

# kinds of models that are not chains of dense layers
DENSE, CONVOLUTION = "dense", "convolution"
RECURRENT, ATTENTION = "recurrent", "attention"

HALF = 0.5
# the networks of the table `remedies` that are cited
LIKE_THESE: Mapping[str, Any] = {"optimizer": "SGD", "depth": 20, "width": 10}


@dataclass(frozen=True)
class Tried:
    """Where a remedy was tried.

    Attributes
    ----------
    networks
        Activation, initializer and remedy of networks in the table `remedies`.
    families
        By kind of model the number of a family in the table `models` whose healthy model differs
        by this remedy.
    """

    networks: tuple[str, str, str] | None = None
    families: Mapping[str, int] = field(default_factory=dict)


def evidence_for(tried: Tried, kind: str | None) -> str:
    """Return what is known of a remedy: of the same kind of model, else of another, which is named.

    `kind` is None for a chain of dense layers, for which the networks of studies speak first.
    """
    own = tried.families.get(kind or DENSE)
    if kind is not None and own:
        return _of_family(own)
    if tried.networks:
        return _of_networks(*tried.networks)
    if own or tried.families:
        return _of_family(own or next(iter(tried.families.values())))
    return "not tried in a study"


def helps(tried: Tried, kind: str | None) -> bool:
    """Return whether the evidence that would be cited speaks for a remedy.

    That of networks does if more of them learned with it than without, or if without any remedy
    most learned at their best rate.
    """
    own = tried.families.get(kind or DENSE) if kind else None
    if own or not tried.networks:
        return True
    *level, remedy = tried.networks
    of_setting = _by_remedy(*level)
    share = float(of_setting[remedy]["value"])
    return share > HALF if remedy == "none" else share > float(of_setting["none"]["value"])


def share_learned(tried: Tried) -> float:
    """Return the share of the study's networks that learned; 1 where no study tried a remedy."""
    if not tried.networks:
        return 1.0
    return float(_by_remedy(*tried.networks[:2])[tried.networks[2]]["value"])


def _of_networks(activation: str, initializer: str, remedy: str) -> str:
    """Return how many networks of the study of remedies learned with a remedy and without."""
    of_setting = _by_remedy(activation, initializer)
    shown = of_setting[remedy]
    text = (
        f"{_learned(shown)} of {shown['n']} networks of {shown['depth']} dense {activation} layers "
        f"of {shown['width']} units with {initializer} initialisation"
    )
    if remedy == "none":
        return f"{text} learned, at their best learning rate"
    return f"{text} learned with it, {_learned(of_setting['none'])} without, at their best rates"


def _by_remedy(activation: str, initializer: str) -> dict[str, Mapping[str, Any]]:
    """Return the rows of the table `remedies` that are cited, by remedy."""
    settings = {**LIKE_THESE, "activation": activation, "initializer": initializer}
    return {
        row["remedy"]: row
        for row in read_record("remedies").rows
        if all(row[name] == level for name, level in settings.items())
    }


def _learned(row: Mapping[str, Any]) -> int:
    return round(float(row["value"]) * int(row["n"]))


def _of_family(number: int) -> str:
    """Return how many seeds of a family are healthy with and without its fault."""
    rows = [row for row in read_record("models").rows if row["family"] == number]
    healthy = {
        fault: min(row["seeds"] - row["vgstudy"] for row in rows if row["fault"] == fault)
        for fault in {row["fault"] for row in rows}
    }
    fault = next(name for name in healthy if name)
    seeds = rows[0]["seeds"]
    return (
        f"models of the kind '{rows[0]['name']}': healthy in {healthy[None]} of {seeds} seeds, "
        f"in {healthy[fault]} with {fault}"
    )


def read_error_rates() -> Record:
    """Return the validation table `diagnosis`; its provenance has `study` and `runs`."""
    return read_record("diagnosis")


def evidence(verdict: str, epoch: int, is_plain: bool) -> str:
    """Return in words how often a verdict was right: on runs of the default study for a chain of
    dense layers, else on the kinds of models that did not choose the thresholds."""
    if is_plain:
        return _right_in_study(verdict, epoch)
    return _right_on_models(verdict, epoch)


def _right_in_study(verdict: str, epoch: int) -> str:
    record = read_error_rates()
    study, counts = record.provenance["study"], rates(record.rows, verdict, epoch)
    if not counts["given"]:
        return f"none: no network of study {study} had this verdict"
    ended = "learned" if verdict == HEALTHY else "did not learn"
    share = percent(counts["right"] / counts["given"])
    return (
        f"of {plural(counts['given'], 'small network')} on two circles (study {study}) with this "
        f"verdict at epoch {counts['epoch']}, {counts['right']:,} {ended} ({share})"
    )


def _right_on_models(verdict: str, epoch: int) -> str:
    rows = [row for row in read_record("models").rows if row["role"] == "judges"]
    is_first = epoch == 0
    now = [row for row in rows if (row["epoch"] == 0) == is_first]
    given = [row for row in now if row["verdict"] == verdict]
    right = sum((row["truth"] == HEALTHY) == (verdict == HEALTHY) for row in given)
    when = "before" if is_first else "after"
    truth = "healthy" if verdict == HEALTHY else "broken"
    return (
        f"of {len(now)} models of ten kinds, half of them broken on purpose, {len(given)} had this "
        f"verdict {when} training, {right} of which were {truth} (docs/own-model.md)"
    )


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
