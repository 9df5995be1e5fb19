"""The first screen, the summary and the sheets say what the tables say."""

import csv
import io

import pandas as pd
import pytest

from made_frames import made_frames
from report.test_report import EVIL, retitle, write_pictures
from synthetic import study, write_synthetic_study
from vgstudy.figures.frames import read_frames
from vgstudy.report.conformance import conformance_table
from vgstudy.report.deviations import deviations
from vgstudy.report.origin import Origin, Table
from vgstudy.report.overview import asked_sentence, overview
from vgstudy.report.page import titled, write_report
from vgstudy.report.points import claims_point, prediction, unsettled
from vgstudy.report.sheets import sheet
from vgstudy.report.trust import ESTIMATE, sensitivity, shown, survivors, trust_tables
from vgstudy.results import load
from vgstudy.schema import EXPORTED
from vgstudy.store.parquet import write_table
from vgstudy.validation.published_laws import Number

NOWHERE = Origin(
    Table("", (), ()),
    Table("", (), ()),
    "",
    ({"cpu_seconds": 60.0, "wall_seconds": 50.0},),
    1,
    "",
    "",
)


def claim(name, verdict, needed=None, study="s", n=30):
    told = {"id": name, "claim": f"What {name} says.", "verdict": verdict, "needed_n": needed}
    return told | {"study": study, "n": n, "n_failed": 0}


def trial():
    frames = made_frames(outcomes=[{"seed": 0, "status": "dead"}])
    return type(frames)(**{**vars(frames), "study": frames.study | {"trial": True}})


def test_claims_in_short_by_hand():
    rows = [
        claim("A1", "replicated"),
        claim("A1", "replicated"),
        claim("B2", "not replicated"),
        claim("C3", "inconclusive", 12),
    ]
    point = claims_point([*rows, claim("D4", "not run")])
    assert point.text == (
        "Of 4 statements judged, 2 replicated, 1 not replicated and 1 inconclusive. 1 more waits for this study, not run: s "
        "(to be named under studies in config/config.yaml). In all their parts replicated: A1; in none: B2 (What B2 says)."
    )
    assert point.topic == "The tutorials' claims, and those of D"
    assert claims_point([claim("D4", "not run")]) is None
    assert list(unsettled(rows)) == [
        "1 statement of the claims is inconclusive; it would take at least 12 seeds to settle 1 of them."
    ]


def test_a_claim_of_two_studies_is_named_with_the_study_by_hand():
    rows = [
        claim("C3", "replicated", study="mnist"),
        claim("C3", "not replicated", study="digits", n=6),
        claim("C5", "not run", study="mnist"),
        claim("C5", "replicated", study="digits"),
    ]
    text = claims_point(rows).text
    assert (
        "In all their parts replicated: C3 on mnist and C5 on digits; in none: C3 on digits (What C3 says)."
        in text
    )
    assert "1 of these verdicts rests on fewer than 20 seeds and may change." in text


def test_one_seed_has_no_interval_and_says_so_by_hand():
    one = made_frames(outcomes=[{"seed": 0, "status": "learned"}], resolved=study(seeds=[0]))
    many = made_frames(outcomes=[{"seed": 0, "status": "learned"}], resolved=study(seeds=range(10)))
    assert "trained with 1 seed in one study; one seed has no interval." in asked_sentence(
        {"one": one}
    )
    assert (
        "with 1 to 10 seeds in 2 studies; numbers come with their intervals but for studies of one seed"
        in asked_sentence({"one": one, "many": many})
    )
    told = "with 10 seeds in one study; estimates of a configuration come with their intervals wherever"
    assert told in asked_sentence({"many": many})


def test_trials_count_only_where_there_is_nothing_else_by_hand():
    real = made_frames(outcomes=[{"seed": seed, "status": "learned"} for seed in range(3)])
    both = overview({"real": real, "smoke": trial()}, [], {"real": NOWHERE, "smoke": NOWHERE})
    assert both.counts["learned"] == 3
    assert both.counts["dead"] == 0
    assert "smoke is a test of the workflow" in both.warning
    assert "in 1 job;" in both.cost
    alone = overview({"smoke": trial()}, [], {"smoke": NOWHERE})
    assert alone.counts["dead"] == 1
    assert "these numbers mean nothing" in alone.warning
    assert overview({"real": real}, [], {"real": NOWHERE}).warning == ""


def test_the_study_with_most_failures_answers_and_the_others_are_named_by_hand():
    def predicted(failures, value):
        row = {
            "group": "tanh",
            "predictor": "d_delta",
            "quantity": "AUC",
            "value": value,
            "low": value - 0.1,
            "high": value + 0.1,
        }
        counts = {"n": 107, "n_failed": 7, "failures": failures, "mixed": 2}
        rows = [row | counts, row | counts | {"predictor": "distance"}]
        frames = made_frames()
        return type(frames)(**{**vars(frames), "prediction": pd.DataFrame(rows)})

    point = prediction(
        {"some": predicted(20, 0.9), "most": predicted(50, 0.5), "few": predicted(3, 0.1)}
    )
    assert "The runs do not say so" in point.text
    told = "The AUC of a vanishing signal among tanh runs is 0.90 [0.80, 1.00] in some and not told (3 of 100 runs failed) in few."
    assert f"That is of most. {told}" in point.text
    assert point.links == (
        ("some-accounting", "some"),
        ("most-accounting", "most"),
        ("few-accounting", "few"),
    )
    assert prediction({"none": made_frames()}) is None


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    write_synthetic_study(
        folder / "made", depths=(2, 5), initializers=("Xavier", "He"), seeds=range(4)
    )
    retitle(folder / "made", title=EVIL)
    write_pictures(folder / "made")
    write_report(folder, ["made"])
    return folder


def test_the_summary_tells_the_first_screen_and_every_finding(results):
    text = (results / "summary.md").read_text(encoding="utf-8")
    frames = read_frames(results / "made")
    first = overview({"made": frames}, [], {"made": NOWHERE})
    assert all(point.text in text for point in first.points)
    assert f"## {EVIL}" in text
    assert "\n\n\n" not in text
    assert "?." not in text


def test_sheets_hold_the_tables_against_themselves(results):
    for table in EXPORTED:
        sheet_rows = csv.DictReader(
            io.StringIO((results / f"made/tables/{table}.csv").read_text(encoding="utf-8"))
        )
        rows = list(sheet_rows)
        frame = load(results, "made").read(table)
        assert len(rows) == len(frame)
        assert set(sheet_rows.fieldnames or ()) <= set(frame.columns)
        values = (
            pd.to_numeric(pd.Series([row["value"] for row in rows]))
            if "value" in frame and rows
            else None
        )
        assert values is None or values.equals(frame["value"].reset_index(drop=True))


def test_lists_are_left_out_of_a_sheet():
    assert sheet("claims", pd.DataFrame({"id": ["A1"], "sample": [[1.0, 2.0]]})) == b"id\nA1\n"


@pytest.mark.parametrize(("topic", "expected"), [("Why?", "Why?"), ("Decay", "Decay.")])
def test_a_topic_is_closed_once_by_hand(topic, expected):
    assert titled(topic) == expected


def test_survivors_by_hand():
    rows = [
        {"quantity": "p_alive", "value": 0.5, "low": 0.2, "high": 0.8},
        {"quantity": "p_zero_dead", "value": 0.25, "low": 0.1, "high": 0.6},
        {"quantity": "p_zero_underflow", "value": 0.0, "low": 0.0, "high": 0.3},
        {"quantity": "d_delta", "value": 0.9, "low": 0.8, "high": 1.0, "n": 4, "n_alive": 2},
        {"quantity": "p_alive", "value": 1.0, "low": 0.5, "high": 1.0, "width": 25},
        {"quantity": "p_alive", "value": 1.0, "low": 0.5, "high": 1.0, "depth": 5},
    ]
    rows += [
        {"quantity": "p_zero_float32_saturation", "value": 0.6, "low": 0.5, "high": 0.7},
        {
            "quantity": "p_zero_float32_saturation",
            "value": 0.3,
            "low": 0.2,
            "high": 0.4,
            "depth": 5,
        },
        {
            "quantity": "p_zero_float32_saturation",
            "value": 0.0,
            "low": 0.0,
            "high": 0.1,
            "width": 25,
        },
        {"quantity": "p_zero_float32_underflow", "value": 0.0, "low": 0.0, "high": 0.1},
    ]
    table = survivors(made_frames(rows))
    zeros = ("zero: dead", "zero in float32: saturation")
    assert table.head[5:] == (
        "epoch",
        "P(alive)",
        *zeros,
        "seeds",
        "seeds in the decay factor of δ",
    )
    by_depth = {row[0]: row[5:] for row in table.rows}
    assert by_depth == {
        "10": ("0", "0.50 [0.20, 0.80]", "0.25 [0.10, 0.60]", "0.60 [0.50, 0.70]", "4", "2"),
        "5": ("0", "1.00 [0.50, 1.00]", "–", "0.30 [0.20, 0.40]", "–", "–"),
    }


def test_sensitivity_by_hand():
    agreeing = {
        "check_low": 0.8,
        "check_high": 0.9,
        "trimmed": 0.85,
        "trimmed_low": 0.8,
        "trimmed_high": 0.9,
        "median": 0.85,
    }
    differing = {
        "check_low": 0.7,
        "check_high": 1.1,
        "trimmed": 1.7,
        "trimmed_low": 1.6,
        "trimmed_high": 1.8,
        "median": 0.5,
    }
    shown = {"quantity": "d_delta", "value": 0.85, "low": 0.8, "high": 0.9, "check": "BCa"}
    rows = [
        {**shown, **agreeing, "bimodality": 0.3},
        {**shown, **differing, "bimodality": 0.6, "width": 25},
        {**shown, "low": None, "high": None, "depth": 5},
    ]
    (row,) = sensitivity(made_frames(rows)).rows
    assert row == ("d of δ", "0", "2", "1", "1", "1", "1", "2.00", "1")
    (few,) = sensitivity(
        made_frames([{**each, "check": "t: BCa needs 20 seeds"} for each in rows])
    ).rows
    assert few == (*row[:3], "the same interval", *row[4:])


def test_deviations_by_hand():
    ends = [{"depth": 5, "seed": seed, "status": "learned"} for seed in (0, 1)]
    plain = {**study(), "contrasts": []}
    assert deviations(made_frames(outcomes=ends, resolved=plain))[0].startswith(
        "There are none: every planned run"
    )
    lost = deviations(made_frames(outcomes=ends, missing=[{"depth": 5, "seed": 2}], resolved=plain))
    assert lost == ("No result of 1 planned run in 1 cell; intervals are of the others.",)
    declared = {**plain, "contrasts": [{"factor": "width", "reference": 5}]}
    assert (
        "declared contrasts in width: no two cells"
        in deviations(made_frames(outcomes=ends, resolved=declared))[0]
    )


def test_published_numbers_are_shown_those_that_disagree_first_by_hand(tmp_path):
    assert conformance_table(tmp_path) is None
    checks = [Number("a paper", "chi", "ReLU", 0.5).within(ours, 0.01) for ours in (0.5, 0.7)]
    columns = {name: [vars(check)[name] for check in checks] for name in vars(checks[0])}
    write_table("conformance", columns, tmp_path / "conformance.parquet", {})
    table = conformance_table(tmp_path)
    assert table.caption.endswith("of 2 numbers 1 agree, 1 disagree, 0 not run")
    assert [(row[0], row[4], row[5]) for row in table.rows] == [
        ("a paper", "0.700", "NO"),
        ("a paper", "0.500", "yes"),
    ]


def test_a_table_is_shown_by_hand():
    frame = pd.DataFrame(
        [{"value": 1.5, "low": 1.0, "high": 2.0, "n_alive": 3, "p": None, "kind": "t"}]
    )
    table = shown("Caption", frame, (ESTIMATE, "n_alive", "p", "kind"))
    assert table.head == (ESTIMATE, "n alive", "p", "kind")
    assert table.rows == (("1.5 [1.0, 2.0]", "3", "–", "t"),)
    assert trust_tables(made_frames()) == ()  # no table without rows
