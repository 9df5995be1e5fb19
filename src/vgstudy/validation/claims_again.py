"""The tutorials' claims judged again: on seeds that nobody had seen when the claims and their rules
were written, and with each network at the learning rate that suits it best."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vgstudy.claims.claim_rows import claim_rows
from vgstudy.claims.measures import Measure
from vgstudy.claims.register import Claim, Tutorial, read_register
from vgstudy.claims.statements import Statement
from vgstudy.config import yamlfile
from vgstudy.config.load import check_study
from vgstudy.design import Design, plain, read_design
from vgstudy.report.repeats import BEST_RATE, FRESH_SAMPLES, SAME_SAMPLE, fingerprint
from vgstudy.running import run
from vgstudy.schema import FACTORS
from vgstudy.store.tables import read_rows

CONFIG = Path("config")
RUNS = Path("results/claims-again")
# of the tutorials; the claims about the default study are not judged again
STUDIES = ("circles", "visualising", "digits")
CHOOSING = 30
RATES = (0.1, 0.3, 1, 3, 10)
STATEMENT = ("id", "study", "statement", "arm", "verdict", "share", "n")
CLAIM = ("claim_verdict", "claim_share", "claim_n")

Row = dict[str, Any]
Keeps = Callable[[Statement], bool]


def fingerprints() -> dict[str, str]:
    """Return the fingerprint of each study: it differs if networks or training do."""
    studies = {name: check_study(_study(name), name, name) for name in STUDIES}
    return {name: fingerprint(study.model_dump(mode="json")) for name, study in studies.items()}


def confirmed() -> Iterator[Row]:
    """Yield every statement as fresh seeds judge it: half of them on the tutorial's own sample,
    half on samples of their own, where the tutorial has one sample."""
    register = _register(bool)
    for seeds, change in ((SAME_SAMPLE, dict), (FRESH_SAMPLES, _on_fresh_samples)):
        designs = {name: _trained(change(_study(name)), name, seeds) for name in STUDIES}
        yield from _kept(register, designs, seeds)


def at_best_rates() -> Iterator[Row]:
    """Yield every statement about outcomes as seeds judge it that did not choose the rates."""
    register = _register(lambda statement: is_outcome(statement.measure))
    designs = {
        name: only_best_rates(_trained(_at_all_rates(_study(name)), name, BEST_RATE))
        for name in STUDIES
    }
    yield from _kept(register, designs, BEST_RATE)


def is_outcome(measure: Measure) -> bool:
    """Return whether a measure says how well a network does, not how."""
    return measure.column.endswith(("accuracy", "loss", "learned", "learning_epochs"))


def only_best_rates(design: Design) -> Design:
    """Return a study of several rates as one in which each network has its best rate only, with the
    seeds that did not choose it."""
    best = plain(read_rows(design.folder, "best_rates", list(FACTORS)).to_pandas())
    choosing = design.study["seeds"][: design.study["choosing_seeds"]]
    at_best = design.runs.merge(best, on=list(FACTORS))
    estimating = at_best[~at_best["seed"].isin(choosing)]
    factors = {**design.study["factors"], "rate_factor": [1]}
    return replace(design, study={**design.study, "factors": factors}, runs=estimating)


def _study(name: str) -> dict[str, Any]:
    return yamlfile.read(CONFIG / f"studies/{name}.yaml")


def _on_fresh_samples(study: dict[str, Any]) -> dict[str, Any]:
    """Return a study in which every seed has a sample of its own."""
    task = {key: value for key, value in study["task"].items() if key != "random_state"}
    return {**study, "task": task}


def _at_all_rates(study: dict[str, Any]) -> dict[str, Any]:
    """Return a study with several learning rates that logs no more than outcomes need."""
    epochs = [0, study["training"]["epochs"]]
    log = {"probe_epochs": epochs, "test_every": study["log"]["test_every"]}
    factors = {**study["factors"], "rate_factor": list(RATES)}
    # a reference is one network; here every arm has several
    outcome = {"learned_above": study["outcome"]["learned_above"]}
    changes = {"factors": factors, "choosing_seeds": CHOOSING, "log": log, "outcome": outcome}
    return {**study, **changes}


def _trained(study: dict[str, Any], name: str, seeds: str) -> Design:
    """Train a study with these seeds and return its design."""
    run(study, RUNS / seeds, name=name, seeds=seeds)
    return read_design(RUNS / seeds / name)


def _register(keeps: Keeps) -> dict[str, Tutorial]:
    """Return the claims about the studies, with the statements to keep."""
    return {
        letter: tutorial.model_copy(update={"claims": tuple(_claims(tutorial, keeps))})
        for letter, tutorial in read_register(CONFIG / "claims").items()
    }


def _claims(tutorial: Tutorial, keeps: Keeps) -> Iterator[Claim]:
    for claim in tutorial.claims:
        studies = tuple(name for name in claim.studies if name in STUDIES)
        statements = tuple(filter(keeps, claim.statements))
        if studies and statements:
            yield claim.model_copy(update={"studies": studies, "statements": statements})


def _kept(
    register: Mapping[str, Tutorial], designs: Mapping[str, Design], seeds: str
) -> Iterator[Row]:
    for row in claim_rows(register, designs):
        yield {"seeds": seeds, **{name: row[name] for name in (*STATEMENT, *CLAIM)}}
