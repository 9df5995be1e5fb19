"""The register holds every row of the inventory of the tutorials, and every mistake in it is one
clear line."""

import json
import re
from pathlib import Path

import pytest

from vgstudy.claims.networks import check_register
from vgstudy.claims.register import all_claims, read_register
from vgstudy.claims.statements import Bound, Statement
from vgstudy.config.load import load_study
from vgstudy.errors import UserError

ROOT = Path(__file__).parents[2]
REGISTER = ROOT / "config/claims"
COURSE = ("course", "course-layer-by-layer")
STUDIES = ("circles", "visualising", "digits", "mnist", "extensions", *COURSE)

# the rows of the inventory of the tutorials
IDS = set(
    "A1 A2 A3 A4 A5 A-G0 A-G1 A-G2 A-Q A-T1 A-T2 A-T3 A-T4 A-T5 A-T6 A-T7 A-T8 A-T9 A-X1 A-X2 A-X3 "
    "A-X4 A-X5 "
    "B1 B2 B3 B4 B5 B6 B-W1 B-W2 B-G1 B-G2 B-G3 B-T1 B-T2 B-T3 B-X1 "
    "C1 C2 C3 C4 C5 C6 C7 C-T1 C-T2 "
    "D0 D1a D1b D2 D3 D4a D4b D5 D6 D7 D-Q1 D-Q2 D-Q3 D-Q4 D-Q5 D-Q6".split()
)


def resolved(name):
    return load_study(ROOT / f"config/studies/{name}.yaml").model_dump(mode="json")


def arms_named(register, study):
    """The arms that the claims about a study name, in statements and comparisons."""
    named = set()
    for claim in all_claims(register):
        for statement in claim.statements if study in claim.studies else ():
            other = [statement.bound.arm] if statement.bound and statement.bound.arm else []
            named |= {network for network in [*statement.arms, *other] if isinstance(network, str)}
    return named


def test_every_row_of_the_inventory_is_in_the_register_and_no_other():
    ids = [claim.id for claim in all_claims(read_register(REGISTER))]
    assert len(ids) == len(set(ids))
    assert set(ids) == IDS


def test_every_claim_fits_the_studies():
    check_register(read_register(REGISTER), {name: resolved(name) for name in STUDIES})


@pytest.mark.parametrize("study", ["circles", "visualising", "digits", "mnist", "course"])
def test_every_arm_is_in_a_claim_and_every_id_among_the_arms_is_a_claim(study):
    arms = set(resolved(study)["arms"])
    assert arms_named(read_register(REGISTER), study) == arms
    assert {re.split(r"[ ,]", arm)[0] for arm in arms if not arm.startswith("C ")} <= IDS


def test_every_claim_of_c_is_tested_on_mnist_and_on_digits():
    assert {
        claim.studies for claim in all_claims(read_register(REGISTER)) if claim.tutorial == "C"
    } == {("mnist", "digits")}


def entry(**changes):
    """A small register's one claim, with changes to its statement."""
    statement = {"says": "s", "arms": "A3", "measure": {"column": "learned"}, "above": 0.5}
    statement = {key: value for key, value in (statement | changes).items() if value is not None}
    texts = {"id": "A3", "claim": "c", "setup": "s", "reported": "r", "studies": "circles"}
    return {**texts, "statements": [statement]}


def number(column, **changes):
    """Changes that compare a measure with a reported number."""
    layer = {"layer": 1} if column.startswith("g_") else {}
    return {"above": None, "measure": {"column": column, **layer}, **changes}


def g_rms(**keys):
    """Changes of what is measured."""
    return {"measure": {"column": "g_rms", "layer": 1} | keys}


def written(folder, *entries, name="A.yaml"):
    """A folder with a register of these claims; JSON is YAML."""
    (folder / name).write_text(json.dumps({"title": "t", "claims": entries}), encoding="utf-8")
    return folder


def message_of(folder, *entries, name="A.yaml", studies=("circles",), known=()):
    """The one line that reading and checking the claims ends in."""
    designs = {study: resolved(study) for study in studies}
    written(folder, *entries, name=name)
    with pytest.raises(UserError) as error:
        check_register(read_register(folder), designs, known)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arms": "A9"}, "statement 1: arms: no arm 'A9'; allowed: A1, A2, A2 tied, A3"),
        ({"arms": {"depth": 7}}, "statement 1: arms: no depth 7; allowed: 1, 5, 15, 20"),
        ({"arms": {"activation": "relu"}}, "no activation 'relu'; did you mean 'ReLU'? allowed: t"),
        ({"arms": {"depth": 15, "activation": "tanh"}}, "arms: no cell has depth 15, tanh; name"),
        ({"above": {"arm": {"activation": "ReLU"}}}, "above.arm: 3 cells to compare with, not one"),
        (g_rms(layer=9), "statement 1: measure: no layer 9 at depth 5 in study circles"),
        (g_rms(epochs=3), "statement 1: measure: g_rms is not logged at epoch 3"),
        (g_rms(examples="last mini-batch"), "g_rms is not logged on the last mini-batch"),
        (
            {"measure": {"column": "test_loss", "epochs": [0, 900]}},
            "test_loss is not logged at epoch 900",
        ),
        ({"above": g_rms(layer=9)}, "statement 1: above.measure: no layer 9 at depth 5"),
    ],
)
def test_a_claim_about_what_the_study_lacks_is_one_line(tmp_path, changes, message):
    line = message_of(tmp_path, entry(**changes))
    assert message in line
    assert line.startswith("claim A3: statement 1: ")
    assert line.endswith("in study circles; change the claim in config/claims, or the study")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"measure": {"column": "g_rmss"}},
            "measure.column: 'g_rmss' is not a logged quantity; did you mean 'g_rms'?",
        ),
        ({"measure": {"column": "g_quantiles"}}, "'g_quantiles' is not a logged quantity"),
        (g_rms(layer="top"), "measure.layer: 'top' is not a layer; allowed: first, middle"),
        (g_rms(summary="total"), "measure.summary: 'total' is not a summary; allowed: mean, med"),
        (g_rms(examples="all"), "measure.examples: 'all' is not a kind of examples; allowed: pr"),
        (g_rms(when="last"), "unknown key; allowed: column, layer"),
        ({"measure": {"column": "g_rms"}}, "measure.layer: is missing: g_rms has a value for each"),
        (
            {"measure": {"column": "train_loss", "layer": 2}},
            "measure.layer: must be left out: train_loss has one value for all layers",
        ),
        (
            {**number("g_rms", equals=[0.9, 1.1]), **g_rms(layer="each")},
            "measure.layer: must be one layer: each goes with above or below",
        ),
        ({"arms": {"deep": 5}}, "'deep' is not a factor; did you mean 'depth'?"),
        ({"above": 1.5}, "above: must be a share from 0 to 1, such as 0.816, not 1.5"),
        (
            number("test_accuracy", equals=81.6, within=0.1),
            "equals: must be a share from 0 to 1, such as 0.816, not 81.6",
        ),
        (
            number("g_rms", equals=[0.1, 0.05]),
            "equals: must be a range from low to high, not 0.1 to 0.05",
        ),
        (
            number("g_rms", equals=0.1, within=0.5),
            "within: must be a factor above 1, such as 1.5, for a measure on a log scale, not 0.5",
        ),
        ({"times": 0.5}, "times: goes with above or below another arm or measure"),
        (
            {"below": 0.5},
            "must have exactly one of equals, above, below, near, open, not above and below",
        ),
        ({"above": None}, "must have exactly one of equals, above, below, near, open, not none"),
        ({"above": None, "equals": 0.8}, "within: is missing"),
        ({"above": None, "near": {"arm": "A1"}}, "by: is missing"),
        ({"above": {}}, "above: must be a number, or have either arm or measure"),
        ({"above": "high"}, "above.number: must be a number, not 'high'"),
    ],
)
def test_a_mistake_in_the_register_is_one_line_with_file_and_key(tmp_path, changes, message):
    line = message_of(tmp_path, entry(**changes))
    assert line.startswith(f"{tmp_path / 'A.yaml'}: claim A3: statement 1: ")
    assert message in line


def test_an_id_twice_or_in_the_wrong_file_is_an_error(tmp_path):
    assert "claim A3: the id is there twice" in message_of(tmp_path, entry(), entry())
    (tmp_path / "A.yaml").unlink()
    line = message_of(tmp_path, entry(), name="B.yaml")
    assert "claim A3: the id belongs to A.yaml" in line


def test_a_study_that_does_not_exist_is_an_error(tmp_path):
    claim = entry() | {"studies": "circlez"}
    line = message_of(tmp_path, claim, studies=(), known=STUDIES)
    assert "claim A3: studies: no study 'circlez' in config/studies; did you mean 'circ" in line


def test_a_folder_without_claims_is_an_error(tmp_path):
    with pytest.raises(UserError, match="holds no claims"):
        read_register(tmp_path)


def test_zero_is_a_bound_like_any_other():
    statement = Statement.model_validate({"says": "s", "arms": "A1", **g_rms(), "above": 0})
    assert (statement.comparator, statement.bound) == ("above", Bound(number=0))
