"""What a study file may say, how it is read, and every mistake told in one line."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vgstudy.config import yamlfile
from vgstudy.config.keras_names import REFUSED_ARGUMENTS, REGISTRY
from vgstudy.config.levels import resolve
from vgstudy.config.reading import (
    Config,
    load_config,
    load_study,
    parse_seeds,
    read_studies,
    seeds_text,
)
from vgstudy.config.study import MAX_DEPTH, Study
from vgstudy.errors import UserError

ROOT = Path(__file__).parents[2] / "config"

STUDY = """\
title: A small study
task: {name: circles, samples: 1000, train: 500, noise: 0.1, factor: 0.8, scale: [-1, 1]}
factors:
  depth: 1-3
  width: [5, 25]
  activation: {tanh: tanh, ReLU: relu}
  initializer: {He: he_uniform, Xavier: glorot_uniform}
  optimizer: {SGD: {class_name: SGD, config: {learning_rate: 0.01, momentum: 0.9}}}
training: {epochs: 20, batch_size: 32}
seeds: 3
log: {probe_epochs: [0, 5, 20], test_every: 10}
outcome: {learned_above: 0.7}
contrasts:
  - {factor: initializer, reference: Xavier}
"""

MISTAKES: dict[
    str, tuple[str, str, str, str]
] = {  # what is replaced, by what, the key named, part of the message
    "misspelt key": ("seeds: 3", "sedes: 3", "sedes", "unknown key; did you mean 'seeds'?"),
    "misspelt nested key": (
        "batch_size",
        "batchsize",
        "training.batchsize",
        "did you mean 'batch_size'?",
    ),
    "misspelt key in a contrast": (
        "reference",
        "referense",
        "contrasts.0.referense",
        "did you mean 'reference'?",
    ),
    "missing key": ("outcome: {learned_above: 0.7}\n", "", "outcome", "is missing"),
    "depth 0": ("1-3", "0", "factors.depth", "must be between 1 and 1000, not 0"),
    "depth 0 in a range": ("1-3", "0-3", "factors.depth", "must be between 1 and 1000, not 0"),
    "half a range": (
        "1-3",
        "1-x",
        "factors.depth",
        "a range such as 1-20 or 0-500/10, or a list of these, not '1-x'",
    ),
    "backward range": ("1-3", "4-3", "factors.depth", "runs backwards: write 3-4"),
    "huge range": (
        "1-3",
        "1-999999999",
        "factors.depth",
        "must be between 1 and 1000, not 999999999",
    ),
    "negative width": ("[5, 25]", "[-5]", "factors.width", "must be between 1 and 4096, not -5"),
    "level twice": ("[5, 25]", "[5, 25, 5]", "factors.width", "5 is listed twice"),
    "level twice by a range": ("1-3", "[1-3, 2]", "factors.depth", "2 is listed twice"),
    "fraction": ("1-3", "2.5", "factors.depth", "must be a whole number"),
    "truth value": ("1-3", "true", "factors.depth", "not true"),
    "empty factor": ("[5, 25]", "[]", "factors.width", "is empty"),
    "factor without levels": (
        "{tanh: tanh, ReLU: relu}",
        "{}",
        "factors.activation",
        "has no level",
    ),
    "nothing": (
        "{tanh: tanh, ReLU: relu}",
        "",
        "factors.activation",
        "must be a mapping of keys to values, not nothing",
    ),
    "list for a mapping": (
        "{tanh: tanh, ReLU: relu}",
        "[tanh, relu]",
        "factors.activation",
        "not a list",
    ),
    "unknown activation": (
        "tanh: tanh",
        "tanh: tahn",
        "factors.activation.tanh",
        "did you mean 'tanh'?",
    ),
    "refused activation": (
        "tanh: tanh",
        "s: softmax",
        "factors.activation.s",
        "it mixes the units",
    ),
    "unknown initializer": (
        "he_uniform",
        "he_unifrm",
        "factors.initializer.He",
        "did you mean 'HeUniform'?",
    ),
    "unknown optimizer": (
        "class_name: SGD",
        "class_name: SDG",
        "factors.optimizer.SGD",
        "did you mean 'SGD'?",
    ),
    "unknown argument": (
        "momentum",
        "momentun",
        "factors.optimizer.SGD",
        "SGD.momentun: unknown key; did you mean 'momentum'?",
    ),
    "refused argument": (
        "momentum",
        "clipnorm",
        "factors.optimizer.SGD",
        "SGD.clipnorm is refused",
    ),
    "argument of wrong type": (
        "0.01",
        "small",
        "factors.optimizer.SGD",
        "must be a number, not 'small'",
    ),
    "one object, two names": (
        "ReLU: relu",
        "Tanh: tanh",
        "factors.activation",
        "'tanh' and 'Tanh' are the same Keras object",
    ),
    "one name twice": (
        "ReLU: relu",
        "tanh: relu",
        "line 6, column 28",
        "key 'tanh' stands here twice, first in line 6",
    ),
    "name of a level too long": (
        "ReLU: relu",
        f"{'x' * 41}: relu",
        "factors.activation",
        "1 to 40 printable characters",
    ),
    "name of a level not text": (
        "ReLU: relu",
        "1: relu",
        "line 6, column 28",
        "a key must be text: quote it",
    ),
    "unknown task": (
        "name: circles",
        "name: circle",
        "task.name",
        "'circle' is not known; did you mean 'circles'?",
    ),
    "no test rows": (
        "train: 500",
        "train: 1000",
        "task.train",
        "must be at most samples, 1000, with fresh rows",
    ),
    "scale upside down": ("[-1, 1]", "[1, -1]", "task.scale", "must be [low, high]"),
    "text for a number": (
        "noise: 0.1",
        "noise: little",
        "task.noise",
        "must be a number, not 'little'",
    ),
    "not finite": ("[-1, 1]", "[-1, 1e999]", "task.scale.1", "must be a finite number"),
    "negative noise": ("noise: 0.1", "noise: -0.1", "task.noise", "must be at least 0, not -0.1"),
    "no epochs": ("epochs: 20", "epochs: 0", "training.epochs", "must be at least 1, not 0"),
    "number as text": (
        "epochs: 20",
        "epochs: '20'",
        "training.epochs",
        "must be a whole number, not '20'",
    ),
    "batch beyond the rows": (
        "batch_size: 32",
        "batch_size: 501",
        "training.batch_size",
        "at most the training rows, 500, not 501",
    ),
    "no seeds": (
        "seeds: 3",
        "seeds: 0",
        "seeds",
        "the number of seeds must be between 1 and 100000, not 0",
    ),
    "seeds beyond 64 bits": (
        "seeds: 3",
        f"seeds: {10**20 - 1}",
        "seeds",
        f"must be between 1 and 100000, not {10**20 - 1}",
    ),
    "negative seed": (
        "seeds: 3",
        "seeds: [0, -1]",
        "seeds",
        "must be between 0 and 2147483647, not -1",
    ),
    "seed twice": ("seeds: 3", "seeds: [0, 1, 0]", "seeds", "0 is listed twice"),
    "seed true": ("seeds: 3", "seeds: true", "seeds", "not true"),
    "too many seeds": (
        "seeds: 3",
        "seeds: 0-999999999",
        "seeds",
        "has 1000000000 entries, more than 100000",
    ),
    "too many runs": (
        "seeds: 3",
        "seeds: 100000",
        "factors",
        "24 cells x 100,000 seeds are 2,400,000 runs",
    ),
    "no probe before training": (
        "[0, 5, 20]",
        "[5, 20]",
        "log.probe_epochs",
        "must contain 0, the state before training",
    ),
    "no probe at the end": (
        "[0, 5, 20]",
        "[0, 5]",
        "log.probe_epochs",
        "must contain 20, the last epoch",
    ),
    "probe beyond the end": (
        "[0, 5, 20]",
        "[0, 5, 20, 21]",
        "log.probe_epochs",
        "21 is beyond the last epoch, 20",
    ),
    "test every 0": (
        "test_every: 10",
        "test_every: 0",
        "log.test_every",
        "must be at least 1, not 0",
    ),
    "learned above 1": ("0.7", "1.2", "outcome.learned_above", "must be below 1, not 1.2"),
    "unknown factor": (
        "factor: initializer",
        "factor: initialiser",
        "contrasts.0.factor",
        "did you mean 'initializer'?",
    ),
    "unknown level": (
        "reference: Xavier",
        "reference: xavier",
        "contrasts.0.reference",
        "is no level of initializer; did you mean 'Xavier'?",
    ),
    "level no name": (
        "reference: Xavier",
        "reference: true",
        "contrasts.0.reference",
        "must be a level of the factor, not true",
    ),
    "factor of one level": (
        "initializer, reference: Xavier",
        "optimizer, reference: SGD",
        "contrasts.0",
        "has one level only",
    ),
    "contrast twice": (
        "  - {factor: initializer, reference: Xavier}\n",
        "  - {factor: initializer, reference: Xavier}\n" * 2,
        "contrasts.1",
        "is listed twice",
    ),
    "two arms of the same networks": (
        "title: A small study",
        "title: A\narms: {a: {depth: 1}, b: {}, c: {depth: [1], width: [5, 25]}}",
        "arms.c",
        "has the same networks as arm 'a': drop one",
    ),
    "title of two lines": (
        "title: A small study",
        'title: "A\\nB"',
        "title",
        "must be one line of printable text",
    ),
    "not YAML": ("factors:", "factors: [", "line", "column"),
    "contains itself": ("[5, 25]", "&loop [*loop]", "holds a value", "contains itself"),
    "a Python object": (
        "[5, 25]",
        "!!python/object:os.system {}",
        "line 5",
        "could not determine a constructor",
    ),
    "a date": (
        "title: A small study",
        "title: !!timestamp 2020-01-01",
        "holds a value",
        "no text, number, list or mapping",
    ),
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def written(text: str = STUDY, name: str = "small.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return written


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(UserError) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_study_file_by_hand(write: Callable[..., Path]) -> None:
    study = load_study(write())
    assert (study.name, study.title, study.seeds, study.n_cells) == (
        "small",
        "A small study",
        (0, 1, 2),
        24,
    )
    assert (study.factors.depth, study.factors.width) == ((1, 2, 3), (5, 25))
    assert study.factors.names("initializer") == ("He", "Xavier")
    assert study.factors.initializer["He"].class_name == "HeUniform"
    assert study.factors.optimizer["SGD"].config == {"momentum": 0.9}
    expected = {
        "factor": "initializer",
        "reference": "Xavier",
        "quantities": ("d_delta", "p_learned"),
    }
    assert study.contrasts[0].model_dump() == expected


@pytest.mark.parametrize("name", ["extensions", "smoke"])
def test_shipped_studies_survive_json(name: str) -> None:
    study = load_study(ROOT / "studies" / f"{name}.yaml")
    assert Study.model_validate_json(study.model_dump_json()) == study
    assert Study.model_validate(json.loads(json.dumps(study.model_dump(mode="json")))) == study


def studies_of(**given: Any) -> dict[str, Study]:
    """The studies that the shipped config.yaml names, with what the command line sets instead."""
    named = load_config(ROOT / "config.yaml", given)
    return read_studies(named.studies, named.seeds, ROOT, "--config")


def test_default_design_by_hand() -> None:
    study = studies_of()["extensions"]
    assert (study.n_cells, len(study.seeds), study.training.epochs) == (720, 10, 500)


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line_with_file_and_key(case: str, write: Callable[..., Path]) -> None:
    old, new, key, message = MISTAKES[case]
    assert old in STUDY
    path = write(STUDY.replace(old, new, 1))
    text = refused(lambda: load_study(path))
    assert text.startswith(f"{path}: {key}")
    assert message in text


def test_several_mistakes_are_counted(write: Callable[..., Path]) -> None:
    path = write(
        STUDY.replace("1-3", "0").replace("[5, 25]", "0").replace("epochs: 20", "epochs: 0")
    )
    assert refused(lambda: load_study(path)).endswith("(and 2 more mistakes)")


def test_files_that_hold_no_study(write: Callable[..., Path], tmp_path: Path) -> None:
    assert "small.yaml: is empty" in refused(lambda: load_study(write("# nothing\n")))
    assert "must hold keys and values" in refused(lambda: load_study(write("- a\n- b\n")))
    assert "no such file" in refused(lambda: load_study(tmp_path / "other.yaml"))
    (tmp_path / "folder").mkdir()
    assert "is a directory" in refused(lambda: load_study(tmp_path / "folder"))
    assert "names the results folder" in refused(lambda: load_study(write(name="Small study.yaml")))
    os.mkfifo(tmp_path / "fifo.yaml")
    assert "is no regular file" in refused(lambda: load_study(tmp_path / "fifo.yaml"))
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    assert "is no regular file" in refused(lambda: load_study(tmp_path / "zero.yaml"))
    assert "give the study another name" in refused(lambda: load_study(write(name="logs.yaml")))
    (tmp_path / "latin.yaml").write_bytes("title: é".encode("latin-1"))
    assert "is not UTF-8" in refused(lambda: load_study(tmp_path / "latin.yaml"))
    (tmp_path / "null.yaml").write_bytes(b"title: \x00")
    assert "is not YAML" in refused(lambda: load_study(tmp_path / "null.yaml"))
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    laughs += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))
    assert "its aliases, written out, are more than 1,000,000 entries" in refused(
        lambda: load_study(write(laughs))
    )
    assert "nested too deeply" in refused(lambda: load_study(write("a: " + "[" * 5000)))


def test_yaml_scalars_are_those_of_json() -> None:
    text = "[no, on, 1:30, 010, 1_000, 1e-7, 1.5, .5, -3, ~, true, 2020-01-01, .nan]"
    assert yamlfile.parse(text) == [
        "no",
        "on",
        "1:30",
        10,
        "1_000",
        1e-7,
        1.5,
        0.5,
        -3,
        None,
        True,
        "2020-01-01",
        ".nan",
    ]
    assert yamlfile.parse("a: &x {b: 1}\nc: {<<: *x, b: 2}") == {"a": {"b": 1}, "c": {"b": 2}}


def test_seeds_by_hand() -> None:
    assert parse_seeds("4") == (0, 1, 2, 3)
    assert parse_seeds("3-5") == (3, 4, 5)
    assert parse_seeds("[7, 0-2]") == (0, 1, 2, 7)
    assert refused(lambda: parse_seeds("many")).startswith("--seeds: must be a whole number")


@pytest.mark.parametrize("seeds", [(0,), (3,), (0, 1), (5, 6, 7), (1, 9), (4, 5, 7)])
def test_seeds_as_text_are_read_as_they_were_against_itself(seeds: tuple[int, ...]) -> None:
    assert parse_seeds(seeds_text(seeds)) == seeds


def test_one_setting_replaces_every_studys_seeds() -> None:
    studies = studies_of(studies=["extensions", "smoke"], seeds=30)
    assert list(studies) == ["extensions", "smoke"]
    assert all(study.seeds == tuple(range(30)) for study in studies.values())


def test_studies_by_name_and_by_path(write: Callable[..., Path]) -> None:
    path = write()
    assert list(studies_of(studies=["smoke", str(path)])) == ["smoke", "small"]
    assert list(studies_of(studies="smoke", seeds=None)) == ["smoke"]


def test_mistakes_on_the_command_line_are_told_as_such(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    unknown = refused(lambda: studies_of(studies=["smok"]))
    assert unknown.startswith(
        f"--config: no study 'smok' in {ROOT / 'studies'}; did you mean 'smoke'? allowed: circles, digits, "
    )
    assert refused(lambda: studies_of(seed=3)).startswith(
        "--config: seed: unknown key; did you mean 'seeds'?"
    )
    assert refused(lambda: studies_of(seeds="3-x")).startswith("--config: seeds: must be a whole")
    assert "two studies have the name 'smoke'" in refused(
        lambda: studies_of(studies=["smoke", str(write(name="smoke.yaml"))])
    )
    for wrong in ([], [3], 3, None):
        assert "a list of names" in refused(lambda wrong=wrong: studies_of(studies=wrong))
    assert refused(lambda: studies_of(mnist=3)) == "--config: mnist: must be text, not 3"
    assert "no such file" in refused(lambda: studies_of(studies=str(tmp_path / "gone.yaml")))


def test_mistakes_in_the_config_file_are_told_as_such(write: Callable[..., Path]) -> None:
    """Also where the command line says otherwise."""
    path = write("seeds: 0-3\n")
    assert refused(lambda: load_config(path)) == f"{path}: studies: is missing"
    assert (
        refused(lambda: load_config(path, {"studies": "smoke"})) == f"{path}: studies: is missing"
    )


def test_config_file_by_hand(write: Callable[..., Path]) -> None:
    assert load_config(write("studies: smoke\nseeds: 0-3\n")) == Config(
        studies=("smoke",), seeds=(0, 1, 2, 3)
    )


def test_deepest_study_is_read(write: Callable[..., Path]) -> None:
    assert load_study(write(STUDY.replace("1-3", f"1-{MAX_DEPTH}"))).factors.depth[-1] == MAX_DEPTH


def test_levels_shown_in_the_readme_resolve() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    shown = {kind: levels for block in blocks for kind, levels in yamlfile.parse(block).items()}
    assert shown.keys() == {"activation", "initializer", "optimizer"}
    assert all(resolve(kind, level) for kind, levels in shown.items() for level in levels.values())


def test_refusals_in_the_readme_are_those_of_the_registry() -> None:
    told = (
        (ROOT / "README.md").read_text().partition("So these are refused:")[2].partition("\n## ")[0]
    )
    named = set(re.findall(r"`(\w+)`", told)) - {"clipvalue"}
    refused_names = {
        name for entries in REGISTRY.values() for name, entry in entries.items() if entry.refused
    }
    assert named <= refused_names | REFUSED_ARGUMENTS.keys()
    assert {name for name, entry in REGISTRY["activation"].items() if entry.refused} <= named
