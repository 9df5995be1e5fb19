"""Choose what to try after a verdict."""

from collections.abc import Iterator

from vgstudy.probe.described import RECTIFYING, SATURATING, SIGMOID, Model
from vgstudy.probe.evidence import (
    ATTENTION,
    CONVOLUTION,
    DENSE,
    RECURRENT,
    Tried,
    evidence_for,
    helps,
    share_learned,
)
from vgstudy.probe.reasons import lost_gradient
from vgstudy.probe.remedy import (
    BLOCKS,
    CLIPPED,
    FORGET_GATES,
    GATED,
    GLOROT,
    HE,
    LARGER,
    LEAKY,
    NOT_SIGMOID,
    SCALED,
    SELU,
    SLOWER,
    SMALLER,
    UNBIASED,
    UPDATE_GATES,
    Remedy,
)
from vgstudy.probe.rules import HEALTHY, NO_GRADIENT


def remedies(verdict: str, model: Model) -> list[str]:
    """Return what to try with its evidence, the most promising first, at most two."""
    if verdict == HEALTHY:
        return []
    if verdict == NO_GRADIENT:
        candidates = [lost_gradient(model.layers)[1]]
    else:
        late = [SLOWER] if model.was_healthy else []
        candidates = [*late, *_of_verdict(verdict, model)]
    kind = None if model.is_plain else model.kind
    # a stable sort, and only of those that studies tried
    candidates = [each for each in candidates if helps(each.tried, kind)]
    if model.is_plain:
        candidates.sort(key=lambda each: share_learned(each.tried), reverse=True)
    some = candidates[:2] or [another_rate(model)]
    return [f"{each.text} ({evidence_for(each.tried, kind)})" for each in some]


def _of_verdict(verdict: str, model: Model) -> Iterator[Remedy]:
    """Yield remedies for a fault, without what the model has already."""
    if verdict == "dying ReLU":
        if any(layer["first_bias"] < 0 for layer in model.layers):
            yield UNBIASED
        yield from (LEAKY, SELU)
    elif verdict == "saturated":
        yield from _initializers(model)
        if not model.was_healthy:
            yield SCALED
    elif model.kind == RECURRENT:
        yield from _for_time_series(verdict, model)
    else:
        yield from _for_layers(verdict, model)
    yield from _normalisations(model)
    if model.is_plain and not model.was_healthy:
        yield another_rate(model)


def _for_layers(verdict: str, model: Model) -> Iterator[Remedy]:
    if verdict == "vanishing" and model.activations & SIGMOID:
        yield NOT_SIGMOID
        return
    yield from _initializers(model)
    if verdict == "exploding":
        yield Remedy(CLIPPED, Tried((*_level(model), "clipping")))
    elif not model.merges and model.kind != ATTENTION:
        text = "a skip connection around every two layers"
        yield Remedy(text, Tried((*_level(model), "skip")))


def _initializers(model: Model) -> Iterator[Remedy]:
    """Yield the initializer that suits the activation.

    None where the weights have that size already, or had served the model well at first.
    """
    if model.was_healthy:
        return
    is_he = model.is_initialised_as(2, of_inputs=True)
    is_glorot = model.is_initialised_as(1, of_inputs=False)
    if model.activations & RECTIFYING and model.kind != ATTENTION:
        yield from [] if is_he else [HE]
    elif not (is_glorot or (is_he and not model.activations & SATURATING)):
        yield GLOROT


def _for_time_series(verdict: str, model: Model) -> Iterator[Remedy]:
    if not (model.was_healthy or model.is_initialised_as(1, of_inputs=False)):
        yield LARGER if verdict == "vanishing" else SMALLER
    if verdict == "exploding":
        yield Remedy(CLIPPED)
        return
    biases = {layer["class"]: layer["first_bias"] for layer in model.layers}
    if biases.get("LSTM", 0) < 0:
        yield FORGET_GATES
    if biases.get("GRU", 0) > 0:
        yield UPDATE_GATES
    if "SimpleRNN" in biases:
        yield GATED


def another_rate(model: Model) -> Remedy:
    """Return that a network of this activation learns without any remedy, if that is so."""
    text = "another learning rate, from .1 to 10 times this one"
    return Remedy(text, Tried((*_level(model), "none")))


def _normalisations(model: Model) -> Iterator[Remedy]:
    """Yield normalisation as it served networks of the same kind and activation."""
    if model.kind == ATTENTION and not (model.is_normalised and model.merges):
        yield BLOCKS
    if model.is_normalised or model.kind == ATTENTION:
        return
    text = "a normalisation layer after each layer"
    if model.activations & SIGMOID:
        tried = Tried(("sigmoid", "Xavier", "batch norm after"), {CONVOLUTION: 6, DENSE: 3})
        yield Remedy(f"{text}'s activation", tried)
    else:
        yield Remedy(text, Tried((*_level(model), "batch norm"), {CONVOLUTION: 7, DENSE: 3}))


def _level(model: Model) -> tuple[str, str]:
    """Return activation and initializer of the study's networks that are most like a model."""
    if model.activations & SIGMOID:
        return "sigmoid", "Xavier"
    return ("tanh", "Xavier") if model.activations & SATURATING else ("ReLU", "He")
