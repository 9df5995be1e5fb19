"""Imports go downward only, and planning and analysis never load TensorFlow."""

import ast
import graphlib
import re
import subprocess
import sys

from import_graph import SOURCE, imports, modules, of_the_package

NAMES = {"numpy", "pyarrow", "pydantic", "pydantic_core"}
PURE = NAMES | {"scipy", "sklearn", "tensorboard", "ruamel"}
LIBRARIES = {
    "names": NAMES,
    "pure": PURE,
    "labelled": PURE | {"pandas", "statsmodels", "seaborn", "matplotlib", "jinja2", "markupsafe"},
    "TensorFlow": PURE | {"tensorflow", "keras", "rich"},
    "tools": PURE | {"tensorflow", "keras", "matplotlib", "pandas", "rich", "statsmodels"},
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
    for module in re.findall(r"`(\w+)`", listed)
}
HEAVY = {"tensorflow", "keras", "pandas", "scipy", "seaborn", "matplotlib", "sklearn"}
# imported inside functions only, by what makes and downloads data
DATA = {
    "vgstudy.tasks.circles": {"sklearn"},
    "vgstudy.tasks.images": {"sklearn"},
    "vgstudy.tasks.image_files": {"keras"},
}
MODULES = sorted(of_the_package(modules()))


def part(module: str) -> str:
    """The entry of LAYERS that a module belongs to: the module or package in `vgstudy`."""
    return module.removeprefix("vgstudy.").partition(".")[0]


LAYERED = [module for module in MODULES if part(module) in LAYERS]


def test_every_module_has_a_layer_and_every_layer_its_modules():
    assert {part(module) for module in MODULES} == LAYERS.keys(), (
        "list each module in the docstring of src/vgstudy/__init__.py"
    )
    assert set(LAYERS.values()) == LIBRARIES.keys() == BELOW.keys()


def test_imports_go_downward():
    upward = {}
    for module in LAYERED:
        allowed = BELOW[LAYERS[part(module)]]
        names = of_the_package(imports(modules()[module]))
        upward[module] = {name for name in names if LAYERS.get(part(name)) not in allowed}
    assert {module: names for module, names in upward.items() if names} == {}


def test_a_layer_uses_its_libraries_only():
    others = {}
    for module in LAYERED:
        used = {name.partition(".")[0] for name in imports(modules()[module])}
        allowed = LIBRARIES[LAYERS[part(module)]] | DATA.get(module, set())
        others[module] = used - {"vgstudy"} - sys.stdlib_module_names - allowed
    assert {module: names for module, names in others.items() if names} == {}


def test_imports_have_no_cycle():
    graphlib.TopologicalSorter(
        {module: of_the_package(imports(modules()[module])) - {module} for module in MODULES}
    ).prepare()


def loaded_by(*steps: list[str]) -> list[set[str]]:
    """Return the libraries loaded after each step, a list of modules; one process imports all."""
    code = f"""
import sys, importlib
for names in {steps!r}:
    for name in names:
        importlib.import_module(name)
    print(*sys.modules)
"""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [{name.partition(".")[0] for name in line.split()} for line in done.stdout.splitlines()]


def test_planning_loads_no_heavy_library_and_analysis_no_tensorflow():
    snakefile = (SOURCE.parent / "Snakefile").read_text(encoding="utf-8")
    statements = re.findall(r"^from vgstudy.* import .+$", snakefile, flags=re.MULTILINE)
    planning = sorted(of_the_package(imports(ast.parse("\n".join(statements)))))
    assert planning
    analysis = [module for module in LAYERED if LAYERS[part(module)] not in ("TensorFlow", "tools")]
    after_planning, after_all = loaded_by(["vgstudy", *planning], analysis)
    assert not after_planning & HEAVY
    assert not after_all & {"tensorflow", "keras"}
