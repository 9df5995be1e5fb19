"""The content of a config file never reaches a shell, a path or an interpreter unescaped."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from import_graph import SOURCE
from sites import copy_of_the_workflow
from study_files import STUDY
from vgstudy.config import yamlfile
from vgstudy.config.load import load_config, load_study, parse_seeds, read_studies
from vgstudy.errors import UserError
from vgstudy.figures.registry import figures
from vgstudy.planning import cost, manifests
from vgstudy.planning.stacks import stack
from vgstudy.planning.study_cells import cells_of, runs_of
from vgstudy.tasks.images import Mnist

HOSTILE = st.text(
    st.sampled_from("ab-_./\\ \n\t'\"`$;&|<>*?~#%{}()!\0é"), min_size=1, max_size=30
) | st.text(min_size=1, max_size=30)
# also on a busy machine
CALM = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
PLAIN = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("config")
    (made / "studies").mkdir()
    (made / "studies/small.yaml").write_text(STUDY)
    (made / "config.yaml").write_text("studies: small\n")
    return made


@CALM
@given(name=HOSTILE)
def test_a_study_has_a_plain_name_or_is_refused(folder, name):
    """Its name is a folder's, a rule's and a word of shell commands."""
    for named in (name, f"{name}.yaml"):
        try:
            studies = read_studies([named], None, folder, "here")
        except UserError:
            continue
        assert all(PLAIN.fullmatch(study) and shlex.quote(study) == study for study in studies)


@CALM
@given(stem=st.from_regex(r"[a-z][a-z0-9_-]{0,20}", fullmatch=True) | HOSTILE)
def test_a_file_makes_a_study_only_under_a_plain_name(folder, stem):
    if "/" in stem or "\0" in stem or len(stem.encode()) > 200:
        return
    path = folder / f"{stem}.yaml"
    path.write_text(STUDY)
    try:
        assert PLAIN.fullmatch(load_study(path).name)
    except UserError:
        assert not re.fullmatch(r"[a-z][a-z0-9_-]*", path.stem)
    finally:
        path.unlink()


@CALM
@given(level=HOSTILE)
def test_a_level_name_reaches_no_path(folder, level):
    """It is a label in tables and pictures; paths are made of jobs' hashes and of factors'
    names."""
    data = yamlfile.parse(STUDY)
    objects = data["factors"]["activation"]
    data["factors"]["activation"] = {level: next(iter(objects.values())), "other": "relu"}
    data["contrasts"] = [{"factor": "activation", "reference": level}]
    path = folder / "studies/leveled.yaml"
    path.write_text(json.dumps(data))  # which is YAML too
    try:
        study = load_study(path)
    except UserError:
        return
    assert all(PLAIN.fullmatch(name) for name in figures(study.model_dump()))
    assert all(PLAIN.fullmatch(labelled.cell.id) for labelled in cells_of(study))
    jobs = [
        manifests.make(study.name, study.log, runs)
        for runs in cost.pack(stack(runs_of(study)), study.log)
    ]
    assert all(re.fullmatch(r"[0-9a-f]{12}", manifests.job_id(job)) for job in jobs)


@CALM
@given(path=HOSTILE | st.integers() | st.lists(st.text()) | st.booleans())
def test_a_path_of_data_is_one_environment_variable_or_refused(folder, path):
    """Processes hand it on in their environment, never in a command."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VGSTUDY_MNIST", "as before")
        if "\0" in str(path) or not isinstance(path, str):
            with pytest.raises(
                UserError,
                match=r"^--config: mnist: must be (text|the path of an \.npz file, or null)",
            ):
                load_config(folder / "config.yaml", {"mnist": path})
            return
        Mnist.file.use(load_config(folder / "config.yaml", {"mnist": path}).mnist)
        value = subprocess.run(["printenv", "VGSTUDY_MNIST"], capture_output=True).stdout[:-1]
        assert value == (os.fsencode(Path(path).resolve()) if path else b"as before")


@CALM
@given(seeds=HOSTILE)
def test_seeds_are_numbers_or_refused(seeds):
    try:
        found = parse_seeds(seeds)
    except UserError:
        return
    assert all(isinstance(seed, int) for seed in found)
    assert re.search(r"\d", seeds)


@pytest.mark.slow
def test_a_study_in_a_hostile_folder_runs_nothing(tmp_path):
    """Through Snakemake and its shell."""
    snakemake = copy_of_the_workflow(tmp_path)
    odd = tmp_path / "config" / "-x $(touch owned) `touch owned` 'n\" ; touch owned ; {input}"
    odd.mkdir()
    shutil.copy(tmp_path / "config/studies/smoke.yaml", odd / "odd.yaml")
    studies = [str((odd / "odd.yaml").relative_to(tmp_path))]
    (tmp_path / "config/config.yaml").write_text(json.dumps({"studies": studies, "seeds": "0-2"}))
    done = snakemake("--cores", "1", "results/odd/runs.parquet")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results/odd/runs.parquet").exists()
    assert not list(tmp_path.rglob("owned"))


def test_the_package_unpickles_evaluates_and_shells_nothing():
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import | ast.ImportFrom)
                else []
            )
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {"pickle", "shelve", "marshal", "joblib", "dill"} & {
                name.partition(".")[0] for name in names
            }, path
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in {
                    "eval",
                    "exec",
                    "os.system",
                    "os.popen",
                    "yaml.unsafe_load",
                }, path
                permitted = [
                    word for word in node.keywords if word.arg in ("shell", "allow_pickle")
                ]
                assert all(ast.unparse(word.value) == "False" for word in permitted), path


def test_every_rule_quotes_what_a_user_writes():
    """Wildcards and outputs are made of studies' and jobs' names, which are plain; parameters may
    be anything."""
    commands = [
        text
        for path in (SOURCE.parent / "workflow/rules").glob("*.smk")
        for text in re.findall(r'"(vgstudy [^"]*)"', path.read_text())
    ]
    assert len(commands) >= 6
    assert [text for text in commands if re.search(r"\{params\.\w+\}", text)] == []
