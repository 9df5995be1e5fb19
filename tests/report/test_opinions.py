"""What stands beside an estimate is shown as the table of estimates has it."""

from made_frames import made_frames
from vgstudy.report.opinions import not_one_mode, second_opinions

DECAY = {"quantity": "d_delta", "value": 0.8, "low": 0.75, "high": 0.85}
BESIDE = {
    **{
        "trimmed": 0.81,
        "trimmed_low": 0.7,
        "trimmed_high": 0.9,
        "check": "t: BCa needs 20 seeds",
        "check_low": 0.75,
    },
    **{
        "check_high": 0.85,
        "seed_low": 0.5,
        "seed_high": 1.2,
        "bimodality": 0.4,
        "q10": 0.6,
        "median": 0.8,
        "q90": 1.0,
    },
}


def test_second_opinions_by_hand():
    frames = made_frames(
        estimates=[{**DECAY, **BESIDE}, {**DECAY, **BESIDE, "low": None, "high": None, "depth": 5}]
    )
    (row,) = second_opinions(frames).rows
    said = (
        "0.80 [0.75, 0.85]",
        "0.81 [0.70, 0.90]",
        "0.80 [0.75, 0.85]",
        "t: BCa needs 20 seeds",
        "0.500 to 1.20",
    )
    assert row[4:9] == said
    assert row[9:] == ("10", "10")


def test_two_modes_by_hand():
    accuracy = {
        "quantity": "test_accuracy",
        "epoch": 20,
        "value": 0.7,
        "low": 0.6,
        "high": 0.8,
        "method": "t",
    }
    learned = {
        "quantity": "p_learned",
        "epoch": 20,
        "value": 0.5,
        "low": 0.24,
        "high": 0.76,
        "method": "Wilson",
    }
    frames = made_frames(
        estimates=[{**DECAY, **BESIDE}, {**accuracy, **BESIDE, "bimodality": 0.9}, learned]
    )
    (row,) = not_one_mode(frames).rows
    assert row[5:] == (
        "test_accuracy",
        "0.70 [0.60, 0.80]",
        "0.600",
        "0.800",
        "1.00",
        "0.900",
        "0.50 [0.24, 0.76]",
        "10",
    )


def test_without_estimates_there_is_nothing_to_show():
    assert second_opinions(made_frames()).rows == not_one_mode(made_frames()).rows == ()
