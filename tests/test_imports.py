"""Imports go downward only, and planning and analysis never load TensorFlow."""

import ast
import graphlib
import re
import subprocess
import sys

import pytest

from import_graph import SOURCE, imports, modules, own

NAMES = {"numpy", "pyarrow", "pydantic", "pydantic_core"}
PURE = NAMES | {"scipy", "sklearn", "tensorboard", "ruamel"}
LIBRARIES = {
    "names": NAMES,
    "pure": PURE,
    "labelled": PURE
    | {
        "pandas",
        "statsmodels",
        "seaborn",
        "matplotlib",
        "jinja2",
        "markupsafe",
    },
    "TensorFlow": PURE | {"tensorflow", "keras", "rich"},
    "tools": PURE | {"tensorflow", "keras", "pandas", "rich", "statsmodels"},
    "shells": PURE | {"typer", "rich", "snakemake"},
}
BELOW = {
    "names": {"names"},
    "pure": {"names", "pure"},
    "labelled": {"names", "pure", "labelled"},
    "TensorFlow": {"names", "pure", "TensorFlow"},
    "tools": {"names", "pure", "labelled", "TensorFlow", "tools"},
    "shells": {"names", "pure", "labelled", "TensorFlow", "tools", "shells"},
}
LAYERS = {
    module: layer
    for layer, listed in re.findall(
        r"(\w+) \(([^)]*)\)", ast.get_docstring(modules()["vgstudy"]) or ""
    )
    for module in re.findall(r"`([\w.]+)`", listed)
}
# imported inside functions only, by what makes and downloads data
DATA = {"vgstudy.tasks": {"sklearn"}, "vgstudy.image_files": {"keras"}}
MODULES = sorted(own(modules()))


def part(module: str) -> str:
    """The entry of LAYERS that a module belongs to: itself, else its package."""
    name = module.removeprefix("vgstudy.")
    return name if name in LAYERS else name.partition(".")[0]


LAYERED = [module for module in MODULES if part(module) in LAYERS]


def test_every_module_has_a_layer_and_every_layer_its_modules():
    assert {part(module) for module in MODULES} == LAYERS.keys(), (
        "list each module in the docstring of src/vgstudy/__init__.py"
    )
    assert set(LAYERS.values()) == LIBRARIES.keys() == BELOW.keys()


@pytest.mark.parametrize("module", LAYERED)
def test_imports_go_downward(module):
    layer = LAYERS[part(module)]
    upward = {
        name
        for name in own(imports(modules()[module]))
        if LAYERS.get(part(name)) not in BELOW[layer]
    }
    assert not upward, f"{module} is of layer {layer!r}"


@pytest.mark.parametrize("module", LAYERED)
def test_a_layer_uses_its_libraries_only(module):
    layer = LAYERS[part(module)]
    used = (
        {name.partition(".")[0] for name in imports(modules()[module])}
        - {"vgstudy"}
        - sys.stdlib_module_names
    )
    assert used <= LIBRARIES[layer] | DATA.get(module, set()), f"{module} is of layer {layer!r}"


def test_imports_have_no_cycle():
    graphlib.TopologicalSorter(
        {module: own(imports(modules()[module])) - {module} for module in MODULES}
    ).prepare()


def loaded_by(*names: str) -> set[str]:
    code = f"import sys, importlib\nfor name in {names!r}: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_planning_loads_no_heavy_library():
    snakefile = (SOURCE.parent / "Snakefile").read_text(encoding="utf-8")
    planning = [
        name
        for package, names in re.findall(
            r"^from (vgstudy[\w.]*) import (.+)$", snakefile, flags=re.MULTILINE
        )
        for name in own({package, *(f"{package}.{each.strip()}" for each in names.split(","))})
    ]
    assert planning
    assert not loaded_by(*planning) & {
        "tensorflow",
        "keras",
        "pandas",
        "seaborn",
        "matplotlib",
        "sklearn",
    }


def test_analysis_and_the_command_line_load_no_tensorflow():
    names = [module for module in LAYERED if LAYERS[part(module)] not in ("TensorFlow", "tools")]
    assert not loaded_by(*names) & {"tensorflow", "keras"}
