"""Where the numbers come from, by hand and against hashlib."""

import hashlib
import json

from vgstudy.report.provenance import cost_sentence, duration, read_provenance, version_table
from vgstudy.store.parquet import read_footer, read_table


def test_cost_by_hand():
    costs = [
        {"cpu_seconds": 100.0, "wall_seconds": 90.0, "peak_mb": 900.4},
        {"cpu_seconds": 80.0, "wall_seconds": 130.0},
    ]
    assert cost_sentence(costs, 2) == (
        "Training took 3.00 min of CPU time in 2 jobs; the longest trained for 2.17 min on the "
        "clock and "
        "the largest needed 900 MiB of memory."
    )
    assert cost_sentence(costs[1:], 2) == (
        "Training took 80.0 s of CPU time in 2 jobs (recorded for 1); the longest trained for "
        "2.17 min on the clock."
    )
    assert cost_sentence([], 2) == "What training took was not recorded."
    assert cost_sentence([costs[1] | {"runs": 1320}], 1).startswith(
        "Training 1,320 runs took 80.0 s of CPU time in 1 job;"
    )


def test_versions_that_differ_are_all_named_by_hand():
    sources = [
        {"cpu": c, "utc": "now", "packages": {"numpy": "2"}, "flags": {"F": f}}
        for c, f in (("x", None), ("y", "1"))
    ]
    assert version_table(sources).rows == (("cpu", "x and y"), ("numpy", "2"), ("F", "none and 1"))


def test_hashes_against_hashlib(reported):
    source = read_provenance(reported / "other")
    hashes = {name: (rows, digest) for name, rows, digest in source["hashes"].rows}
    content = (reported / "other/estimates.parquet").read_bytes()
    assert hashes["estimates.parquet"][1] == hashlib.sha256(content).hexdigest()
    jobs = sorted(set(read_table("runs", reported / "other/runs.parquet")["job"].to_pylist()))
    each = [
        hashlib.sha256((reported / f"other/probes/{job}.parquet").read_bytes()).hexdigest()
        for job in jobs
    ]
    assert (
        hashes[f"probes/ ({len(jobs)} files)"][1]
        == hashlib.sha256("".join(each).encode()).hexdigest()
    )
    assert json.loads(source["config"]) == read_footer(reported / "other/runs.parquet")["study"]


def test_duration_by_hand():
    assert [duration(seconds) for seconds in (80, 300, 9000)] == ["80.0 s", "5.00 min", "2.50 h"]
