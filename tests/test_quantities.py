"""The list of quantities agrees with the tables that hold them."""

import pytest

from vgstudy.analysis.chunks import CURVATURES, ENDS, LEVELS, MEANS, RATIOS
from vgstudy.quantities import QUANTITIES, names
from vgstudy.schema import TABLES, ZERO_CAUSES


@pytest.mark.parametrize("table", ["decays", "probes", "curves"])
def test_a_measured_quantity_is_a_column_of_its_table(table):
    measured = {each.name for each in QUANTITIES.values() if each.table == table}
    assert measured <= set(TABLES[table].columns)


def test_quantities_by_table_and_method_are_those_that_are_estimated():
    assert names("decays", "geometric mean") == RATIOS
    assert names("decays", "mean") == CURVATURES
    assert names("probes", "geometric mean") == LEVELS
    assert names("probes", "mean") == MEANS
    assert names("curves", "mean") == ENDS


def test_every_cause_of_an_all_zero_gradient_has_a_share():
    for cause in ZERO_CAUSES[1:]:
        assert f"p_zero_{cause.replace(' ', '_')}" in QUANTITIES


def test_words_replace_symbols():
    assert QUANTITIES["d_delta"].words == "decay factor of the backpropagated signal"
    assert QUANTITIES["g_mean_abs"].words == "mean of the absolute gradient"
    assert QUANTITIES["w_sd"].axis == "standard deviation of w"
    assert QUANTITIES["g_rms"].axis == "RMS of g\n(loss per weight)"
