"""TensorBoard's event files: read back with TensorBoard's own loader, and shown by a real
TensorBoard in a browser."""

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.plugins.distribution.compressor import compress_histogram
from tensorboard.util.tensor_util import make_ndarray
from typer.testing import CliRunner

from synthetic import write_synthetic_study
from vgstudy.cli import app
from vgstudy.errors import UserError
from vgstudy.probe.events import append_events, buckets, row_events, write_study
from vgstudy.schema import QUANTILES
from vgstudy.store.parquet import read_footer, read_table, write_table
from vgstudy.study_results import load

CELL = "5x5-tanh"
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose first job logged quantiles."""
    path = tmp_path_factory.mktemp("study") / "made"
    write_synthetic_study(
        path,
        depths=(2, 5),
        widths=(5,),
        initializers=("Xavier", "He"),
        optimizers=("SGD",),
        seeds=range(2),
    )
    for file in (path / "probes").glob("*a.parquet"):
        table, footer = read_table("probes", file), read_footer(file)
        for name in ("g_quantiles", "w_quantiles"):
            quantiles = [np.linspace(-g, 2 * g, len(QUANTILES)) for g in table["g_rms"].to_pylist()]
            table = table.set_column(
                table.column_names.index(name), name, pa.array(quantiles, pa.list_(pa.float64()))
            )
        write_table(
            "probes",
            table,
            file,
            {key: value for key, value in footer.items() if key not in ("table", "schema", "rows")},
        )
    return path


@pytest.fixture(scope="module")
def logdir(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs")
    assert write_study(folder, path, CELL) == 4
    return path


def runs(logdir: Path) -> dict[str, EventAccumulator]:
    """Every run under its name, loaded as TensorBoard does."""
    found = {}
    for file in logdir.rglob("*tfevents*"):
        accumulator = EventAccumulator(str(file), size_guidance={"tensors": 0})
        accumulator.Reload()
        found[str(file.parent.relative_to(logdir))] = accumulator
    return found


def series(run: EventAccumulator, tag: str) -> dict[int, np.ndarray]:
    return {each.step: make_ndarray(each.tensor_proto) for each in run.Tensors(tag)}


def test_runs_are_named_by_cell_and_seed(folder: Path, logdir: Path) -> None:
    chosen = load(folder).runs
    chosen = chosen[chosen["cell"].str.contains(CELL)]
    names = {
        f"{cell}/seed-{seed}" for cell, seed in zip(chosen["cell"], chosen["seed"], strict=True)
    }
    assert runs(logdir).keys() == names


def test_scalars_against_the_tables(folder: Path, logdir: Path) -> None:
    results = load(folder)
    name, run = next((name, run) for name, run in runs(logdir).items() if name.endswith("seed-1"))
    cell, seed = name.split("/")[0], 1
    expected = {
        "g_rms/layer 03": results.read(
            "probes", ["epoch", "g_rms"], cell=cell, seed=seed, layer=3
        ).set_index("epoch")["g_rms"],
        "decay/d_delta": results.read(
            "decays", ["epoch", "d_delta"], cell=cell, seed=seed
        ).set_index("epoch")["d_delta"],
        "accuracy/test": results.read(
            "curves", ["epoch", "test_accuracy"], cell=cell, seed=seed
        ).set_index("epoch")["test_accuracy"],
    }
    for tag, column in expected.items():
        found = {step: float(value) for step, value in series(run, tag).items()}
        assert found == pytest.approx(column.dropna().to_dict()), tag
    assert "h_rms/layer 06" not in run.Tags()["tensors"]  # null in the output layer
    assert "h_rms/layer 05" in run.Tags()["tensors"]


def test_histograms_and_distributions_against_quantiles(folder: Path, logdir: Path) -> None:
    found = runs(logdir)
    name = next(name for name in found if name.endswith("seed-0"))
    histogram = series(found[name], "gradients/layer 02")[0]
    g = (
        load(folder)
        .read("probes", ["g_rms"], cell=name.split("/")[0], seed=0, layer=2, epoch=0)["g_rms"]
        .item()
    )
    assert histogram[:, 2].sum() == pytest.approx(25)
    assert (histogram[0, 0], histogram[-1, 1]) == pytest.approx((-g, 2 * g))
    median = {round(each[0]): each[1] for each in compress_histogram(histogram)}[5000]
    assert median == pytest.approx(g / 2)
    without = next(name for name in found if name.endswith("seed-1"))
    assert not [tag for tag in found[without].Tags()["tensors"] if tag.startswith("gradients")]


@pytest.mark.parametrize(
    ("quantiles", "expected"),
    [
        ([0, 1, 2], [[0, 1, 5], [1, 2, 5]]),
        ([3, 3, 3], [[3, 3, 10]]),
        ([0, 0, 2], [[0, 2, 10]]),
        ([0, 2, 2], [[0, 2, 10]]),
    ],
)
def test_buckets_by_hand(quantiles: list[float], expected: list[list[float]]) -> None:
    assert buckets(quantiles, (0.0, 0.5, 1.0), 10).tolist() == expected


def test_the_same_tables_give_the_same_bytes(folder: Path, logdir: Path, tmp_path: Path) -> None:
    write_study(folder, tmp_path, CELL)
    write_study(folder, tmp_path, CELL)
    contents = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*tfevents*")}
        for root in (logdir, tmp_path)
    ]
    assert contents[0] == contents[1]


def test_events_are_added_to_a_file(tmp_path: Path) -> None:
    for epoch in range(3):
        rows = [{"epoch": epoch, "train_loss": float(epoch)}]
        append_events(
            tmp_path / "new/events.out.tfevents.1.vgstudy", row_events("curves", rows, 1.0)
        )
    found = series(runs(tmp_path)["new"], "loss/train")
    assert {step: float(value) for step, value in found.items()} == {0: 0.0, 1: 1.0, 2: 2.0}


@pytest.mark.parametrize(
    ("cells", "seeds", "message"),
    [
        ("nothing", None, "--cells: no run has a cell like 'nothing'; cells are such as circles-2"),
        ("nothing", (0,), "--cells: no run has a cell like 'nothing'; cells are such as circles-2"),
        (None, (7,), "--seeds: these cells have no runs of seeds 7; they have 0 and 1"),
        (CELL, range(99), "--seeds: these cells have no runs of seeds 2–98; they have 0 and 1"),
        ("(", None, "is not a regular expression"),
    ],
)
def test_a_selection_of_nothing_is_one_clear_line(
    folder: Path, tmp_path: Path, cells: str | None, seeds: Sequence[int] | None, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        write_study(folder, tmp_path / "logs", cells, seeds)
    assert not (tmp_path / "logs").exists()


def invoke(*arguments: str):
    return CliRunner().invoke(app, ["tensorboard", *arguments])


def test_the_command_writes_the_selected_runs(folder: Path, tmp_path: Path) -> None:
    arguments = (str(folder), "--logdir", str(tmp_path / "l"), "--cells", CELL)
    for seeds, message in (((), "4 runs written to"), (("--seeds", "1"), "2 runs written to")):
        result = invoke(*arguments, *seeds)
        assert result.exit_code == 0
        assert message in result.stdout


@pytest.mark.parametrize(
    ("logdir", "message"),
    [("", "--logdir: is empty; name a folder"), (__file__, "is a file; name a folder")],
)
def test_a_logdir_must_be_a_folder(folder: Path, logdir: str, message: str) -> None:
    result = invoke(str(folder), "--logdir", logdir)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_writing_and_diagnosing_need_no_tensorflow(folder: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
import vgstudy.probe.display
from vgstudy.probe.events import write_study
write_study(Path({str(folder)!r}), Path({str(tmp_path)!r}), {CELL!r})
print("tensorflow" in sys.modules)
"""
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        == "False\n"
    )


@pytest.fixture(scope="module")
def address(logdir: Path) -> Iterator[str]:
    """A TensorBoard on a free port of loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "tensorboard.main",
        "--logdir",
        str(logdir),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    server = subprocess.Popen(
        [*command, "--load_fast=false"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/data/plugin/scalars/tags", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until TensorBoard has loaded the runs."""
    for _ in range(240):
        assert server.poll() is None, "TensorBoard ended"
        try:
            if b"seed-1" in urllib.request.urlopen(url, timeout=5).read():
                return
        except OSError:
            pass
        time.sleep(0.5)
    pytest.fail("TensorBoard did not load the runs")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome found on PATH")
def test_a_real_tensorboard_shows_scalars_histograms_and_distributions(
    address: str, tmp_path: Path
) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.goto(f"{address}/#timeseries")
        expect(page.get_by_text("accuracy/test").first).to_be_visible(timeout=60_000)
        expect(page.get_by_text(re.compile(r"circles-5x5-tanh.*seed-1")).first).to_be_visible()
        page.screenshot(path=tmp_path / "scalars.png")
        for tab in ("histograms", "distributions"):
            page.goto(f"{address}/#{tab}")
            expect(page.get_by_text("gradients/layer 02").filter(visible=True).first).to_be_visible(
                timeout=60_000
            )
            page.screenshot(path=tmp_path / f"{tab}.png")
        browser.close()
