"""Quantities and comparisons in words, for tables and pages."""

from vgstudy.cells import PROBE_SET
from vgstudy.claims.statements import Levels, Measure, Network, Statement
from vgstudy.formatting import number
from vgstudy.schema import FACTORS

LEARNED, NOT_LEARNED = "whether a seed learned", "does not learn"
COLUMNS = {
    "train_loss": "training loss of the epoch",
    "train_accuracy": "training accuracy of the epoch",
    "test_loss": "loss on the test rows",
    "test_accuracy": "accuracy on the test rows",
    "probe_loss": "loss on the training rows",
    "probe_accuracy": "accuracy on the training rows",
    "learned": LEARNED,
    "g_rms": "RMS gradient entry",
    "g_mean_abs": "mean absolute gradient entry",
    "g_mean": "mean gradient entry",
    "g_mean_size": "size of the mean gradient entry",
    "g_sd": "standard deviation of the gradient's entries",
    "delta_rms": "RMS backpropagated signal",
    "w_mean": "mean weight",
    "w_sd": "standard deviation of the weights",
    "w_l1": "sum of absolute weights",
    "w_l1_change": "L1 change of the weights",
    "weight_gain": "factor sqrt(fan_out E[w²]) by which the weights alone multiply the backpropagated signal",
    "d_g": "decay factor of the gradient",
    "d_delta": "decay factor of the backpropagated signal",
}
_LAYERS = {
    None: "",
    "first": "layer 1",
    "middle": "the middle layer",
    "last hidden": "the last hidden layer",
    "output": "the output layer",
    "largest hidden": "the hidden layer where it is largest",
    "largest": "the layer where it is largest",
    "smallest": "the layer where it is smallest",
    "rising": "share of neighbouring layers in which it is larger nearer the output",
    "each": "every layer",
}
_SUMMARIES = {
    "mean": "mean over {}",
    "median": "median over {}",
    "sd": "standard deviation over {}",
    "smallest": "smallest over {}",
    "largest": "largest over {}",
    "change": "change over {}",
    "gain": "change per epoch over {}",
    "pace": "mean absolute change per epoch over {}",
}


def quantity(measure: Measure) -> str:
    """A measure in words."""
    layer = f"layer {measure.layer}" if isinstance(measure.layer, int) else _LAYERS[measure.layer]
    examples = "" if measure.examples == PROBE_SET else measure.examples
    parts = (
        COLUMNS.get(measure.column, measure.column.replace("_", " ")),
        layer,
        examples,
        _when(measure),
    )
    text = ", ".join(part for part in parts if part)
    return f"{text}; over: {quantity(measure.over)}" if measure.over else text


def _when(measure: Measure) -> str:
    if measure.column == "learned":
        return ""
    if isinstance(measure.epochs, tuple):
        return _SUMMARIES[measure.summary].format(
            f"epochs {measure.epochs[0]} to {measure.epochs[1]}"
        )
    if measure.epochs == "all":
        return _SUMMARIES[measure.summary].format("all logged epochs")
    named = {"first": "first logged epoch", "last": "last epoch"}
    return named.get(str(measure.epochs), f"epoch {measure.epochs}")


def comparison(statement: Statement) -> str:
    """What a statement compares its quantity with, in words."""
    if statement.equals is not None:
        told = " to ".join(
            map(
                number,
                statement.equals if isinstance(statement.equals, tuple) else (statement.equals,),
            )
        )
        return told if statement.within is None else f"{told}{nearness_words(statement)}"
    bound = statement.bound
    if not bound:
        return "nothing reported"
    asked = "nothing claimed; asked: " if statement.open else ""
    if bound.number is not None and statement.measure.column == "learned":
        return f"{asked}{'learns' if statement.above else NOT_LEARNED}"
    if bound.number is not None:
        return f"{asked}{statement.comparator} {bound.number:g}"
    against = (
        _other_quantity(bound.measure, statement.measure)
        if bound.measure
        else network(bound.arm or {})
    )
    against = f"{statement.times:g} times {against}" if statement.times != 1 else against
    if statement.near:
        return f"differs by less than {statement.by:g} from {against}"
    return f"{asked}{statement.comparator} {against}{f' by more than {statement.by:g}' if statement.by else ''}"


def _other_quantity(other: Measure, own: Measure) -> str:
    """Another measure of the same run, in words; only when or in which layer, where it differs in
    that alone."""
    if other.model_copy(update={"epochs": own.epochs, "summary": own.summary}) == own:
        return f"its {_when(other)}"
    if other.model_copy(update={"layer": own.layer, "over": own.over}) == own:
        return f"the same of {f'layer {other.layer}' if isinstance(other.layer, int) else _LAYERS[other.layer]}"
    return f"its {quantity(other)}"


def nearness_words(statement: Statement) -> str:
    """How near to a reported number counts as the same, in words."""
    if statement.within is None:
        return " (inside the range)"
    factor = statement.measure.scale == "log"
    return (
        f" (within a factor of {statement.within:g})"
        if factor
        else f" (within {statement.within:g})"
    )


def network(named: Network) -> str:
    """An arm's name, or levels in words."""
    return named if isinstance(named, str) else _levels(named)


def _levels(levels: Levels) -> str:
    texts = []
    for name in (name for name in FACTORS if name in levels):
        own = levels[name]
        shown = " or ".join(map(str, own)) if isinstance(own, list) else str(own)
        texts.append({"depth": f"depth {shown}", "width": f"{shown} wide"}.get(name, shown))
    return ", ".join(texts)
