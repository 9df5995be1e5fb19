"""A study's design in sentences, by hand."""

from synthetic import study
from vgstudy.report.design_text import describe_design, keras_text


def test_design_in_words_by_hand():
    resolved = study(depths=(1, 2, 3, 5), seeds=range(2))
    assert describe_design(resolved)[:2] == (
        "144 networks, each trained with 2 seeds: 288 runs.",
        "Every combination of depth 1–3 and 5; width 5 and 25; activation tanh, ReLU and sigmoid; "
        "initializer Xavier, He and uniform(0, 1); optimizer SGD and Adam.",
    )
    words = " ".join(describe_design(resolved))
    assert "Xavier is GlorotUniform; He is HeUniform" in words
    assert "tanh is" not in words
    assert "1,000 points, noise 0.1, radii 1 and 0.8, each input scaled to [−1, 1]" in words
    assert "ends above 0.75" in words
    compared = (
        "every initializer against Xavier, every optimizer against SGD and every width against 5"
    )
    assert f"{compared}, in the decay factor of δ and P(learned)." in words
    assert "declares no contrast" in " ".join(describe_design(resolved | {"contrasts": []}))


def test_an_optimizer_is_shown_with_its_learning_rate_by_hand():
    assert (
        keras_text({"class_name": "SGD", "config": {"momentum": 0.9}})
        == "SGD(learning_rate=0.01, momentum=0.9)"
    )
    assert (
        keras_text({"class_name": "Adam", "config": {"learning_rate": 0.1}})
        == "Adam(learning_rate=0.1)"
    )
    assert keras_text({"class_name": "GlorotUniform", "config": {}}) == "GlorotUniform"
    leaky = keras_text({"class_name": "leaky_relu", "config": {}})
    assert leaky == "leaky_relu(negative_slope=0.2)"
    assert keras_text({"class_name": "relu", "config": {}}) == "relu"
