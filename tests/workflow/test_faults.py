"""No fault costs more than what it hit: kills at random moments, damaged files, full disks, two
workflows.

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

import pytest

from faults import DAMAGES, UNSEEN, damage, kill, killed, processes
from sites import Site
from vgstudy.store.parquet import read_footer, read_table, write_table

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
    assert (again.communicate()[1], again.returncode) == ("", 0)
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
    made.complete()
    assert made.files() == expected
    assert "Nothing to be done" in made.complete()


@pytest.mark.parametrize("how", ["Ctrl-C", "job"])
def test_a_stop_is_told_apart_from_a_failure(site, how):
    made, expected = site
    for name in list(expected):
        (made.results / name).unlink()
    process = made.start()
    while process.poll() is None and not any(
        "vgstudy train" in command for _, command in processes(process.pid)
    ):
        time.sleep(0.01)
    if how == "Ctrl-C":
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        process.wait()
    else:
        kill(process, how)
    said, stops = (
        made.said(),
        ("Stopped. What is finished is kept", "Cancelling snakemake on user request"),
    )  # or its own
    assert ("Some jobs failed: " in said, any(stop in said for stop in stops)) == (
        how == "job",
        how == "Ctrl-C",
    )
    made.complete()
    assert made.files() == expected


def test_damaged_files_are_told_and_made_again(site):
    made, expected = site
    rng = random.Random(1)
    paths = rng.sample(made.tables(), len(DAMAGES))
    job = next(path for path in sorted(made.results.rglob("probes/*.parquet")) if path not in paths)
    paths[DAMAGES.index("another job's")] = job
    for path, how in zip(paths, DAMAGES, strict=True):
        damage(path, how, rng)
    said = made.complete()
    told = {
        line.partition(" ")[0] for line in said.splitlines() if line.endswith("it is made again")
    }
    assert told == {
        str(path.relative_to(made.folder))
        for path, how in zip(paths, DAMAGES, strict=True)
        if how not in UNSEEN
    }
    assert made.files() == expected


def test_results_without_snakemakes_notes_follow_the_study_all_the_same(site):
    """Somebody deleted .snakemake, or copied results/ without it, and the manifests."""
    made, expected = site
    before = {name: age for name, age in made.ages().items() if "/probes/" in name}
    shutil.rmtree(made.folder / ".snakemake")
    for manifest in made.results.glob("faults/jobs/*.json"):
        manifest.unlink()
    said = made.complete("--config", "seeds=2")
    assert "results/faults/runs.parquet is of another design than the study's now" in said
    assert "is missing, unlike what was trained from it; it is written again" in said
    assert "with 2 seeds" in (made.results / "summary.md").read_text()
    shutil.rmtree(made.folder / ".snakemake")
    made.complete()
    assert made.files() == expected
    assert before == {name: age for name, age in made.ages().items() if "/probes/" in name}


def test_what_other_studies_or_versions_made_is_made_again_without_snakemakes_notes(site):
    made, expected = site
    claims, limits, sums = (
        made.results / name
        for name in ("claims.parquet", "faults/limits.parquet", "faults/figures/SHA256SUMS")
    )
    footer = read_footer(claims)
    write_table(
        "claims",
        read_table("claims", claims),
        claims,
        {**footer, "studies": [*footer["studies"], "another"]},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vgstudy.store.parquet.STAGES", {"estimate": 0})
        write_table("limits", read_table("limits", limits), limits, read_footer(limits))
    sums.write_text(sums.read_text().replace("version", "version 0 or", 1))
    shutil.rmtree(made.folder / ".snakemake")
    said = made.complete()
    assert "results/claims.parquet is of other studies; it is made again" in said
    assert (
        "tables made by `vgstudy estimate` are of another version of vgstudy; they are made again"
        in said
    )
    assert "results/faults/figures/SHA256SUMS is damaged or of another version" in said
    assert made.files() == expected


def test_a_deleted_folder_of_pictures_is_made_again(site):
    made, expected = site
    shutil.rmtree(made.results / "faults/figures")
    made.complete()
    assert made.files() == expected


def test_what_a_job_wrote_after_its_workflow_was_killed_counts(site):
    made, expected = site
    for name in list(expected):
        (made.results / name).unlink()
    process = made.start("--cores", "1")
    while not any("vgstudy train" in command for _, command in processes(process.pid)):
        time.sleep(0.01)
    process.kill()
    process.wait()
    while any("vgstudy" in command for _, command in processes(process.pid)):
        time.sleep(0.05)
    trained = {name: age for name, age in made.ages().items() if "/probes/" in name}
    assert trained
    made.complete()
    assert made.files() == expected
    assert trained.items() <= made.ages().items()


def test_an_analysis_never_uses_a_damaged_file(site):
    made, expected = site
    path = max(made.results.glob("faults/decays/*.parquet"))
    whole = path.read_bytes()
    damage(path, "flipped bit", random.Random(2))
    process = made.vgstudy("estimate", "results/faults")
    error = process.communicate()[1]
    assert process.returncode == 2
    assert error.startswith(
        f"error: {path.relative_to(made.folder)} is truncated or damaged (its checksum is not that of its content)"
    )
    assert f"rebuild it: `rm {path.relative_to(made.folder)}`, then `snakemake " in error
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
        "cannot be written: file too large; mend that and start again: what is finished is kept"
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
    while first.poll() is None and (made.results / ".lock").read_text() != f"{first.pid}\n":
        time.sleep(0.05)
    second = subprocess.run(
        first.args, cwd=made.folder, env=made.environment, capture_output=True, text=True
    )
    assert second.returncode == 2
    assert (
        f"error: results: another workflow (process {first.pid}) is at work here" in second.stderr
    )
    assert first.wait() == 0, made.said()
    assert made.files() == expected


def test_results_that_cannot_be_written_are_one_line(site):
    made, expected = site
    moved = made.results.rename(made.folder / "moved")
    made.results.write_text("a file where a folder should be")
    process = made.start()
    assert process.wait() == 2
    assert made.said().splitlines()[1:] == [
        "error: results: cannot be written: results is no folder that you may write to; change its rights or move it"
    ]
    made.results.unlink()
    moved.rename(made.results)
    assert "Nothing to be done" in made.complete()
    assert made.files() == expected


def test_a_job_without_memory_fails_and_leaves_what_was_there(site):
    made, expected = site
    manifest, _ = manifest_and_tables(made)
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (2 * 10**8,) * 2)  # noqa: E731
    process = made.vgstudy("train", str(manifest), preexec_fn=limit)
    process.communicate()
    assert process.returncode
    assert made.files() == expected


def test_a_manifest_and_a_table_of_the_same_job_are_mended_in_one_call(site):
    made, expected = site
    manifest, tables = manifest_and_tables(made)
    rng = random.Random(3)
    for path in (manifest, tables[0]):
        damage(path, "truncated", rng)
    said = made.complete()
    assert (
        f"{manifest.relative_to(made.folder)} is no job manifest, or was changed; it is written again"
        in said
    )
    assert made.files() == expected
    assert "Nothing to be done" in made.complete()


def test_damaged_pictures_and_pages_are_told_and_made_again(site):
    made, expected = site
    hows = {"faults/figures/profile-start.svg": "missing", "report.html": "flipped bit"}
    for name, how in hows.items():
        damage(made.results / name, how, random.Random(4))
    said = made.complete()
    told = {"missing": "missing", "flipped bit": "damaged or changed"}
    assert all(f"results/{name} is {told[how]}; results/" in said for name, how in hows.items())
    assert made.files() == expected


# not even root may write where the rights forbid it without this capability
MORTAL = (
    ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
)


@pytest.mark.parametrize("folder", ["results/faults", ".snakemake/metadata"])
def test_a_read_only_folder_is_one_line(site, folder):
    made, expected = site
    (made.results / "claims.parquet").unlink()
    (made.folder / folder).chmod(0o555)
    try:
        process = made.start(before=MORTAL)
        assert process.wait() == 2
    finally:
        (made.folder / folder).chmod(0o755)
    assert made.said().splitlines()[1:] == [
        f"error: results: cannot be written: {folder} is no folder that you may write to; change its rights or move it"
    ]
    made.complete()
    assert made.files() == expected


def test_a_table_that_may_not_be_read_is_one_line(site):
    made, expected = site
    (made.results / "claims.parquet").unlink()
    path = next(made.results.rglob("probes/*.parquet"))
    path.chmod(0)
    try:
        process = made.start(before=MORTAL)
        assert process.wait() == 2
    finally:
        path.chmod(0o644)
    (told,) = made.said().splitlines()[1:]
    assert told.startswith(
        f"error: {path.relative_to(made.folder)}: cannot be read: permission denied; mend that and start"
    )
    made.complete()
    assert made.files() == expected


@pytest.fixture
def tiny_disk(site):
    """A disk of its own, too small for the second batch of a study's decay factors."""
    made, expected = site
    folder = made.results / "faults/decays"
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


def test_a_disk_that_runs_full_is_told_and_what_fits_is_kept(site, tiny_disk):
    made, expected = site
    process = made.start("--cores", "1")
    assert process.wait() == 1
    said = " ".join(made.said().split())
    assert (
        ".parquet: cannot be written: no space left on device; mend that and start again: what is finished is kept"
        in said
    )
    assert (
        "What is finished is kept: mend what the logs name, then start the same command again."
        in said
    )
    kept = [path for path in tiny_disk.iterdir() if path.suffix == ".parquet"]
    assert kept
    assert made.files().items() <= expected.items()
    ages = {path: path.stat().st_mtime_ns for path in kept}
    subprocess.run(["mount", "-o", "remount,size=1m", tiny_disk], check=True)
    made.complete()
    assert made.files() == expected
    assert {path: path.stat().st_mtime_ns for path in kept} == ages
