"""What the page carries stays small: bytes per point and per number, so that no figure or explorer
grows unnoticed.

In the report of the default studies (2026-11-21) a figure takes up to 0.2 kB a point on top of 15
to 25 kB.
"""

import pytest

from synthetic import write_synthetic_study
from vgstudy.figures.frames import read_frames
from vgstudy.report.arrays import packed
from vgstudy.report.attachments import Attachment
from vgstudy.report.page import code_library
from vgstudy.report.scripts import scripts
from vgstudy.report.weight import weight_sentence, weights

ESTIMATE = 6  # made-up estimates are noisier than real ones


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weight") / "made"
    design = {
        "activations": ("tanh", "ReLU"),
        "initializers": ("Xavier", "He"),
        "widths": (5,),
        "optimizers": ("SGD",),
    }
    write_synthetic_study(folder, depths=(2, 5, 9), seeds=range(4), **design)
    return read_frames(folder)


def test_an_estimate_in_the_explorer_takes_a_few_bytes(frames):
    found = packed(frames)
    count = sum(map(len, (frames.estimates, frames.trajectories, frames.profiles)))
    assert len(Attachment("", found.content).packed) < ESTIMATE * count


def test_what_every_page_carries_is_small():
    assert len(code_library().packed) < 450_000
    assert sum(map(len, scripts())) < 40_000


def test_weights_add_up_to_the_page_by_hand():
    files = [
        Attachment("a/figures/b.svg", b"x" * 50),
        Attachment("a/explorer", b"y"),
        Attachment("vega.js", b"z"),
    ]
    html = "".join(file.packed for file in files) + "ä" * 500_000
    parts = weights(html, files)
    assert sum(parts.values()) == pytest.approx(len(html.encode()) / 1e6)
    assert parts.keys() == {"pictures", "explorers", "Vega-Lite", "text and tables"}
    assert weight_sentence({"text": 1.04, "PDF": 0.5}) == "1.5 MB: text 1.0 and PDF 0.5"
    assert weight_sentence({"text": 9.0}).endswith("; 8 MB is the goal for the default studies")
