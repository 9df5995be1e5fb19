"""What a study file may hold, how it is read, and the one line for every mistake."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from study_files import MISTAKES, STUDY
from vgstudy.config import yamlfile
from vgstudy.config.factors import MAX_DEPTH
from vgstudy.config.keras_names import REFUSED_ARGUMENTS, REGISTRY
from vgstudy.config.levels import resolve
from vgstudy.config.load import (
    Config,
    load_config,
    load_study,
    parse_seeds,
    read_studies,
    seeds_text,
)
from vgstudy.config.study import Study
from vgstudy.errors import UserError
from vgstudy.planning.study_cells import cells_of

ROOT = Path(__file__).parents[2] / "config"


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


def studies_of(**changes: Any) -> dict[str, Study]:
    """The studies that the shipped config.yaml names, with what the command line sets instead."""
    named = load_config(ROOT / "config.yaml", changes)
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


def test_a_contrast_needs_two_networks_that_differ_in_it_alone(write: Callable[..., Path]) -> None:
    arms = "arms: {a: {initializer: He, width: 5}, b: {initializer: Xavier, width: 25}}\n"
    text = refused(lambda: load_study(write(STUDY + arms)))
    assert "contrasts (entry 1): no two networks differ in initializer alone" in text
    arms = "arms: {a: {initializer: He}, b: {initializer: Xavier}}\n"
    assert load_study(write(STUDY + arms)).n_cells == 24


def test_networks_at_best_rates_of_their_own_are_paired_whatever_the_rates(
    write: Callable[..., Path],
) -> None:
    arms = (
        "arms: {a: {initializer: He, rate_factor: 1}, b: {initializer: Xavier, rate_factor: 3}}\n"
    )
    text = STUDY.replace("factors:\n", "factors:\n  rate_factor: [1, 3]\n", 1) + arms
    assert "no two networks differ" in refused(lambda: load_study(write(text)))
    assert load_study(write(text + "streams: shared\n")).n_cells == 24


def test_several_mistakes_are_named(write: Callable[..., Path]) -> None:
    path = write(
        STUDY.replace("1-3", "0").replace("[5, 25]", "0").replace("epochs: 20", "epochs: 0")
    )
    assert refused(lambda: load_study(path)).endswith("; see also factors.width, training.epochs")


def test_files_that_hold_no_study(write: Callable[..., Path], tmp_path: Path) -> None:
    assert "small.yaml: is empty" in refused(lambda: load_study(write("# nothing\n")))
    assert "must hold keys and values" in refused(lambda: load_study(write("- a\n- b\n")))
    assert "no such file" in refused(lambda: load_study(tmp_path / "other.yaml"))
    (tmp_path / "folder").mkdir()
    assert "is a directory" in refused(lambda: load_study(tmp_path / "folder"))
    assert "names the results folder" in refused(lambda: load_study(write(name="Small study.yaml")))
    os.mkfifo(tmp_path / "fifo.yaml")
    assert "is not a regular file" in refused(lambda: load_study(tmp_path / "fifo.yaml"))
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    assert "is not a regular file" in refused(lambda: load_study(tmp_path / "zero.yaml"))
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


def test_yaml_scalars_are_those_of_yaml_1_2() -> None:
    words = yamlfile.parse("[no, on, yes, 1:30]")
    assert words == ["no", "on", "yes", "1:30"]
    assert yamlfile.parse("[010, 1e-7, 1.5, .5, -3, ~, true]") == [
        10,
        1e-7,
        1.5,
        0.5,
        -3,
        None,
        True,
    ]
    assert yamlfile.parse("a: &x {b: 1}\nc: {<<: *x, b: 2}") == {"a": {"b": 1}, "c": {"b": 2}}


def test_a_byte_order_mark_and_other_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + STUDY.replace("\n", "\r\n").encode())
    assert load_study(path).title == "A small study"


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


def test_mistakes_on_the_command_line_are_named_so(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    unknown = refused(lambda: studies_of(studies=["smok"]))
    text = (
        f"--config: no study 'smok' in {ROOT / 'studies'}; did you mean 'smoke'? allowed: circles"
    )
    assert unknown.startswith(text)
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


def test_mistakes_in_the_config_file_are_named_so(write: Callable[..., Path]) -> None:
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


def test_streams_of_a_study_are_those_of_its_cells(write: Callable[..., Path]) -> None:
    for text, streams in (("", "cell"), ("streams: shared\n", "shared")):
        study = load_study(write(STUDY + text))
        assert {labelled.cell.streams for labelled in cells_of(study)} == {streams}


def test_deepest_study_is_read(write: Callable[..., Path]) -> None:
    assert load_study(write(STUDY.replace("1-3", f"1-{MAX_DEPTH}"))).factors.depth[-1] == MAX_DEPTH


def test_levels_shown_in_the_readme_resolve() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    shown = {kind: levels for block in blocks for kind, levels in yamlfile.parse(block).items()}
    assert shown.keys() == {"activation", "initializer", "optimizer"}
    assert all(resolve(kind, level) for kind, levels in shown.items() for level in levels.values())


def test_refusals_in_the_readme_are_those_of_the_registry() -> None:
    text = (ROOT / "README.md").read_text().partition("So these are refused:")[2]
    named = set(re.findall(r"`(\w+)`", text.partition("\n## ")[0])) - {"clipvalue"}
    refused_names = {
        name for entries in REGISTRY.values() for name, entry in entries.items() if entry.refused
    }
    assert named <= refused_names | REFUSED_ARGUMENTS.keys()
    assert {name for name, entry in REGISTRY["activation"].items() if entry.refused} <= named
