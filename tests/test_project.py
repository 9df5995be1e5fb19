"""The project's files agree with one another and name no machine."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from vgstudy.config import yamlfile

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
RUN = [Requirement(text) for text in PROJECT["dependencies"]]
DEV = [Requirement(text) for text in PROJECT["optional-dependencies"]["dev"]]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
CONDA_NAMES = {
    "matplotlib": "matplotlib-base",
    "seaborn": "seaborn-base",
    "snakemake": "snakemake-minimal",
}
MACHINE = re.compile(
    r"/(?:home|root|Users|work|workspace)/\w|[\w.-]*(?:python\s?hosted|anaconda|pypi)\.org",
    re.IGNORECASE,
)
GENERATED = {
    ".git",
    ".venv",
    ".snakemake",
    "results",
    "logs",
    "site",
    "dist",
    "build",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".hypothesis",
}


def locked() -> list[tuple[Requirement, int]]:
    """Each entry of the lock file and how many hashes it has."""
    entries = [entry for entry in re.split(r"\n(?=[A-Za-z0-9])", LOCK) if not entry.startswith("#")]
    return [
        (Requirement(entry.partition("\\")[0].partition("\n")[0]), entry.count("--hash=sha256:"))
        for entry in entries
    ]


def files() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        if (
            path.is_file()
            and not GENERATED & set(path.relative_to(ROOT).parts)
            and ".egg-info" not in str(path)
        ):
            yield path


@pytest.mark.parametrize("wanted", RUN + DEV, ids=str)
def test_lock_satisfies_pyproject(wanted):
    found = [
        entry
        for entry, _ in locked()
        if canonicalize_name(entry.name) == canonicalize_name(wanted.name)
    ]
    assert found, "run: make lock"
    versions = [Version(spec.version) for entry in found for spec in entry.specifier]
    assert all(version in wanted.specifier for version in versions), "run: make lock"


def test_lock_pins_and_hashes_every_entry():
    assert len(locked()) > len(RUN + DEV)
    assert [
        str(entry)
        for entry, hashes in locked()
        if [spec.operator for spec in entry.specifier] != ["=="] or hashes == 0
    ] == []
    assert "://" not in LOCK


def test_lock_was_made_by_make_lock():
    made_by = re.search(r"^# +(uv .*)$", LOCK, re.MULTILINE)
    assert made_by
    assert made_by[1] in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_conda_environment_has_the_same_dependencies_and_ranges():
    environment = yamlfile.parse((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, pip = environment["dependencies"]
    found = {Requirement(text).name: Requirement(text).specifier for text in (*conda, *pip["pip"])}
    wanted = {
        CONDA_NAMES.get(requirement.name, requirement.name): requirement.specifier
        for requirement in RUN
    }
    assert found.pop("python") == Requirement(f"python{PROJECT['requires-python']}").specifier
    assert not found.pop("pip")
    assert found == wanted


def test_citation_and_changelog_name_the_version():
    citation = yamlfile.parse((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert (citation["version"], citation["license"]) == (PROJECT["version"], PROJECT["license"])
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(.*?)\]", changelog, re.MULTILINE)[0] in {
        "Unreleased",
        PROJECT["version"],
    }


def test_no_file_names_a_machine_or_a_registry():
    texts = {path: path.read_text(encoding="utf-8", errors="ignore") for path in files()}
    assert texts
    assert {
        str(path.relative_to(ROOT)): MACHINE.findall(text)
        for path, text in texts.items()
        if MACHINE.search(text)
    } == {}


def test_continuous_integration_runs_the_readme_test_command():
    assert "\nmake test " in (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
