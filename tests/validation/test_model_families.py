"""The twenty families: against the kept table, trained again, and by hand."""

import pytest

from vgstudy.probe.rules import HEALTHY, LARGEST, SMALLEST
from vgstudy.store.records import read_record
from vgstudy.validation.model_families import FAMILIES
from vgstudy.validation.models import CHOOSES, EPOCHS, JUDGES, SEEDS, trained

KEPT = read_record("models").rows


def test_twenty_families_of_which_every_other_one_chooses_by_hand():
    names = [family.name for family in FAMILIES]
    assert len(set(names)) == 20
    roles = {row["family"]: row["role"] for row in KEPT}
    assert [roles[number] for number in range(1, 21)] == [CHOOSES, JUDGES] * 10


def test_the_kept_table_has_every_family_healthy_and_broken_before_and_after_training():
    expected = {
        (family.name, truth, fault, epoch, SEEDS)
        for family in FAMILIES
        for truth, fault in ((HEALTHY, None), (family.truth, family.fault))
        for epoch in (0, EPOCHS)
    }
    keys = ("name", "truth", "fault", "epoch", "seeds")
    assert {tuple(row[key] for key in keys) for row in KEPT} == expected
    assert len(KEPT) == 80


def test_thresholds_of_the_ratio_separate_the_families_that_chose_them():
    start = [row for row in KEPT if row["role"] == CHOOSES and row["epoch"] == 0]
    healthy = [row for row in KEPT if row["role"] == CHOOSES and row["truth"] == HEALTHY]
    vanishing = [row["ratio_max"] for row in start if row["truth"] == "vanishing"]
    exploding = [row["ratio_min"] for row in start if row["truth"] == "exploding"]
    assert max(vanishing) < SMALLEST < min(row["ratio_min"] for row in healthy)
    assert max(row["ratio_max"] for row in healthy) < LARGEST < min(exploding)


@pytest.mark.parametrize("broken", [False, True])
def test_a_family_trained_again_against_the_kept_table(broken):
    table, footer = trained(FAMILIES[0], broken, 0)
    truth = FAMILIES[0].truth if broken else HEALTHY
    now = table.to_pandas().query("epoch == 0").sort_values("layer")
    ratio = now["delta_rms"].iloc[0] / now["delta_rms"].iloc[-1]
    (kept,) = [r for r in KEPT if (r["family"], r["truth"], r["epoch"]) == (1, truth, 0)]
    assert kept["ratio_min"] * 0.999 <= ratio <= kept["ratio_max"] * 1.001
    assert set(footer["probe_loss"]) == {0, EPOCHS}
