"""What to try after a verdict, why no gradient is left, and how often verdicts are right.

Evidence comes from tables that the package keeps, see `store.records`: `diagnosis` compares
verdicts with how the runs of the default study ended, `remedies` has what made deep networks learn,
and `models` has twenty kinds of models, healthy and broken on purpose.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from vgstudy.formatting import percent, plural
from vgstudy.probe.rules import FLAT_OUTPUT, HEALTHY, NO_GRADIENT
from vgstudy.store.records import Record, read_record

Rows = Sequence[Mapping[str, Any]]  # of a validation table
Layers = Sequence[Mapping[str, Any]]  # of a diagnosis

RECURRENT = {"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM2D"}
OFF = {"relu", "relu6", "ReLU"}
SIGMOID = {"sigmoid", "hard_sigmoid"}
SATURATING = SIGMOID | {"tanh", "softsign", "softmax"}
LARGE = 0.9  # share of flat units in the first layer from which on inputs are to blame


class Remedy(NamedTuple):
    """What to try, and what shows it.

    Attributes
    ----------
    networks
        Activation, initializer and remedy of networks in the table `remedies`.
    family
        The number of a family in the table `models`, whose healthy model differs by this remedy.
    """

    text: str
    networks: tuple[str, str, str] | None = None
    family: int | None = None


GATES = Remedy("an LSTM with the forget gate open (unit_forget_bias=True) or a GRU", family=12)
NOT_SIGMOID = Remedy("relu with he_normal instead of sigmoid", ("ReLU", "He", "none"), 1)
HE = Remedy("he_normal as kernel initializer", ("ReLU", "He", "none"), 5)
GLOROT = Remedy("glorot_uniform as kernel initializer", ("tanh", "Xavier", "none"), 16)
SELU = Remedy("selu with lecun_normal as kernel initializer", ("SELU", "LeCun", "none"))
SCALED = Remedy(
    "inputs scaled to mean 0 and variance 1, such as by a Normalization layer", family=2
)
ORDINARY = Remedy("weights of ordinary size: the layer's default initializer", family=13)
SLOWER = Remedy("a smaller learning rate: training brought the fault", family=15)
UNBIASED = Remedy("biases that start at 0", family=20)
ONE_UNIT = Remedy("sigmoid with binary_crossentropy for the single unit", family=18)
NO_RELU = Remedy("no activation in the output layer", family=4)
LOGITS = Remedy("no activation in the output layer and a loss with from_logits=True")
NOT_ZERO = Remedy("a kernel initializer other than zeros, such as glorot_uniform")


def remedies(verdict: str, layers: Layers, was_healthy: bool, is_plain: bool) -> list[str]:
    """Return what to try with its evidence, the most promising first, at most two.

    Parameters
    ----------
    was_healthy
        Whether the first measured epoch was healthy, so that training brought the fault.
    is_plain
        Whether the model is a chain of dense layers, for which the networks of studies speak.
    """
    if verdict == HEALTHY:
        return []
    found = [lost_gradient(layers)[1]] if verdict == NO_GRADIENT else _of_verdict(verdict, layers)
    if was_healthy and verdict != NO_GRADIENT:
        found = [SLOWER, *found]
    return [f"{each.text} ({_evidence(each, is_plain)})" for each in found[:2]]


def _of_verdict(verdict: str, layers: Layers) -> list[Remedy]:
    """Return remedies for a fault that the model has from the start."""
    hidden = {layer["activation"] for layer in layers if layer["kind"] != "output"}
    is_recurrent = any(layer["class"] in RECURRENT for layer in layers)
    initializer = GLOROT if hidden & SATURATING else HE
    if verdict == "dying ReLU":
        return [UNBIASED, SELU]
    if verdict == "saturated":
        is_flat = (layers[0]["h_saturated"] or 0) > LARGE
        return [SCALED, initializer] if is_flat else [initializer, SCALED]
    if is_recurrent:
        return [GATES, ORDINARY] if verdict == "vanishing" else [ORDINARY, SLOWER]
    if verdict == "exploding":
        return [initializer, _normalisation(hidden)]
    return [NOT_SIGMOID if hidden & SIGMOID else initializer, _normalisation(hidden)]


def _normalisation(hidden: set[str]) -> Remedy:
    """Return normalisation as it served networks of the same activation."""
    text = "a normalisation layer after each layer"
    if hidden & SIGMOID:
        networks = ("sigmoid", "Xavier", "batch norm after")
        return Remedy(f"{text}'s activation", networks, 6)
    level = ("tanh", "Xavier") if hidden & SATURATING else ("ReLU", "He")
    return Remedy(text, (*level, "batch norm"), 7)


def lost_gradient(layers: Layers) -> tuple[str, Remedy]:
    """Return why no gradient reaches any layer, naming the output layer, and what to try."""
    outputs = [layer for layer in layers if layer["kind"] == "output"]
    if any(layer["zero_cause"] == "zero kernel" for layer in layers):
        return "the weights of a layer are all zero, so nothing passes it", NOT_ZERO
    if not outputs:
        return "no layer gets a gradient that could change its weights", GLOROT
    output = outputs[-1]
    name = f"output layer {output['name'].rpartition('/')[0] or output['name']}"
    if (output["delta_rms"] or 0) > FLAT_OUTPUT:
        return f"{name} sends a signal back, but what reaches it is too small", SCALED
    why, remedy = _of_the_output(name, output["activation"], output["units"])
    if output["zero_cause"] == "fitted":
        why = f"the loss does not change with the output of {name}, so it has no slope there"
    return why, remedy


def _of_the_output(name: str, activation: str, units: int) -> tuple[str, Remedy]:
    if activation == "softmax" and units == 1:
        return f"a softmax over the single unit of {name} is always 1", ONE_UNIT
    if activation in OFF:
        return f"the units of {name} are off ({activation}) on every example", NO_RELU
    if activation in SATURATING:
        return f"{name} is saturated ({activation}) on every example", LOGITS
    return f"{name} sends nothing back", GLOROT


def _evidence(remedy: Remedy, is_plain: bool) -> str:
    """Return what a study or a pair of models says for a remedy, or that none tried it."""
    if remedy.networks and (is_plain or not remedy.family):
        return _of_networks(*remedy.networks)
    if remedy.family:
        return _of_family(remedy.family)
    return "not tried in a study: it takes away the cause"


def _of_networks(activation: str, initializer: str, remedy: str) -> str:
    """Return how many networks of the study of remedies learned with a remedy and without."""
    settings = {"activation": activation, "initializer": initializer, "optimizer": "SGD"}
    of_setting = {
        row["remedy"]: row
        for row in read_record("remedies").rows
        if all(row[name] == level for name, level in settings.items())
    }
    shown = of_setting[remedy]
    text = (
        f"{_learned(shown)} of {shown['n']} networks of {shown['depth']} {activation} layers with "
        f"{initializer} initialisation"
    )
    if remedy == "none":
        return f"{text} learned, at their best learning rate"
    return f"{text} learned with it, {_learned(of_setting['none'])} without, at their best rates"


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
        f"kind of model '{rows[0]['name']}': healthy in {healthy[None]} of {seeds} seeds, "
        f"with {fault} in {healthy[fault]}"
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
        return f"none: no run of study {study} had this verdict"
    ended = "learned" if verdict == HEALTHY else "did not learn"
    share = percent(counts["right"] / counts["given"])
    return (
        f"of {plural(counts['given'], 'run')} of study {study} with this verdict at epoch "
        f"{counts['epoch']}, {counts['right']:,} {ended} ({share})"
    )


def _right_on_models(verdict: str, epoch: int) -> str:
    rows = [row for row in read_record("models").rows if row["role"] == "judges"]
    is_first = epoch == 0
    now = [row for row in rows if (row["epoch"] == 0) == is_first]
    given = [row for row in now if row["verdict"] == verdict]
    right = sum((row["truth"] == HEALTHY) == (verdict == HEALTHY) for row in given)
    when = "before" if is_first else "after"
    truth = "are healthy" if verdict == HEALTHY else "were broken on purpose"
    return (
        f"of {plural(len(now), 'model')} of other kinds than plain chains, {len(given)} had this "
        f"verdict {when} training; {right} of them {truth} (docs/own-model.md)"
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
