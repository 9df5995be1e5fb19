"""What to try after a verdict, why no gradient is left, and how often verdicts are right.

A verdict is compared with how the runs of the default study ended. The counts are the validation
table `diagnosis`, which `make validate` writes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from vgstudy.formatting import percent
from vgstudy.probe.rules import HEALTHY, NO_GRADIENT, PROBE_COLUMNS, features, verdicts
from vgstudy.quantities import PROBE_SET
from vgstudy.results import Results
from vgstudy.store.records import Record, read_record
from vgstudy.store.tables import study_folder

Rows = Sequence[Mapping[str, Any]]  # of the validation table `diagnosis`
Layers = Sequence[Mapping[str, Any]]  # of a diagnosis
# a remedy, with activation and initializer of the study's networks that show what it does
Remedy = tuple[str, tuple[str, str] | None]

DEEP = 10  # hidden layers from which on settings are compared
COUNT_COLUMNS = ["epoch", "verdict", "activation", "initializer", "learned", "failed"]
RECURRENT = {"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM2D"}
OFF = {"relu", "relu6", "ReLU"}
SIGMOID = {"sigmoid", "hard_sigmoid"}
SATURATING = SIGMOID | {"tanh", "softsign", "softmax"}
OTHERWISE = "a smaller learning rate, or glorot_uniform as kernel initializer"
ALWAYS = {
    "vanishing": "skip connections or a normalisation layer after each layer",
    "exploding": "a normalisation layer after each layer, or clipnorm=1.0 in the optimizer",
    "dying ReLU": "leaky_relu, or more units: a narrow layer dies more easily",
    "saturated": "inputs scaled to mean 0 and variance 1",
    NO_GRADIENT: "inputs and targets scaled to mean 0 and variance 1",
}


def remedies(verdict: str, layers: Layers, was_healthy: bool, rows: Rows) -> list[str]:
    """Return what to try, the most promising first, at most two.

    Parameters
    ----------
    was_healthy
        Whether the first measured epoch was healthy, so that training brought the fault.
    rows
        The validation table `diagnosis`, whose shares are cited; empty for none.
    """
    if verdict not in ALWAYS:
        return []
    first: Remedy
    if verdict == NO_GRADIENT:
        first = lost_gradient(layers)[1], None
    elif was_healthy:
        first = "a smaller learning rate: training brought the fault", None
    else:
        first = _of_the_start(verdict, layers)
    return [text + _share(settings, rows) for text, settings in (first, (ALWAYS[verdict], None))]


def _of_the_start(verdict: str, layers: Layers) -> Remedy:
    hidden = {layer["activation"] for layer in layers if layer["kind"] != "output"}
    is_recurrent = any(layer["class"] in RECURRENT for layer in layers)
    if verdict == "vanishing" and is_recurrent:
        return "an LSTM with the forget gate open (unit_forget_bias=True) or a GRU", None
    if verdict == "vanishing" and hidden & SIGMOID:
        return "relu with he_normal instead of sigmoid", ("ReLU", "He")
    if hidden & SATURATING:
        return "glorot_uniform as kernel initializer", ("tanh", "Xavier")
    return "he_normal as kernel initializer", ("ReLU", "He")


def lost_gradient(layers: Layers) -> tuple[str, str]:
    """Return why no gradient reaches any layer, naming the output layer, and what to try."""
    outputs = [layer for layer in layers if layer["kind"] == "output"]
    if any(layer["zero_cause"] == "zero kernel" for layer in layers):
        return (
            "the weights of a layer are all zero, so nothing passes it",
            "a kernel initializer other than zeros, such as glorot_uniform",
        )
    if not outputs:
        return "no layer gets a gradient that could change its weights", OTHERWISE
    output = outputs[-1]
    name = f"output layer {output['name'].rpartition('/')[0] or output['name']}"
    why, remedy = _of_the_output(name, output["activation"], output["units"])
    if output["zero_cause"] == "fitted":
        why = f"the loss does not change with the output of {name}, so it has no slope there"
    return why, remedy


def _of_the_output(name: str, activation: str, units: int) -> tuple[str, str]:
    if activation == "softmax" and units == 1:
        return (
            f"a softmax over the single unit of {name} is always 1",
            "sigmoid with binary_crossentropy for the single unit",
        )
    if activation in OFF:
        return (
            f"the units of {name} are off ({activation}) on every example",
            "no activation in the output layer",
        )
    if activation in SATURATING:
        return (
            f"{name} is saturated ({activation}) on every example",
            "no activation in the output layer and a loss with from_logits=True",
        )
    return f"{name} sends nothing back", OTHERWISE


def _share(settings: tuple[str, str] | None, rows: Rows) -> str:
    """Return which share of the study's deep networks with these settings learned."""
    for row in rows:
        if (row["activation"], row["initializer"]) == settings:
            share = percent(row["learned"] / (row["learned"] + row["failed"]))
            return f" ({share} of the study's deep networks with {' and '.join(settings)} learned)"
    return ""


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
    study = Results(study_folder(results))
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


def _counts(frame: pd.DataFrame, by: list[str]) -> list[dict[str, Any]]:
    groups = frame.groupby(by, observed=True)["learned"]
    counts = groups.agg(learned="sum", runs="count").reset_index()
    counts["failed"] = counts["runs"] - counts["learned"]
    rows = counts.reindex(columns=COUNT_COLUMNS).astype(object)
    by_row = rows.where(rows.notna(), None).to_numpy().tolist()
    return [dict(zip(COUNT_COLUMNS, row, strict=True)) for row in by_row]


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
