"""What fixes a failing network: sentences from rows by hand, and the package's own tables."""

from pathlib import Path

from vgstudy.report.fixes import (
    TORCH,
    depth_limits,
    depth_sentence,
    edge_sentence,
    fixes,
    initialiser_sentence,
    rate_sentence,
    rate_table,
    remedies_by_depth,
    remedy_sentence,
)
from vgstudy.report.gradient_cause import (
    EQUAL,
    FIXED,
    PROFILE,
    REVERSE,
    SIZE,
    UNTOUCHED,
    cause_finding,
    cause_sentence,
    is_cause,
)
from vgstudy.store.records import Record, read_record

LEVELS = {
    "depth": 5,
    "width": 5,
    "activation": "tanh",
    "initializer": "He",
    "optimizer": "SGD",
    "rate_factor": 3.0,
    "remedy": "none",
}


def network(at_one, value, low, high):
    return {**LEVELS, "at_one": at_one, "value": value, "low": low, "high": high, "n": 100}


def test_networks_that_gain_are_counted_by_hand():
    rows = [network(0.1, 0.6, 0.5, 0.7), network(0.4, 0.5, 0.35, 0.6)]
    assert rate_sentence(rows) == (
        "1 of tutorial A's 2 networks learn more often at their best learning rate: the share that "
        "learns at the given rate lies below the 95 % interval of the share at the best."
    )


def test_best_rates_at_the_ends_of_the_grid_are_counted_by_hand():
    rows = [{"rate_factor": rate} for rate in (0.1, 1, 10, 10)]
    assert (
        edge_sentence(rows)
        == "3 of 4 best rates lie at an end of those tried, so better ones may exist."
    )


def test_the_table_in_sight_has_shares_in_percent_and_the_largest_gain_first_by_hand():
    rows = [network(0.4, 0.5, 0.35, 0.6), network(0.06, 0.56, 0.46, 0.65)]
    table = rate_table(Record(rows, {"date": "today"}))
    assert table.rows == (
        ("tanh, He, depth 5, 5 wide", "6 %", "56 % [46, 65]", "3"),
        ("tanh, He, depth 5, 5 wide", "40 %", "50 % [35, 60]", "3"),
    )


def test_the_tables_say_when_they_were_made():
    section = fixes()
    assert all("run on" in each.caption for each in section["tables"])
    assert len(section["tables"][0].rows) == 7
    assert len(section["sentences"]) == 5


def arm(remedy, reference, value, low, high, **counts):
    row = {**network(None, value, low, high), "remedy": remedy, "reference": reference}
    return row | {"learned_reference": 10, "cured": 40, "harmed": 2} | counts


def healthy_with(low, high):
    """What the failing network's profile does to a healthy one."""
    return arm(REVERSE, UNTOUCHED, -0.3, low, high) | {"initializer": "Xavier"}


def test_gradients_are_the_cause_only_if_the_profile_helps_and_the_reverse_harms_by_hand():
    harmful, harmless = healthy_with(-0.4, -0.2), healthy_with(-0.4, 0.2)
    assert is_cause({"low": 0.25}, harmful) == "Yes"
    assert is_cause({"low": 0.15}, harmful) == "Not shown"
    assert is_cause({"low": 0.25}, harmless) == "Not shown"


def test_remedies_that_are_as_good_as_the_best_are_named_by_hand():
    def remedied(activation, remedy, as_good):
        row = {**network(None, 0.5, 0.4, 0.6), "remedy": remedy, "activation": activation}
        return row | {"depth": 20, "as_good": as_good}

    rows = [
        remedied("ReLU", "none", True),
        remedied("ReLU", "skip", False),
        remedied("SELU", "none", True),
        remedied("sigmoid", "skip", True),
        remedied("sigmoid", "batch norm", True),
        remedied("sigmoid", "skip", True) | {"optimizer": "Adam"},
        remedied("sigmoid", "none", False),
    ]
    assert remedy_sentence(rows) == (
        "With 20 layers of 5 units, each at its best rate, plain ReLU networks are not shown to be "
        "worse than the best remedy tried; sigmoid networks need skip, batch norm before the "
        "activation or skip with Adam."
    )


def test_counts_at_each_depth_stand_side_by_side_by_hand():
    shallow = {**network(None, 0.9, 0.8, 1.0), "remedy": "skip"}
    rows = [shallow, shallow | {"depth": 20, "value": 0.25, "n": 40}, {**shallow, "remedy": "none"}]
    table = remedies_by_depth(Record(rows, {"date": "today"}))
    assert table.head[-2:] == ("5 layers", "20 layers")
    assert [row[-3:] for row in table.rows] == [
        ("none", "90 of 100", "not run"),
        ("skip", "90 of 100", "10 of 40"),
    ]


def test_the_answer_to_the_open_question_counts_seeds_by_hand():
    shape = {"initializer": "uniform(0,1)"}
    learned = {EQUAL: 70, PROFILE: 85, FIXED: 50, SIZE: 56}
    arms = [
        arm(name, UNTOUCHED, -0.05, -0.1, 0.1, learned=count, learned_reference=55) | shape
        for name, count in learned.items()
    ]
    profile = arm(PROFILE, SIZE, 0.3, 0.25, 0.4) | shape
    rows = [*arms, profile, healthy_with(-0.4, -0.2)]
    rates = [network(0.08, 0.5, 0.4, 0.6) | shape]
    finding = cause_finding(rows, rates)
    assert finding.text == (
        "Yes: at best learning rates 85 of 100 seeds learn with equal gradients in all layers, 55 "
        "without. Unequal gradients harm 2 of 100 healthy networks."
    )
    assert finding.certainty == (
        "That is 30 points [25, 40] more than with size alone changed. At the tutorial's rate "
        "8 % learn."
    )
    assert [bar.text for bar in finding.bars] == ["55", "85", "56"]
    harmless = cause_finding([*arms, profile, healthy_with(-0.4, 0.2)], rates)
    assert harmless.text.startswith("Not shown: ")
    sentence = cause_sentence(rows)
    assert (
        "55 of 100 seeds of tutorial A's failing network learn. If every layer's gradient gets"
        in sentence
    )
    assert "at every step, 70 learn; if the overall size also stays as it was, 85; " in sentence
    assert "before training lets 50 learn (−5 points [−10, 10])" in sentence
    assert "harm 2 of 100 seeds. " in sentence
    assert sentence.endswith(" by the rule set before looking? Yes.")


def test_the_sentence_on_initialisers_names_both_by_hand():
    levels = LEVELS | {"depth": 10, "width": 25}
    rows = [
        levels | {"initializer": name, "value": value, "learned": learned, "n": 10}
        for name, value, learned in (("Xavier", 0.947, 1.0), (TORCH, 0.554, 0.0))
    ]
    assert initialiser_sentence(rows) == (
        "At every tanh layer PyTorch's default initialisation, U(±1/√fan_in), keeps 0.55 of the "
        "signal, Xavier 0.95. With 10 layers of 25 units 0 of 10 seeds learn with PyTorch's "
        "default, 10 of 10 with Xavier."
    )


def test_depth_limits_end_where_fewer_than_half_learn_by_hand():
    shares = {1: (0.9, 1.0), 2: (0.4, 0.9), 3: (0.6, 0.5), 5: (0.0, 0.4)}
    rows = [
        LEVELS | {"depth": depth, "at_one": given, "value": best}
        for depth, (given, best) in shares.items()
    ]
    never = [row | {"width": 25, "at_one": 0.0, "value": 0.1} for row in rows]
    assert [limits[1:] for limits in depth_limits(rows + never)] == [(1, 3), (0, 0)]
    sentence = depth_sentence(rows + never)
    assert sentence.startswith("At their best rates 1 of 2 settings ")


def test_the_page_on_remedies_has_the_depths_of_the_validation_table():
    page = Path("docs/remedies.md").read_text(encoding="utf-8")
    rows = read_record("fair").rows
    assert depth_sentence(rows) in " ".join(page.split())
    wide = [limits for limits in depth_limits(rows) if limits[0].endswith("25 wide")]
    assert all(f"| {name} | {given} | {best} |" in page for name, given, best in wide)


# on the page: remedy, optimizer and, unless it is the usual one, initializer
ON_THE_PAGE = {
    "none": ("none", "SGD", None),
    "batch norm after the activation": ("batch norm after", "SGD", None),
    "batch norm before the activation": ("batch norm", "SGD", None),
    "standardised signal": ("standardized signal", "SGD", None),
    "skip, Adam": ("skip", "Adam", None),
    "Adam": ("none", "Adam", None),
    "weight decay": ("none", "SGD, weight decay", None),
    "orthogonal": ("none", "SGD", "orthogonal"),
    "orthogonal, Adam": ("none", "Adam", "orthogonal"),
    "LSUV on orthogonal kernels": ("LSUV", "SGD", "orthogonal"),
    "PyTorch's default": ("none", "SGD", "PyTorch's default"),
}


def test_the_page_counts_the_seeds_that_learn_with_each_remedy_against_the_kept_table():
    rows = read_record("remedies").rows
    keys = ("activation", "remedy", "optimizer", "initializer", "depth")
    learned = {tuple(row[key] for key in keys): round(row["value"] * row["n"]) for row in rows}
    page = Path("docs/remedies.md").read_text(encoding="utf-8")
    table = page.partition("| remedy | tanh: 5, 10, 20 layers |")[2].partition("\n\n")[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    assert len(lines) == 20
    for label, *cells in lines:
        remedy, optimizer, initializer = ON_THE_PAGE.get(label, (label, "SGD", None))
        for activation, cell in zip(("tanh", "ReLU", "sigmoid"), cells, strict=True):
            usual = "He" if activation == "ReLU" else "Xavier"
            network = (activation, remedy, optimizer, initializer or usual)
            assert cell == ", ".join(str(learned[*network, depth]) for depth in (5, 10, 20))
