"""Findings about declared contrasts say what the tables say, by hand."""

from synthetic import made_frames, study
from vgstudy.report.contrast_findings import contrast


def pair(value, low, high, **columns):
    levels = {
        "factor": "initializer",
        "initializer": "He",
        "level": "He",
        "reference_level": "Xavier",
        "quantity": "p_learned",
        "epoch": 20,
        "correction": "Holm",
        "p_adjusted": 1.0 if low <= (columns.get("quantity") == "d_delta") <= high else 0.01,
    }
    return {**levels, "value": value, "low": low, "high": high, **columns}


def test_contrast_by_hand():
    differences = [
        pair(0.6, 0.2, 0.8),
        pair(-0.7, -0.9, -0.1, activation="ReLU"),
        pair(0.1, -0.2, 0.4, activation="sigmoid"),
    ]
    ratio = pair(1.4, 1.3, 1.5, quantity="d_delta", epoch=0)
    found = contrast(made_frames(contrasts=[*differences, ratio]), "initializer")
    assert found.headline == (
        "He against Xavier: P(learned) is higher in 1 of 3 pairs of cells, lower in 1 and "
        "undecided in 1 (tests "
        "corrected by Holm). Largest difference: −0.70 [−0.90, −0.10] with ReLU, SGD, depth 10, 5 "
        "wide."
    )
    assert found.more == (
        "He against Xavier: the decay factor of δ at epoch 0 is larger in 1 of 1 pair of cells, "
        "smaller in 0 and "
        "undecided in 0 (tests corrected by Holm).",
    )
    assert [table.caption for table in found.tables] == [
        "Ratio of decay factor of δ, depth 10",
        "Difference of P(learned), depth 10",
    ]
    assert found.tables[1].rows[0] == (
        "He against Xavier",
        "5",
        "SGD",
        "+0.60 [+0.20, +0.80]",
        "−0.70 [−0.90, −0.10]",
        "+0.10 [−0.20, +0.40]",
    )


def test_contrast_that_decides_nothing_names_no_largest_difference():
    found = contrast(made_frames(contrasts=[pair(0.6, -0.2, 0.8)]), "initializer")
    assert found.headline.endswith("undecided in 1 (tests corrected by Holm).")


def test_contrast_of_depths_has_a_row_for_each_depth():
    columns = {"factor": "depth", "initializer": "Xavier", "reference_level": "1"}
    rows = [pair(0.1, -0.1, 0.3, depth=d, level=str(d), **columns) for d in (2, 3)]
    assert [row[:2] for row in contrast(made_frames(contrasts=rows), "depth").tables[0].rows] == [
        ("2", "against 1"),
        ("3", "against 1"),
    ]


def test_a_declared_contrast_of_accuracies_by_hand():
    rows = [pair(0.6, 0.2, 0.8), pair(0.1, 0.05, 0.2, quantity="test_accuracy")]
    declared = [
        {
            "factor": "initializer",
            "reference": "Xavier",
            "quantities": ["p_learned", "test_accuracy"],
        }
    ]
    frames = made_frames(contrasts=rows, resolved={**study(), "contrasts": declared})
    found = contrast(frames, "initializer")
    assert "He against Xavier: test accuracy is higher in 1 of 1 pair of cells" in found.headline
    assert found.tables[-1].caption == "Difference of test accuracy, depth 10"
    undeclared = contrast(made_frames(contrasts=rows), "initializer")
    assert "test accuracy" not in undeclared.headline


def test_pairs_without_a_value_are_counted_by_hand():
    rows = [
        pair(1.4, 1.3, 1.5, quantity="d_delta", epoch=0),
        pair(None, 0, 2, quantity="d_delta", epoch=0, depth=5) | {"p_adjusted": None},
    ]
    assert (
        "larger in 1 of 2 pairs of cells, smaller in 0 and undecided in 0; 1 has no interval"
        in (contrast(made_frames(contrasts=rows), "initializer").headline)
    )
