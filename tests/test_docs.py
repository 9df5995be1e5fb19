"""Every command, make target and configuration key is documented, and the documents name nothing
that does not exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel
from scipy.stats import binomtest
from typer.testing import CliRunner

from vgstudy.cli import app
from vgstudy.config.load import Config
from vgstudy.config.study import StudyFile
from vgstudy.figures.registry import figures
from vgstudy.schema import TABLES
from vgstudy.store.records import read_record
from vgstudy.tasks.registry import TASKS
from vgstudy.tasks.task import Task

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
COMMANDS_PAGE = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
RESULTS_PAGE = (ROOT / "docs/results.md").read_text(encoding="utf-8")
CONFIG_README = (ROOT / "config/README.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
DOCUMENTS = sorted(
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "config").glob("*.md"),
    ]
)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models named anywhere in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from TASKS.values() if annotation is Task else [annotation]
    for argument in get_args(annotation):
        yield from models_in(argument)


def keys(model: type[BaseModel]) -> Iterator[str]:
    """The keys of a model and of the models inside it."""
    for name, field in model.model_fields.items():
        yield name
        for inner in models_in(field.annotation):
            yield from keys(inner)


def test_every_command_is_documented_and_no_other():
    named = set(re.findall(r"`vgstudy ([\w-]+)`", COMMANDS_PAGE))
    assert named == COMMANDS.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_has_a_help_text(command):
    assert COMMANDS[command].help
    assert [
        parameter.name
        for parameter in COMMANDS[command].params
        if not getattr(parameter, "help", None)
    ] == []


def test_summaries_of_commands_are_whole_in_the_list_of_commands():
    listed = CliRunner().invoke(app, ["--help"], terminal_width=80).output
    assert "..." not in listed.partition("Commands:")[2]


def test_the_help_of_figure_names_every_figure():
    listed = re.search(r"suit its design: ([^.]+)\.", COMMANDS["figure"].help)
    assert listed
    assert re.split(r",\s+", listed[1]) == list(figures())


def test_every_make_target_is_documented_and_no_other():
    phony = re.search(
        r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert phony
    assert set(re.findall(r"`make ([\w-]+)`", COMMANDS_PAGE)) == set(phony[1].split())


def test_every_package_and_module_the_architecture_names_exists():
    page = (
        (ROOT / "docs/architecture.md").read_text(encoding="utf-8").partition("## Where things are")
    )
    places = re.findall(r"`([\w/]+(?:/|\.py))`", page[2].partition("\n## ")[0])
    source = ROOT / "src/vgstudy"
    assert len(places) > 10
    assert [
        place for place in places if not ((source / place).exists() or (ROOT / place).exists())
    ] == []


def test_readme_sets_up_with_two_commands():
    assert re.findall(r"^```\n(make \w+)\n```$", README, re.MULTILINE) == [
        "make study",
        "make test",
    ]


@pytest.mark.parametrize("key", sorted({*keys(Config), *keys(StudyFile)}))
def test_every_key_is_in_the_config_readme(key):
    assert re.search(rf"`(?:\w+\.)*{key}[`:.]", CONFIG_README)


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_documented(table):
    assert re.search(rf"[`/]{table}(\.parquet|/)`", RESULTS_PAGE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document):
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text) + re.findall(r'src="([^"]+)"', text)
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_folder_in_the_map_exists():
    table = ARCHITECTURE.partition("## Where things are")[2].partition("In `src/vgstudy/`:")[0]
    folders = re.findall(r"^\| ((?:`[^`]+/?`(?:, )?)+) \|", table, re.MULTILINE)
    named = re.findall(r"`([^`]+)`", " ".join(folders))
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_readme_is_short():
    assert len(re.findall(r"[^\s|]*\w[^\s|]*", README)) <= 900
    sizes = {image: (ROOT / image).stat().st_size for image in re.findall(r'src="([^"]+)"', README)}
    assert len(sizes) == 2
    assert max(sizes.values()) < 150_000


# rows of README's table of results: their networks in the table of rates
RESULTS = {
    "5 tanh layers, weights drawn uniformly between 0 and 1": {"activation": "tanh", "depth": 5},
    "5 ReLU layers, He initialisation": {"activation": "ReLU", "depth": 5},
    "15 such layers": {"depth": 15},
    "20 such layers": {"activation": "ReLU", "depth": 20},
    "20 tanh layers, Xavier initialisation": {"initializer": "Xavier", "depth": 20},
}


def of_seeds(share: float, n: int) -> str:
    """A share with its Wilson interval, by SciPy, as README writes it."""
    low, high = binomtest(round(share * n), n).proportion_ci(method="wilson")
    return f"{share * n:.0f} of {n} [{100 * low:.0f} %, {100 * high:.0f} %]"


@pytest.mark.parametrize("network", RESULTS)
def test_readmes_results_against_the_table_of_rates(network):
    wanted = RESULTS[network].items()
    (row,) = (row for row in read_record("rates").rows if wanted <= row.items())
    (cells,) = re.findall(rf"^\| {re.escape(network)} \|(.*)\|$", README, re.MULTILINE)
    said = [cell.strip() for cell in cells.split("|")][1:]
    assert said == [of_seeds(row[share], row["n"]) for share in ("at_one", "value")]
