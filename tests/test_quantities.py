"""The list of quantities agrees with the tables that hold them."""

import pytest

from vgstudy.quantities import QUANTITIES, names
from vgstudy.schema import TABLES, ZERO_CAUSES


@pytest.mark.parametrize("table", ["decays", "probes", "curves"])
def test_a_measured_quantity_is_a_column_of_its_table(table):
    measured = {each.name for each in QUANTITIES.values() if each.table == table}
    assert measured <= set(TABLES[table].columns)


def test_names_are_of_one_table_and_method_in_order_by_hand():
    assert names("probes", "geometric mean") == ("g_rms", "delta_rms", "h_rms", "g_mean_abs")
    assert names("probes", "mean") == ("w_l1", "w_l1_change", "h_saturated", "h_dead")
    assert names("curves", "mean")[0] == "test_accuracy"
    assert names("decays", "share") == ()


def test_every_cause_of_an_all_zero_gradient_has_a_share():
    for cause in ZERO_CAUSES[1:]:
        assert f"p_zero_{cause.replace(' ', '_')}" in QUANTITIES


def test_words_replace_symbols():
    assert QUANTITIES["d_delta"].words == "decay factor of the backpropagated signal"
    assert QUANTITIES["g_mean_abs"].words == "mean of the absolute gradient"
    assert QUANTITIES["w_sd"].axis == "standard deviation of w"
    assert QUANTITIES["g_rms"].axis == "RMS of g\n(loss per weight)"
