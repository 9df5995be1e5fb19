"""Scores of diagnosis rules: by hand, and against a naive count over runs and cells."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from vgstudy.probe.rules import HEALTHY, RULES, features, verdicts
from vgstudy.store.records import read_record
from vgstudy.study_results import load
from vgstudy.validation.scores import (
    EITHER,
    END,
    OURS,
    START,
    TENTH,
    cell_scores,
    count_verdicts,
    family_scores,
)
from vgstudy.validation.scores import RULES as ALL_RULES


@pytest.fixture(scope="module")
def folder(synthetic_study) -> Path:
    levels = {"depths": (2, 5, 10), "widths": (5,), "initializers": ("Xavier", "He")}
    return synthetic_study(**levels, optimizers=("SGD",))


def family(number: int, truth: str, epoch: int, alarms: int) -> dict:
    counts = dict.fromkeys(ALL_RULES, alarms)
    role = "chooses thresholds" if number % 2 else "judges"
    return {"family": number, "role": role, "truth": truth, "epoch": epoch, "seeds": 10} | counts


def test_scores_on_families_by_hand():
    rows = [
        family(1, HEALTHY, 0, 5),
        family(1, HEALTHY, 30, 6),
        family(1, "vanishing", 0, 6),
        family(1, "vanishing", 30, 0),
        family(2, HEALTHY, 0, 0),
        family(2, HEALTHY, 30, 0),
        family(2, "saturated", 0, 0),
        family(2, "saturated", 30, 10),
    ]
    found = {
        (row["models"].rpartition(", ")[2], row["when"]): (row["found"], row["blamed"])
        for row in family_scores(rows)
        if row["rule"] == OURS
    }
    assert found == {
        ("chooses thresholds", START): (1, 0),
        ("chooses thresholds", END): (0, 1),
        ("chooses thresholds", EITHER): (1, 1),
        ("judges", START): (0, 0),
        ("judges", END): (1, 0),
        ("judges", EITHER): (1, 0),
    }


def test_scores_on_cells_against_a_naive_count(folder: Path) -> None:
    study = load(folder)
    scores = [row for row in cell_scores({"a": study, "b": study}) if row["rule"] == "torchmortem"]
    assert {row["models"] for row in scores} == {"cells of a and b"}
    ended = study.outcomes.assign(learned=study.outcomes["status"].astype(str) == "learned")
    share = ended.groupby("cell", observed=True)["learned"].mean()
    naive: Counter = Counter()
    for (cell, epoch), probes in study.probes.groupby(["cell", "epoch"], observed=True):
        if not 0.3 < share[cell] < 0.7:
            kind = "found" if share[cell] <= 0.3 else "blamed"
            norms = probes.sort_values("layer").groupby("seed")["g_l2"]
            flagged = ((norms.last() > 100 * norms.first()) | (norms.max() > 1000)).mean() > 0.5
            # both studies are the same
            naive[TIMES[epoch], kind] += 2 * int(flagged)
    found = Counter({(row["when"], kind): row[kind] for row in scores for kind in KINDS})
    assert +found == +naive
    assert sum(naive.values()) > 0


KINDS = ("found", "blamed")
TIMES = {0: START, 5: TENTH, 20: END}  # the study's probe epochs


def test_counts_of_verdicts_against_a_naive_count(folder: Path) -> None:
    rows, results = count_verdicts(folder), load(folder)
    ended = {(row.cell, row.seed): row.status == "learned" for row in results.outcomes.itertuples()}
    naive: Counter = Counter()
    for (cell, seed, epoch), probes in results.probes.groupby(["cell", "seed", "epoch"]):
        naive[epoch, verdicts(features(probes)).item(), ended[cell, seed]] += 1
    counted = {
        (row["epoch"], row["verdict"], learned): row["learned" if learned else "failed"]
        for row in rows
        for learned in (True, False)
    }
    assert +Counter(counted) == naive
    assert len({verdict for _, verdict, _ in naive}) > 2


def test_intervals_of_kept_scores_against_statsmodels():
    for row in read_record("rules").rows:
        for kind, total in (("found", "broken"), ("blamed", "healthy")):
            ends = proportion_confint(row[kind], row[total], method="wilson")
            assert (row[f"{kind}_low"], row[f"{kind}_high"]) == pytest.approx(ends, abs=1e-9)


def test_kept_scores_on_families_follow_from_the_kept_models():
    made = pd.DataFrame(family_scores(read_record("models").rows))
    kept = pd.DataFrame(read_record("rules").rows)
    kept = kept[kept["models"].str.startswith("ten families")].reset_index(drop=True)
    pd.testing.assert_frame_equal(made, kept, check_dtype=False)


def test_on_ten_other_families_no_false_alarm_and_nine_found():
    kept = [row for row in read_record("rules").rows if row["rule"] == OURS]
    judged = [row for row in kept if row["models"] == "ten families, judges"]
    assert all(row["blamed"] == 0 for row in judged)
    (either,) = [row for row in judged if row["when"] == EITHER]
    assert either["broken"] == either["healthy"] == 10
    assert either["found"] >= 9


def test_every_rule_of_a_verdict_is_scored():
    assert {row["truth"] for row in read_record("models").rows} == {*RULES, HEALTHY}
