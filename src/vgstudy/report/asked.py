"""A study's design in sentences."""

from collections.abc import Callable, Iterator, Mapping
from math import prod
from types import MappingProxyType
from typing import Any

from vgstudy.cells import Circles
from vgstudy.wording import MINUS, listing, number, plural, spans

Study = Mapping[str, Any]


def asked(study: Study) -> Iterator[str]:
    """What was varied, on what task, how it was trained and measured, and what was compared, a sentence or two each."""
    yield in_short(study)
    yield from filter(None, [levels_sentence(study)])
    yield task_sentence(study["task"])
    yield training_sentence(study)
    yield learned_sentence(study)
    yield contrast_sentence(study)


def in_short(study: Study) -> str:
    """Factors, level names, cells and runs in one sentence."""
    factors, seeds = study["factors"], len(study["seeds"])
    cells = prod(len(levels) for levels in factors.values())
    levels = "; ".join(f"{factor} {name_words(levels)}" for factor, levels in factors.items())
    runs = f"{plural(cells, 'cell')} × {plural(seeds, 'seed')} = {plural(cells * seeds, 'run')}"
    return f"Every combination of {levels}: {runs}."


def name_words(levels: Any) -> str:
    """The levels of a factor by name, or whole numbers."""
    return listing(levels) if isinstance(levels, Mapping) else spans(levels)


def levels_sentence(study: Study) -> str:
    """The Keras objects behind the level names that do not say so themselves."""
    named = [item for levels in study["factors"].values() if isinstance(levels, Mapping) for item in levels.items()]
    told = [f"{name} is {words}" for name, level in named if (words := keras_words(level)).lower() != name.lower()]
    return f"In Keras' words: {'; '.join(told)}." if told else ""


def keras_words(level: Mapping[str, Any]) -> str:
    """A Keras object as it would be called."""
    arguments = ", ".join(f"{name}={value}" for name, value in level["config"].items())
    return f"{level['class_name']}({arguments})" if arguments else str(level["class_name"])


def task_sentence(task: Mapping[str, Any]) -> str:
    """The data."""
    return TASKS[task["name"]](task)


def circles(task: Mapping[str, Any]) -> str:
    """Tutorial A's data; a setting that the study leaves at its default may be missing."""
    full = Circles.model_validate(task)
    scale = f", each input scaled to [{full.scale[0]:g}, {full.scale[1]:g}]".replace("-", MINUS) if full.scale else ""
    return (
        f"Task: tell two noisy concentric circles apart (scikit-learn's make_circles: {full.samples:,} points, "
        f"noise {full.noise:g}, radii 1 and {full.factor:g}{scale}). The first {full.train:,} points train, the other "
        f"{full.samples - full.train:,} test."
    )


TASKS: Mapping[str, Callable[[Mapping[str, Any]], str]] = MappingProxyType({"circles": circles})


def training_sentence(study: Study) -> str:
    """Epochs, batches, what a seed varies, when runs are probed and tested."""
    training, log = study["training"], study["log"]
    return (
        f"Each run trains for {plural(training['epochs'], 'epoch')} on mini-batches of {training['batch_size']}. A seed draws "
        "the kernels, the order of the batches and the data anew; cells share no random stream. All layers are probed on all "
        f"training rows, in float64, at epochs {listing(map(str, log['probe_epochs']))}; accuracy on the test rows is taken "
        f"every {plural(log['test_every'], 'epoch')} and at the end."
    )


def learned_sentence(study: Study) -> str:
    """What counts as having learned."""
    return f"A run has learned if its accuracy on the test rows ends above {number(study['outcome']['learned_above'], 2)}."


def contrast_sentence(study: Study) -> str:
    """The contrasts declared before looking."""
    declared = listing(f"every {contrast['factor']} against {contrast['reference']}" for contrast in study["contrasts"])
    return (
        f"Contrasts declared in the study file: {declared}."
        if declared
        else "The study file declares no contrast: every comparison is exploratory."
    )
