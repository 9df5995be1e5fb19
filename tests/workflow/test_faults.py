"""No fault costs more than what it hit: kills, damaged files, full disks, two workflows.

`make faults` is the long version, with 200 faults and more.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from faults import DAMAGES, damage, kill, killed, processes
from sites import Site
from vgstudy.store.parquet import read_footer, write_table

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A finished study and what its files hold; every test leaves it finished."""
    made = Site(tmp_path_factory.mktemp("faults"))
    made.complete()
    return made, made.files()


def manifest_and_tables(site: Site) -> tuple[Path, list[Path]]:
    manifest = min(site.results.glob("faults/jobs/*.json"))
    return manifest, [
        site.results / "faults" / table / f"{manifest.stem}.parquet"
        for table in ("probes", "curves")
    ]


@pytest.mark.parametrize("point", range(12))
def test_a_training_process_killed_at_any_moment_leaves_whole_files_or_none(site, point):
    """Before, during and after the write: the last points are in the tenth of a second in which it
    happens."""
    made, expected = site
    manifest, tables = manifest_and_tables(made)
    for path in tables:
        path.unlink()
    begin = time.monotonic()
    process = made.vgstudy("train", str(manifest))
    if point < 4:
        time.sleep(0.2 * point)
    else:
        while (
            not list(tables[0].parent.glob(f".{tables[0].name}.*"))
            and process.poll() is None
            and time.monotonic() < begin + 60
        ):
            time.sleep(0.001)  # until it has opened its first file
        time.sleep(0.03 * (point - 4))
    process.send_signal(signal.SIGTERM if point % 4 == 3 else signal.SIGKILL)
    process.communicate()
    assert made.files().items() <= expected.items()
    again = made.vgstudy("train", str(manifest))
    says = "faults: 4 of 4 jobs trained\n"
    assert (again.communicate()[1], again.returncode) == (says, 0)
    assert made.files() == expected
    assert not list(made.results.rglob(".*.part"))


def test_a_workflow_killed_again_and_again_completes(site):
    made, expected = site
    for name in list(expected):
        (made.results / name).unlink()
    rng = random.Random(0)
    for jobs, how in enumerate(
        ("power cut", "snakemake", "job", "SIGTERM", "Ctrl-C", "snakemake", "power cut", "job")
    ):
        killed(made, how, jobs, rng.uniform(0, 2))
        assert made.files().items() <= expected.items()
    made.unlock()
    made.complete()
    assert made.files() == expected
    assert "Nothing to be done" in made.complete()


@pytest.mark.parametrize("how", ["Ctrl-C", "job"])
def test_a_stopped_workflow_is_started_again_without_unlocking(site, how):
    made, expected = site
    for name in list(expected):
        (made.results / name).unlink()
    process = made.start()
    while process.poll() is None and not any(
        "vgstudy train" in command for _, command in processes(process.pid)
    ):
        time.sleep(0.01)
    if how == "Ctrl-C":
        # as a terminal does
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
    else:
        kill(process, how)
        assert "Finished results are kept: fix what the logs" in made.output()
    made.complete()
    assert made.files() == expected


def test_a_killed_workflow_says_how_to_unlock(site):
    made, expected = site
    (made.results / "faults/limits.parquet").unlink()
    process = made.start()
    while not any("vgstudy estimate" in command for _, command in processes(process.pid)):
        time.sleep(0.01)
    kill(process, "power cut")
    assert made.start().wait() == 1
    assert "--unlock" in made.output()
    assert made.start("--unlock").wait() == 0
    made.complete()
    assert made.files() == expected


def test_damaged_files_are_named_and_made_again(site):
    made, expected = site
    rng = random.Random(1)
    paths = rng.sample(made.tables(), len(DAMAGES))
    job = next(path for path in sorted(made.results.rglob("probes/*.parquet")) if path not in paths)
    paths[DAMAGES.index("another job's")] = job
    for path, how in zip(paths, DAMAGES, strict=True):
        damage(path, how, rng)
    verify = made.vgstudy("verify")
    lines = verify.communicate()[0].splitlines()
    assert verify.returncode == 1
    wrong = {
        path
        for path, how in zip(paths, DAMAGES, strict=True)
        if how not in ("missing", "old", "flipped bit")
    }
    named = {path for path in paths if any(f"`rm {name(made, path)}`" in line for line in lines)}
    assert wrong <= named
    for path in named:
        path.unlink()
    made.complete()
    assert made.files() == expected
    again = made.vgstudy("verify")
    assert "0 with a problem" in again.communicate()[0]


def name(site: Site, path: Path) -> str:
    return str(path.relative_to(site.folder))


def test_results_without_snakemakes_notes_follow_the_study_all_the_same(site):
    """Somebody deleted .snakemake, or copied results/ without it."""
    made, expected = site
    before = {name: age for name, age in made.ages().items() if "/probes/" in name}
    shutil.rmtree(made.folder / ".snakemake")
    made.complete("--config", "seeds=2")
    assert "with 2 seeds" in (made.results / "summary.md").read_text()
    shutil.rmtree(made.folder / ".snakemake")
    made.complete()
    assert made.files() == expected
    assert before == {name: age for name, age in made.ages().items() if "/probes/" in name}


def test_tables_of_another_version_are_refused(site):
    made, expected = site
    limits = made.results / "faults/limits.parquet"
    whole = limits.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vgstudy.store.parquet.STAGES", {"estimate": 0})
        write_table("limits", pq.read_table(limits), limits, read_footer(limits))
    process = made.vgstudy("figures", "results/faults")
    error = process.communicate()[1]
    assert process.returncode == 2
    assert "was written by another version of `vgstudy estimate`; rebuild it: `rm " in error
    limits.write_bytes(whole)
    assert made.files() == expected


def test_a_deleted_folder_of_figures_is_made_again(site):
    made, expected = site
    shutil.rmtree(made.results / "faults/figures")
    made.complete()
    assert made.files() == expected


def test_an_analysis_never_uses_a_damaged_file(site):
    made, expected = site
    path = max(made.results.glob("faults/probes/*.parquet"))
    whole = path.read_bytes()
    # in the middle of the first page
    path.write_bytes(whole[:60] + bytes([whole[60] ^ 1]) + whole[61:])
    process = made.vgstudy("estimate", "results/faults")
    error = process.communicate()[1]
    assert process.returncode == 2
    assert error.startswith(f"error: {name(made, path)} is truncated or damaged (")
    assert f"rebuild it: `rm {name(made, path)}`, then `snakemake " in error
    assert error.count("\n") == 1
    path.write_bytes(whole)
    assert made.files() == expected


@pytest.mark.parametrize("command", ["train", "estimate"])
def test_a_full_disk_is_one_line_and_nothing_half_written(site, command):
    made, expected = site
    manifest, _ = manifest_and_tables(made)
    argument = manifest if command == "train" else made.results / "faults"
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))  # noqa: E731
    process = made.vgstudy(command, str(argument), preexec_fn=limit)
    error = process.communicate()[1]
    assert process.returncode == 2
    assert (
        "cannot be written: file too large; fix that and start again: finished results are kept"
        in error
    )
    assert error.count("\n") == 1
    assert made.files() == expected
    assert not list(made.results.rglob(".*.part"))


def test_a_second_workflow_is_refused_and_the_first_completes(site):
    made, expected = site
    for path in made.results.glob("faults/*/*.parquet"):
        path.unlink()
    first = made.start()
    while first.poll() is None and not any(made.folder.glob(".snakemake/locks/*")):
        time.sleep(0.05)
    second = subprocess.run(
        first.args, cwd=made.folder, env=made.environment, capture_output=True, text=True
    )
    assert second.returncode == 1
    assert "cannot be locked" in second.stderr
    assert first.wait() == 0, made.output()
    assert made.files() == expected


def test_a_job_without_memory_fails_and_leaves_what_was_there(site):
    made, expected = site
    manifest, _ = manifest_and_tables(made)
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (2 * 10**8,) * 2)  # noqa: E731
    process = made.vgstudy("train", str(manifest), preexec_fn=limit)
    process.communicate()
    assert process.returncode
    assert made.files() == expected


@pytest.fixture
def tiny_disk(site):
    """A disk of its own, too small for the probes of all jobs of a study."""
    made, expected = site
    folder = made.results / "faults/probes"
    for path in folder.iterdir():
        path.unlink()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=28k", "none", folder], capture_output=True
    )
    if mounted.returncode:
        made.complete()
        pytest.skip("mounting a disk needs root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
    made.complete()
    assert made.files() == expected


def test_a_disk_that_runs_full_is_named_and_what_fits_is_kept(site, tiny_disk):
    made, expected = site
    process = made.start("--cores", "1")
    assert process.wait() == 1
    output = " ".join(made.output().split())
    assert (
        ".parquet: cannot be written: no space left on device; fix that and start again: finished "
        "results are kept" in output
    )
    kept = [path for path in tiny_disk.iterdir() if path.suffix == ".parquet"]
    assert kept
    assert made.files().items() <= expected.items()
    ages = {path: path.stat().st_mtime_ns for path in kept}
    subprocess.run(["mount", "-o", "remount,size=1m", tiny_disk], check=True)
    made.complete()
    assert made.files() == expected
    assert {path: path.stat().st_mtime_ns for path in kept} == ages
