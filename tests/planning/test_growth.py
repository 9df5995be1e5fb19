"""Growing a study trains what is new and touches nothing that exists; a change re-runs what it
affects."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from sites import Site
from vgstudy.config import yamlfile

pytestmark = pytest.mark.slow


def job_files(site: Site) -> dict[Path, tuple[int, str]]:
    """Time and hash of every file that a job is made of or has written."""
    paths = (
        path for table in ("jobs", "probes", "curves") for path in site.results.glob(f"*/{table}/*")
    )
    return {
        path: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in paths
    }


def edit(site: Site, **changes: object) -> None:
    """Change keys of the study file, `factor.NAME` those of its factors."""
    path = site.folder / "config/studies/faults.yaml"
    study = yamlfile.parse(path.read_text())
    for key, value in changes.items():
        (study["factors"] if key in study["factors"] else study)[key] = value
    path.write_text(json.dumps(study))


def ran(output: str) -> dict[str, int]:
    """How often each rule was to run."""
    return {
        rule: int(count)
        for rule, count in re.findall(r"^ (\w[\w ]*?) +(\d+) *$", output, re.MULTILINE)
    } | {"total": 0}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("growth"))
    made.complete()
    return made


GROWTH = {
    "seeds and a depth": {"seeds": 6, "depth": [1, 2, 4, 5, 7]},
    "a level and an activation": {
        "initializer": {"Xavier": "glorot_uniform", "He": "he_uniform", "LeCun": "lecun_uniform"},
        "activation": {"tanh": "tanh", "ReLU": "relu"},
    },
}


@pytest.mark.parametrize("what", GROWTH)
def test_what_exists_is_not_touched_by(site, what):
    before = job_files(site)
    edit(site, **GROWTH[what])
    output = site.complete()
    after = job_files(site)
    assert before.items() < after.items()
    new = len({path.stem for path in after.keys() - before.keys()})
    assert ran(output)["train"] == new


def test_another_study_touches_nothing_of_the_first(site):
    before = job_files(site)
    study = site.folder / "config/studies/faults.yaml"
    other = yamlfile.parse(study.read_text()) | {"study_seed": 1}
    study.with_name("second.yaml").write_text(json.dumps(other))
    (site.folder / "config/config.yaml").write_text("studies: [faults, second]\n")
    output = site.complete()
    (site.folder / "config/config.yaml").write_text("studies: faults\n")
    site.complete()  # the report and the claims are again about the one study
    assert before.items() < job_files(site).items()
    assert "design second" in ran(output)
    assert not {"design faults"} & ran(output).keys()


AFTER = {
    "figures": {"figures"},
    "estimate": {"estimate", "overlay", "claims", "figures"},
}


@pytest.mark.parametrize(("stage", "again"), AFTER.items(), ids=AFTER)
def test_a_changed_step_runs_again_with_what_follows_it(site, stage, again):
    before = job_files(site)
    path = site.folder / "src/vgstudy/stages.py"
    path.write_text(re.sub(rf'("{stage}": )\d+', r"\g<1>99", path.read_text()))
    output = site.complete()
    assert ran(output).keys() == {*again, "report", "all", "total"}
    assert job_files(site) == before


def test_a_removed_register_file_is_judged_no_more(site):
    before = job_files(site)
    (site.folder / "config/claims/C.yaml").unlink()
    output = site.complete()
    assert {"claims", "report"} <= ran(output).keys()
    # the study has no arms, which alone show what claims report
    assert "arms" not in ran(output)
    assert job_files(site) == before


def test_a_training_setting_trains_every_run_again(site):
    before = job_files(site)
    edit(
        site,
        training={"epochs": 3, "batch_size": 32},
        log={"probe_epochs": [0, 3], "test_every": 1},
    )
    output = site.complete()
    after = job_files(site)
    assert (
        before.items() < after.items()
    )  # what was trained stays, for the day the setting is set back
    assert ran(output)["train"] == len({path.stem for path in after.keys() - before.keys()})
    edit(
        site,
        training={"epochs": 2, "batch_size": 32},
        log={"probe_epochs": [0, 2], "test_every": 1},
    )
    assert "train" not in ran(site.complete())
    assert job_files(site) == after
