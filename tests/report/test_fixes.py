"""What fixes a failing network: sentences from rows by hand, and the package's own tables."""

from vgstudy.report.fixes import (
    EQUAL,
    PROFILE,
    REVERSE,
    SIZE,
    UNTOUCHED,
    answer,
    causes,
    fixes,
    rate_sentence,
    remedy_sentences,
)

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


def test_the_network_that_gains_most_is_named_by_hand():
    rows = [network(0.1, 0.6, 0.5, 0.7), network(0.4, 0.5, 0.35, 0.6)]
    assert rate_sentence(rows) == (
        "1 of 2 networks of tutorial A learn more often at another learning rate than the given "
        "one. tanh, He, depth 5, 5 wide: 0.60 [0.50, 0.70] of the seeds learn at 3 times the rate, "
        "0.10 at the given one."
    )


def test_without_a_gain_no_network_is_named():
    text = rate_sentence([network(0.4, 0.5, 0.35, 0.6)])
    assert text.startswith("0 of 1 networks")
    assert text.endswith("the given one.")


def test_the_tables_say_when_they_were_made():
    found = fixes()
    assert all("seeds of its own" in table.caption for table in found.tables)
    assert len(found.tables[0].rows) == 7


def arm(remedy, reference, value, low, high, **counts):
    row = {**network(None, value, low, high), "remedy": remedy, "reference": reference}
    return row | {"learned_reference": 10, "cured": 40, "harmed": 2} | counts


def healthy_with(low, high):
    """A healthy network, and what the failing one's profile does to it."""
    fields = {"learned_reference": 98}
    pairs = ((EQUAL, UNTOUCHED, 0, -0.1, 0.1), (REVERSE, UNTOUCHED, -0.3, low, high))
    rows = [arm(*pair, **fields) | {"initializer": "Xavier"} for pair in pairs]
    return [*rows, arm(PROFILE, SIZE, 0, -0.1, 0.1) | {"initializer": "Xavier"}]


def test_gradients_are_the_cause_only_if_the_profile_helps_and_the_reverse_harms_by_hand():
    equal = arm(EQUAL, UNTOUCHED, 0.38, 0.28, 0.48)
    for low, high, reverse, expected in (
        (0.25, 0.5, (-0.4, -0.2), "Yes: profile less size 0.40 [0.25, 0.50]"),
        (0.15, 0.5, (-0.4, -0.2), "Not shown: "),
        (0.25, 0.5, (-0.4, 0.1), "In part: "),
    ):
        rows = [equal, arm(PROFILE, SIZE, 0.4, low, high), *healthy_with(*reverse)]
        (sentence,) = causes(rows)
        assert expected in sentence
        assert "10 of 100 seeds learn" in sentence
        assert "equal gradients cure 40 and harm 2" in sentence


def test_the_best_remedy_and_those_as_good_are_named_by_hand():
    def remedied(remedy, value, as_good):
        row = {**network(None, value, value - 0.1, value + 0.1), "remedy": remedy}
        return row | {"depth": 20, "as_good": as_good}

    rows = [remedied("skip", 0.8, True), remedied("batch norm", 0.7, True)]
    (sentence,) = remedy_sentences([*rows, remedied("none", 0.2, False)])
    assert sentence == (
        "20 tanh layers of 5: 0.80 [0.70, 0.90] of the seeds learn with skip, 0.20 [0.10, 0.30] "
        "with He and SGD. As good as the best: batch norm."
    )
    (sentence,) = remedy_sentences([*rows, remedied("none", 0.65, True)])
    assert sentence == (
        "20 tanh layers of 5 need no remedy but the right learning rate: 0.65 [0.55, 0.75] of the "
        "seeds learn with He and SGD."
    )


def test_the_answer_to_the_open_question_counts_seeds_by_hand():
    shape = {"initializer": "uniform(0,1)"}
    equal = arm(EQUAL, UNTOUCHED, 0.3, 0.2, 0.4, learned_reference=55) | shape
    profile = arm(PROFILE, SIZE, 0.3, 0.25, 0.4, learned=85, learned_reference=56) | shape
    text, certainty = answer([equal, profile, *healthy_with(-0.4, -0.2)])
    assert text == (
        "Yes: of 100 seeds of five tanh layers from U(0, 1), 55 learn, 85 with the profile of "
        "their gradients made equal, 56 with only its size changed."
    )
    assert certainty.endswith("profile less size 0.30 [0.25, 0.40], paired by seed.")
    text, _ = answer([equal, profile, *healthy_with(-0.4, 0.2)])
    assert text.startswith("In part: ")
