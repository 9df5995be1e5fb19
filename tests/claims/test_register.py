"""The register holds every row of the inventory of the tutorials, and every mistake in it is one
clear line."""

import json
from pathlib import Path

import pytest

from vgstudy.claims.checks import check_register
from vgstudy.claims.register import claims, read_register
from vgstudy.claims.statements import Bound, Statement
from vgstudy.config.load import load_study
from vgstudy.errors import UserError

ROOT = Path(__file__).parents[2]
REGISTER = ROOT / "config/claims"
STUDIES = ("circles", "visualising", "digits", "mnist", "extensions")

# the rows of the inventory of the tutorials
IDS = {
    *(
        "A1",
        "A2",
        "A3",
        "A4",
        "A5",
        "A-G0",
        "A-G1",
        "A-G2",
        "A-Q",
        "A-X1",
        "A-X2",
        "A-X3",
        "A-X4",
        "A-X5",
    ),
    *("B1", "B2", "B3", "B4", "B5", "B6", "B-W1", "B-W2", "B-G1", "B-G2", "B-G3", "B-X1"),
    *("C1", "C2", "C3", "C4", "C5", "C6", "C7"),
}


def resolved(name):
    return load_study(ROOT / f"config/studies/{name}.yaml").model_dump(mode="json")


def arms_named(register, study):
    """The arms that the claims about a study name, in statements and comparisons."""
    named = set()
    for claim in claims(register):
        for statement in claim.statements if study in claim.studies else ():
            other = [statement.bound.arm] if statement.bound and statement.bound.arm else []
            named |= {network for network in [*statement.arms, *other] if isinstance(network, str)}
    return named


def test_every_row_of_the_inventory_is_in_the_register_and_no_other():
    assert [claim.id for claim in claims(read_register(REGISTER))] == list(
        dict.fromkeys(c.id for c in claims(read_register(REGISTER)))
    )
    assert {claim.id for claim in claims(read_register(REGISTER))} == IDS


def test_every_claim_fits_the_studies():
    check_register(read_register(REGISTER), {name: resolved(name) for name in STUDIES})


@pytest.mark.parametrize("study", ["circles", "visualising", "digits", "mnist"])
def test_every_arm_is_in_a_claim_and_every_id_among_the_arms_is_a_claim(study):
    arms = set(resolved(study)["arms"])
    assert arms_named(read_register(REGISTER), study) == arms
    assert {arm.split()[0] for arm in arms if not arm.startswith("C ")} <= IDS


def test_every_claim_of_c_is_tested_on_mnist_and_on_digits():
    assert {
        claim.studies for claim in claims(read_register(REGISTER)) if claim.tutorial == "C"
    } == {("mnist", "digits")}


def entry(**changes):
    """A small register's one claim, with changes to its statement."""
    statement = {
        "says": "It learns.",
        "arms": "A3",
        "measure": {"column": "learned"},
        "above": 0.5,
    } | changes
    statement = {key: value for key, value in statement.items() if value is not None}
    return {
        "id": "A3",
        "claim": "c",
        "setup": "s",
        "reported": "r",
        "studies": "circles",
        "statements": [statement],
    }


def written(folder, *entries, name="A.yaml"):
    (folder / name).write_text(
        json.dumps({"title": "t", "claims": list(entries), "code": []}), encoding="utf-8"
    )
    return folder


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arms": "A9"}, "claim A3: statement 1: arms: no arm 'A9'; allowed: A1, A2, A2 tied, A3"),
        ({"arms": {"depth": 7}}, "statement 1: arms: no depth 7; allowed: 1, 5, 15, 20"),
        (
            {"arms": {"activation": "relu"}},
            "statement 1: arms: no activation 'relu'; did you mean 'ReLU'? allowed: tanh, ReLU",
        ),
        ({"above": {"arm": "A7"}}, "statement 1: above.arm: no arm 'A7'"),
        (
            {"arms": {"depth": 15, "activation": "tanh"}},
            "statement 1: arms: no cell has depth 15, tanh; name other levels",
        ),
        (
            {"above": {"arm": {"activation": "ReLU"}}},
            "statement 1: above.arm: 3 cells to compare with, not one: name the levels",
        ),
        (
            {"measure": {"column": "g_rms", "layer": 9}},
            "statement 1: measure: no layer 9 at depth 5 in study circles",
        ),
        (
            {"measure": {"column": "g_rms", "layer": 1, "epochs": 3}},
            "g_rms is not logged at epoch 3",
        ),
        (
            {"measure": {"column": "g_rms", "layer": 1, "examples": "last mini-batch"}},
            "g_rms is not logged on the last mini-batch",
        ),
        (
            {"measure": {"column": "test_accuracy", "epochs": [0, 900]}},
            "test_accuracy is not logged at epoch 900",
        ),
    ],
)
def test_a_claim_about_what_the_study_lacks_is_one_line(tmp_path, changes, said):
    register = read_register(written(tmp_path, entry(**changes)))
    with pytest.raises(UserError) as told:
        check_register(register, {"circles": resolved("circles")})
    assert said in str(told.value)
    assert str(told.value).endswith(
        "in study circles; change the claim in config/claims, or the study"
    )
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"measure": {"column": "g_rmss"}},
            "claim A3: statement 1: measure.column: 'g_rmss' is no quantity of the logs; did you mean 'g_rms'?",
        ),
        ({"measure": {"column": "kind"}}, "measure.column: 'kind' is no quantity of the logs"),
        (
            {"measure": {"column": "g_quantiles"}},
            "measure.column: 'g_quantiles' is no quantity of the logs",
        ),
        (
            {"above": 1.5},
            "claim A3: statement 1: above: must be a share from 0 to 1, such as 0.816, not 1.5",
        ),
        (
            {"above": None, "measure": {"column": "test_accuracy"}, "equals": 81.6, "within": 0.1},
            "statement 1: equals: must be a share from 0 to 1, such as 0.816, not 81.6",
        ),
        (
            {"above": None, "measure": {"column": "g_rms", "layer": 1}, "equals": [0.1, 0.05]},
            "statement 1: equals: must be a range from low to high, not 0.1 to 0.05",
        ),
        (
            {
                "above": None,
                "measure": {"column": "g_rms", "layer": 1},
                "equals": 0.1,
                "within": 0.5,
            },
            "statement 1: within: must be a factor above 1, such as 1.5, of what spreads by factors, not 0.5",
        ),
        (
            {"measure": {"column": "g_rms"}},
            "statement 1: measure.layer: is missing: g_rms has a value for each; first, middle",
        ),
        (
            {"measure": {"column": "train_loss", "layer": 2}},
            "measure.layer: must be left out: train_loss has one value for all",
        ),
        (
            {"above": None, "measure": {"column": "g_rms", "layer": "each"}, "equals": [0.9, 1.1]},
            "statement 1: measure.layer: must be one layer: each goes with above or below",
        ),
        ({"times": 0.5}, "statement 1: times: goes with above or below another arm or measure"),
        (
            {"measure": {"column": "g_rms", "layer": "top"}},
            "'top' is no layer; allowed: first, middle",
        ),
        ({"measure": {"column": "g_rms", "when": "last"}}, "unknown key; allowed: column, layer"),
        ({"arms": {"deep": 5}}, "'deep' is no factor; did you mean 'depth'?"),
        (
            {"below": 0.5},
            "must have exactly one of equals, above, below, near, open, not above and below",
        ),
        ({"above": None}, "must have exactly one of equals, above, below, near, open, not none"),
        ({"above": None, "equals": 0.8}, "statement 1: within: is missing"),
        ({"above": None, "near": {"arm": "A1"}}, "statement 1: by: is missing"),
        ({"above": {}}, "statement 1: above: must be a number, or have either arm or measure"),
        ({"above": {"armm": "A1"}}, "statement 1: above.armm: unknown key; did you mean 'arm'?"),
        ({"above": "high"}, "statement 1: above.number: must be a number, not 'high'"),
    ],
)
def test_a_mistake_in_the_register_is_one_line_with_file_and_key(tmp_path, changes, said):
    with pytest.raises(UserError) as told:
        read_register(written(tmp_path, entry(**changes)))
    assert str(tmp_path / "A.yaml") in str(told.value)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_an_id_twice_or_in_the_wrong_file_is_told(tmp_path):
    with pytest.raises(UserError, match=r"claim A3: the id stands twice"):
        read_register(written(tmp_path, entry(), entry()))
    (tmp_path / "A.yaml").unlink()
    with pytest.raises(UserError, match=r"claim A3: the id belongs to A\.yaml"):
        read_register(written(tmp_path, entry(), name="B.yaml"))


def test_a_study_that_does_not_exist_is_told(tmp_path):
    register = read_register(written(tmp_path, entry() | {"studies": "circlez"}))
    with pytest.raises(
        UserError,
        match=r"claim A3: studies: no study 'circlez' in config/studies; did you mean 'circles'\?",
    ):
        check_register(register, {}, known=STUDIES)


def test_code_is_optional(tmp_path):
    (tmp_path / "A.yaml").write_text(
        json.dumps({"title": "t", "claims": [entry()]}), encoding="utf-8"
    )
    assert read_register(tmp_path)["A"].code == ()


def test_a_prediction_within_cells_by_what_they_share_is_told(tmp_path):
    prediction = {
        "says": "f",
        "study": "circles",
        "predictor": "depth",
        "group": "all",
        "within": True,
    }
    with pytest.raises(
        UserError,
        match=r"claim A3: prediction 1: within: must be false: depth is the same for all runs of a cell",
    ):
        read_register(written(tmp_path, entry() | {"predictions": [prediction]}))


def test_a_prediction_of_a_group_that_no_run_is_in_is_told(tmp_path):
    told = {"says": "s", "study": "circles", "predictor": "d_delta"}
    for group in ("tahn", "sigmoid"):
        register = read_register(
            written(tmp_path, entry() | {"predictions": [told | {"group": group}]})
        )
        with pytest.raises(
            UserError, match=f"claim A3: prediction 1: group: no activation '{group}'"
        ):
            check_register(register, {"circles": resolved("circles")})


def test_a_folder_without_claims_is_told(tmp_path):
    with pytest.raises(UserError, match="holds no claims"):
        read_register(tmp_path)


def test_zero_is_a_bound_like_any_other():
    statement = Statement.model_validate(
        {"says": "s", "arms": "A1", "measure": {"column": "g_mean", "layer": 1}, "above": 0}
    )
    assert (statement.comparator, statement.bound) == ("above", Bound(number=0))
