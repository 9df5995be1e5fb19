"""What fixes a failing network: sentences from rows by hand, and the package's own tables."""

from vgstudy.report.fixes import fixes, rate_sentence

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
