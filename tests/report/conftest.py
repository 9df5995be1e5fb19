"""A report of two made-up studies, one of them with a title full of HTML."""

import json
from pathlib import Path

import pytest

from synthetic import write_synthetic_study
from vgstudy.figures.frames import read_frames
from vgstudy.figures.registry import figures
from vgstudy.report.page import write_report
from vgstudy.store.parquet import read_footer, read_table, write_table

EVIL = "<script>alert('&amp;')</script> \"a\" & <b>b"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt" viewBox="0 0 72 36"/>'


def write_tiny_figures(folder: Path) -> None:
    """Write empty figures with the captions that the real ones have."""
    frames = read_frames(folder)
    captions = {name: spec.texts(spec.view(frames)) for name, spec in figures(frames.study).items()}
    (folder / "figures").mkdir()
    (folder / "figures/captions.json").write_text(json.dumps(captions), encoding="utf-8")
    for name in captions:
        (folder / f"figures/{name}.svg").write_text(SVG)


def retitle(folder: Path, title: str) -> None:
    """Change the title in the study's footer."""
    path = folder / "runs.parquet"
    footer = read_footer(path)
    footer["study"]["title"] = title
    write_table("runs", read_table("runs", path), path, footer)


@pytest.fixture(scope="session")
def reported(tmp_path_factory) -> Path:
    """A folder of results with the studies `made` and `other`, and their report."""
    folder = tmp_path_factory.mktemp("reported")
    made = {"depths": (2, 5, 6), "initializers": ("Xavier", "He"), "seeds": range(4)}
    other = {"depths": (1,), "widths": (5,), "activations": ("ReLU",), "optimizers": ("SGD",)}
    write_synthetic_study(folder / "made", **made)
    write_synthetic_study(folder / "other", **other, seeds=range(2))
    retitle(folder / "made", EVIL)
    for name in ("made", "other"):
        write_tiny_figures(folder / name)
    write_report(folder, ["made", "other"])
    return folder
