"""Folded tables, by hand and against the tables that they are made from."""

from synthetic import made_frames
from vgstudy.figures.frames import read_frames
from vgstudy.report.study_tables import (
    LARGE,
    network_table,
    result_tables,
    robustness_tables,
    validation_tables,
)
from vgstudy.store.records import read_record

ZERO = {"quantity": "p_zero_dead", "value": 0.25, "low": 0.1, "high": 0.6}


def test_every_topic_has_one_table_against_the_tables(reported):
    frames = read_frames(reported / "made")
    captions = [table.caption.split(" (")[0].split(";")[0] for table in result_tables(frames)]
    assert captions == [
        "Estimates of each network",
        "Factor of δ from each layer to the next",
        "Levels compared over all depths",
        "Depth limits",
        "Shares of variance over runs",
    ]
    limits = result_tables(frames)[3]
    assert len(limits.rows) == len(frames.limits)


def test_causes_of_zeros_are_shown_where_there_are_some_by_hand():
    rows = [ZERO, ZERO | {"quantity": "p_zero_underflow", "value": 0.0, "low": 0.0}]
    (table,) = robustness_tables(made_frames(rows))
    assert table.rows == (
        ("10", "5", "tanh", "Xavier", "SGD", "0", "zero: dead", "0.25 [0.10, 0.60]", "10"),
    )


def test_a_large_table_is_shown_at_the_reference_depth_by_hand():
    rows = [ZERO | {"depth": depth, "epoch": epoch} for depth in (2, 10) for epoch in range(LARGE)]
    table = network_table("Zeros", made_frames(rows).estimates, ("depth",))
    assert table.caption == "Zeros; depth 10, other depths in the CSV file"
    assert table.rows == (("10",),) * LARGE


def test_no_table_is_without_rows():
    assert result_tables(made_frames()) == robustness_tables(made_frames()) == ()


def test_every_published_number_and_every_coverage_has_a_row():
    published, coverage = validation_tables()
    assert len(published.rows) == len(read_record("published").rows)
    assert len(coverage.rows) == len(read_record("coverage").rows)
    assert "computed once for this version of the package, on 2" in coverage.caption
