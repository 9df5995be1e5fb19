"""A study's design in sentences."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from vgstudy.cells import PROBE_SET
from vgstudy.config import study as studies
from vgstudy.config.keras_names import REGISTRY
from vgstudy.config.log import Log
from vgstudy.formatting import listing, number, plural, ranges
from vgstudy.tasks import read_task

Study = Mapping[str, Any]


def asked(study: Study) -> Iterator[str]:
    """What was varied, on what task, how it was trained and measured, and what was compared, a
    sentence or two each."""
    yield in_short(study)
    yield from filter(None, [levels_sentence(study)])
    yield task_sentence(study["task"])
    yield training_sentence(study)
    yield learned_sentence(study)
    yield contrast_sentence(study)


def in_short(study: Study) -> str:
    """Factors, level names, cells and runs in one sentence."""
    factors, seeds = study["factors"], len(study["seeds"])
    cells = studies.Study.model_validate({**study, "path": ""}).n_cells
    runs = f"{plural(cells, 'cell')} × {plural(seeds, 'seed')} = {plural(cells * seeds, 'run')}"
    if study.get("arms"):
        return f"{'; '.join(f'{name}: {arm_words(arm)}' for name, arm in study['arms'].items())}: {runs}."
    levels = "; ".join(f"{factor} {name_words(levels)}" for factor, levels in factors.items())
    return f"Every combination of {levels}: {runs}."


def arm_words(arm: Mapping[str, Any]) -> str:
    """The levels that an arm crosses; those of the other factors are all the study has."""
    named = {factor: levels for factor, levels in arm.items() if levels is not None}
    return ", ".join(
        f"{factor} {ranges(levels) if factor in WHOLE else listing(map(str, levels))}"
        for factor, levels in named.items()
    )


def name_words(levels: Any) -> str:
    """The levels of a factor by name, or whole numbers."""
    return listing(levels) if isinstance(levels, Mapping) else ranges(levels)


def levels_sentence(study: Study) -> str:
    """The Keras objects behind the level names that do not say so themselves."""
    named = [
        item
        for levels in study["factors"].values()
        if isinstance(levels, Mapping)
        for item in levels.items()
    ]
    told = [
        f"{name} is {words}"
        for name, level in named
        if (words := keras_words(level)).lower() != name.lower()
    ]
    return f"In Keras' words: {'; '.join(told)}." if told else ""


def keras_words(level: Mapping[str, Any]) -> str:
    """A Keras object as it would be called, with an optimizer's step size in any case, and what
    else an initializer says."""
    entry = REGISTRY["optimizer"].get(level["class_name"])
    always = {
        name: value
        for name, value in (entry.arguments if entry else {}).items()
        if name == "learning_rate"
    }
    own = call(level["class_name"], {**always, **level["config"]})
    output = f", the output layer {keras_words(level['output'])}" if level.get("output") else ""
    return f"{own}{output}{', every layer from the same seed' if level.get('tied') else ''}"


def call(name: str, arguments: Mapping[str, Any]) -> str:
    """A Keras object as it would be called; an argument may be one itself, such as a schedule of
    the learning rate."""
    texts = [
        f"{key}={call(value['class_name'], value['config']) if isinstance(value, Mapping) and 'class_name' in value else value}"
        for key, value in arguments.items()
    ]
    return f"{name}({', '.join(texts)})" if texts else name


def task_sentence(task: Mapping[str, Any]) -> str:
    """The data."""
    return read_task(task).description()


QUANTITIES: Mapping[str, str] = MappingProxyType(
    {
        "d_g": "the decay factor of g",
        "d_delta": "the decay factor of δ",
        "p_learned": "P(learned)",
        "test_accuracy": "test accuracy",
    }
)
WHOLE = ("depth", "width")  # factors whose levels are numbers


def training_sentence(study: Study) -> str:
    """Epochs, batches, what a seed varies, when runs are probed and tested."""
    training, log, task = study["training"], Log.model_validate(study["log"]), study["task"]
    steps = training.get("steps_per_epoch")
    portion = f" of {plural(steps, 'optimizer step')}" if steps else ""
    drawn = "" if read_task(task).same_for_all_seeds else " and the data"
    same = "" if drawn else " on the same data for all"
    some = log.probe_rows is not None and log.probe_rows < task["train"]
    rows = f"the first {log.probe_rows:,} training rows" if some else "all training rows"
    return (
        f"Each run trains for {plural(training['epochs'], 'epoch')}{portion} on mini-batches of {training['batch_size']}. A "
        f"seed draws the kernels, the order of the batches{drawn} anew{same}; cells share no random stream. All layers are "
        f"probed on {rows}, in float64, at epochs {listing(map(str, log.probe_epochs))}{''.join(mini_batches(log))}; accuracy on "
        f"the test rows is taken every {plural(log.test_every, 'epoch')} and at the end."
    )


def mini_batches(log: Log) -> Iterator[str]:
    """What is also measured on mini-batches, as the tutorials do."""
    for examples, epochs in log.probed.items():
        if examples != PROBE_SET:
            yield f", and on the {examples} at {plural(len(epochs), 'epoch')} from {epochs[0]} to {epochs[-1]}"


def learned_sentence(study: Study) -> str:
    """What counts as having learned."""
    return f"A run has learned if its accuracy on the test rows ends above {number(study['outcome']['learned_above'], 2)}."


def contrast_sentence(study: Study) -> str:
    """The contrasts declared before looking."""
    by_quantities: dict[tuple[str, ...], list[str]] = {}
    for each in study["contrasts"]:
        by_quantities.setdefault(tuple(each["quantities"]), []).append(
            f"every {each['factor']} against {each['reference']}"
        )
    declared = "; ".join(
        f"{listing(pairs)}, in {listing(QUANTITIES[name] for name in names)}"
        for names, pairs in by_quantities.items()
    )
    return (
        f"Contrasts declared in the study file: {declared}."
        if declared
        else "The study file declares no contrast: every comparison is exploratory."
    )
