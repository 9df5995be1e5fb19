"""Folded tables, by hand and against the tables that they are made from."""

from math import inf, nan

from synthetic import made_frames
from vgstudy.figures.frames import read_frames
from vgstudy.report.repeats import fingerprint
from vgstudy.report.study_tables import (
    LARGE,
    comparison_sentences,
    comparison_table,
    network_table,
    result_tables,
    robustness_tables,
    validation_tables,
)
from vgstudy.store.records import Record, read_record

HE = {"initializer": "He", "value": 4.0, "low": 2.0, "high": 8.0, "p_adjusted": 0.001}
SAME_AT_ALL_DEPTHS = {"p_depth_adjusted": 1.0}
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


def pooled(*rows):
    return made_frames(pooled=[{**HE, **SAME_AT_ALL_DEPTHS, **row} for row in rows])


def test_settings_are_counted_by_hand():
    frames = pooled(
        {},
        {"width": 25, "value": 0.2},
        {"activation": "ReLU", "p_adjusted": 0.05},
        {"activation": "sigmoid", "value": nan, "p_adjusted": 1.0},
        {"initializer": "uniform(0, 1)"},
        {"optimizer": "Adam", "correction": "exploratory, FDR"},
    )
    assert comparison_sentences(frames) == (
        "He against Xavier: more often in 1 of 4 settings, less often in 1, changes with "
        "depth in 0, undecided in 2.",
        "uniform(0, 1) against Xavier: more often in 1 of 1 setting, less often in 0, changes with "
        "depth in 0, undecided in 0.",
    )


def test_where_it_changes_with_depth_no_single_odds_ratio_speaks_by_hand():
    (sentence,) = comparison_sentences(pooled({}, {"width": 25, "p_depth_adjusted": 0.01}))
    assert sentence == (
        "He against Xavier: more often in 1 of 2 settings, less often in 0, changes with "
        "depth in 1, undecided in 0."
    )


def again(monkeypatch, frames, seeds, *rows):
    """Let the record of tests made again hold these rows, of the study that is shown."""
    kept = pooled(*rows).pooled.astype(dict.fromkeys(("activation", "initializer"), "str"))
    provenance = {"fingerprint": fingerprint(frames.study), "seeds": seeds}
    record = Record(kept.to_dict("records"), provenance)
    monkeypatch.setattr("vgstudy.report.fresh_tests.read_record", lambda _: record)


def test_tests_made_again_on_fresh_seeds_stand_next_to_the_first_by_hand(monkeypatch):
    frames = pooled({}, {"width": 25})
    again(monkeypatch, frames, [1000], {"value": 3.0, "p_adjusted": 0.4}, {"width": 25})
    (sentence,) = comparison_sentences(frames)
    assert sentence.endswith(
        "undecided in 0. On seeds 10 to 29: more often in 1 of 2 settings, less often in 0, "
        "changes with depth in 0, undecided in 1."
    )
    table = comparison_table(frames)
    at = table.head.index("odds ratio, seeds 10 to 29")
    assert [row[at : at + 2] for row in table.rows] == [
        ("3.0 [2.0, 8.0]", "0.400"),
        ("4.0 [2.0, 8.0]", "0.00100"),
    ]


def test_seeds_that_the_study_has_itself_are_not_fresh(monkeypatch):
    frames = pooled({})
    again(monkeypatch, frames, list(frames.study["seeds"])[-1:], {})
    assert "On seeds" not in comparison_sentences(frames)[0]
    assert not any("seeds 10" in name for name in comparison_table(frames).head)


def test_levels_read_as_words_by_hand():
    width = {"initializer": "Xavier", "factor": "width", "reference": "5", "width": 25}
    (sentence,) = comparison_sentences(pooled(width))
    assert sentence.startswith("25 wide against 5 wide: more often in 1 of 1 setting")


def test_open_intervals_and_bounds_are_shown_by_hand():
    limits = {"limit_difference": 3.0, "limit_low": 1.0, "limit_high": 5.0}
    rows = (
        {**limits, "limit_bound": "at least"},
        {"value": inf, "low": 12.0, "high": inf},
        {"value": 0.0, "low": 0.0, "high": 0.4},
        {"value": nan, "low": 0.0, "high": inf},
    )
    table = comparison_table(pooled(*rows))
    at = table.head.index("odds ratio [interval]")
    assert [row[at] for row in table.rows] == [
        "4.0 [2.0, 8.0]",
        "∞ [12.0, ∞]",
        "0.00 [0.00, 0.40]",
        "– [0, ∞]",
    ]
    at = table.head.index("limit difference [interval]")
    assert [row[at] for row in table.rows] == ["≥ +3.0 [+1.0, +5.0]", "–", "–", "–"]
