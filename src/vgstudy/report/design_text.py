"""A study's design in sentences."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from vgstudy.config.keras_names import REGISTRY
from vgstudy.config.log import Log
from vgstudy.config.study import Study
from vgstudy.formatting import listing, number, plural, ranges
from vgstudy.remedies import Remedy
from vgstudy.schema import DEFAULT_LEVELS, PROBE_SET
from vgstudy.tasks.registry import read_task

Resolved = Mapping[str, Any]
WHOLE_NUMBERS = ("depth", "width")  # factors whose levels are numbers
COMPARED: Mapping[str, str] = MappingProxyType(
    {
        "d_g": "the decay factor of g",
        "d_delta": "the decay factor of δ",
        "p_learned": "P(learned)",
        "test_accuracy": "test accuracy",
    }
)
# arguments that are shown even where they are Keras' defaults, if not 0
ALWAYS_SAID = ("learning_rate", "negative_slope")


def describe_design(study: Resolved) -> tuple[str, ...]:
    """Return what was varied, on what task, how it was trained and measured, and compared."""
    sentences = (
        scope_sentence(study),
        factor_sentence(study),
        level_sentence(study),
        remedy_sentence(study),
        read_task(study["task"]).description(),
        training_sentence(study),
        "A run has learned if its accuracy on the test rows ends above "
        f"{number(study['outcome']['learned_above'], 2)}.",
        contrast_sentence(study),
    )
    return tuple(sentence for sentence in sentences if sentence)


def scope_sentence(study: Resolved) -> str:
    """Return how many networks are trained with how many seeds."""
    seeds = len(study["seeds"])
    cells = Study.model_validate({**study, "path": ""}).n_cells
    runs = plural(cells * seeds, "run")
    return f"{plural(cells, 'network')}, each trained with {plural(seeds, 'seed')}: {runs}."


def factor_sentence(study: Resolved) -> str:
    """Return factors and level names in one sentence."""
    if study.get("arms"):
        arms = "; ".join(f"{name}: {levels_text(arm)}" for name, arm in study["arms"].items())
        return f"{arms}."
    return f"Every combination of {levels_text(study['factors'], '; ')}."


def levels_text(factors: Mapping[str, Any], separator: str = ", ") -> str:
    """Return the levels of factors that have any; of an arm, the others are all the study has."""
    varied = {
        factor: levels
        for factor, levels in factors.items()
        if levels is not None and list(levels) != [DEFAULT_LEVELS.get(factor)]
    }
    return separator.join(
        f"{factor.replace('_', ' ')} "
        f"{ranges(levels) if factor in WHOLE_NUMBERS else listing(map(str, levels))}"
        for factor, levels in varied.items()
    )


def level_sentence(study: Resolved) -> str:
    """Return the Keras objects behind the level names that do not say so themselves."""
    texts = []
    for factor, levels in study["factors"].items():
        if isinstance(levels, Mapping) and factor != "remedy":
            for name, level in levels.items():
                words = keras_text(level)
                if words.lower() != name.lower():
                    texts.append(f"{name} is {words}")
    return f"In Keras' words: {'; '.join(texts)}." if texts else ""


def remedy_sentence(study: Resolved) -> str:
    """Return what the names of remedies stand for, as the study file has it."""
    texts = [
        f"{name} is {setting_text(settings)}"
        for name, level in study["factors"]["remedy"].items()
        if (settings := Remedy.model_validate(level).model_dump(exclude_defaults=True))
    ]
    return f"Remedies: {'; '.join(texts)}." if texts else ""


def setting_text(settings: Any) -> str:
    """Return settings as a study file writes them in one line."""
    if isinstance(settings, Mapping):
        inner = ", ".join(f"{key}: {setting_text(value)}" for key, value in settings.items())
        return f"{{{inner}}}"
    return str(list(settings)) if isinstance(settings, tuple) else str(settings)


def keras_text(level: Mapping[str, Any]) -> str:
    """Return a Keras object as it would be called, an optimizer with its learning rate and a leaky
    activation with its slope in any case, an initializer with what it says about the output
    layer."""
    entry = {**REGISTRY["optimizer"], **REGISTRY["activation"]}.get(level["class_name"])
    defaults = entry.arguments if entry else {}
    said = {name: defaults[name] for name in ALWAYS_SAID if defaults.get(name)}
    text = call_text(level["class_name"], {**said, **level["config"]})
    if level.get("output"):
        text += f", the output layer {keras_text(level['output'])}"
    return f"{text}, every layer from the same seed" if level.get("tied") else text


def call_text(name: str, arguments: Mapping[str, Any]) -> str:
    """Return a call; an argument may be one itself, such as a schedule of the learning rate."""
    texts = []
    for key, value in arguments.items():
        if isinstance(value, Mapping) and "class_name" in value:
            value = call_text(value["class_name"], value["config"])
        texts.append(f"{key}={value}")
    return f"{name}({', '.join(texts)})" if texts else name


def training_sentence(study: Resolved) -> str:
    """Return epochs, batches, what a seed varies, when runs are probed and tested."""
    training, log, task = study["training"], Log.model_validate(study["log"]), study["task"]
    steps = training.get("steps_per_epoch")
    portion = f" of {plural(steps, 'optimizer step')}" if steps else ""
    fixed_data = read_task(task).same_for_all_seeds
    drawn = "; the data stay the same" if fixed_data else ", and the data"
    shared = study.get("streams") == "shared"
    streams = (
        "cells of equal depth and width share their random streams"
        if shared
        else ("cells share no random stream")
    )
    some = log.probe_rows is not None and log.probe_rows < task["train"]
    rows = f"the first {log.probe_rows:,} training rows" if some else "all training rows"
    tested = "epoch" if log.test_every == 1 else f"{log.test_every} epochs"
    return (
        f"Each run trains for {plural(training['epochs'], 'epoch')}{portion} on mini-batches of "
        f"{training['batch_size']}. Each seed redraws the initial weights and the batch order"
        f"{drawn}; {streams}. All layers are probed on {rows}, in float64, "
        f"at epochs {listing(map(str, log.probe_epochs))}{''.join(batch_probes(log))}; accuracy on "
        f"the test rows is taken every {tested} and at the end."
    )


def batch_probes(log: Log) -> Iterator[str]:
    """Yield what is also measured on mini-batches, as the tutorials do."""
    for examples, epochs in log.probed.items():
        if examples != PROBE_SET:
            count = plural(len(epochs), "epoch")
            yield f", and on the {examples} at {count} from {epochs[0]} to {epochs[-1]}"


def contrast_sentence(study: Resolved) -> str:
    """Return the contrasts declared before looking."""
    if not study["contrasts"]:
        return "The study file declares no contrast: every comparison is exploratory."
    pairs: dict[tuple[str, ...], list[str]] = {}
    for contrast in study["contrasts"]:
        pair = f"every {contrast['factor']} against {contrast['reference']}"
        pairs.setdefault(tuple(contrast["quantities"]), []).append(pair)
    declared = "; ".join(
        f"{listing(texts)}, in {listing(COMPARED[name] for name in names)}"
        for names, texts in pairs.items()
    )
    return f"Contrasts declared in the study file: {declared}."
