"""Compute the validation tables again and keep them in the package: `make validate`."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vgstudy.errors import UserError
from vgstudy.schema import FACTORS
from vgstudy.store.records import write_record
from vgstudy.store.tables import read_rows

REPETITIONS = 2000
# of the networks kept from `initialisers`
DEPTH = 10
RESULTS = Path("results")
DEFAULT_STUDY = RESULTS / "extensions"
DEFAULT_STUDIES = ("circles", "digits", "extensions", "visualising")


def coverage() -> None:
    """Simulate how often every interval and test is right; print what each may be called."""
    from vgstudy.validation.simulation import simulate

    rows = simulate(REPETITIONS)
    write_record("coverage", rows, repetitions=REPETITIONS)
    labels = ((row["role"], row["procedure"], row["label"]) for row in rows)
    for role, procedure, label in dict.fromkeys(labels):
        print(f"{role}: {procedure}: {label}")


def published() -> None:
    """Recompute published numbers; print those that disagree."""
    from vgstudy.validation.published_laws import law_checks
    from vgstudy.validation.published_networks import network_checks

    checks = [*law_checks(), *network_checks()]
    write_record("published", [vars(check) for check in checks])
    wrong = [check for check in checks if not check.agrees]
    for check in wrong:
        print(f"{check.source}, {check.quantity}: {check.ours:.4g}, not {check.published:.4g}")
    print(f"published numbers: {len(checks) - len(wrong)} of {len(checks)} agree")


def diagnosis() -> None:
    """Count how often the verdicts of `vgstudy diagnose` are right in the default study."""
    from vgstudy.validation.scores import count_verdicts

    if not _is_trained("diagnosis", DEFAULT_STUDY.name):
        return
    rows = count_verdicts(DEFAULT_STUDY)
    first = [row for row in rows if row["epoch"] == 0]
    runs = sum(row["learned"] + row["failed"] for row in first)
    write_record("diagnosis", rows, study=DEFAULT_STUDY.name, runs=runs)
    for row in first:
        print(f"{row['verdict']}: {row['learned']} learned, {row['failed']} did not")


def _is_trained(table: str, study: str) -> bool:
    """Return whether a study is finished; say what to run if it is not."""
    is_finished = (RESULTS / study / "outcomes.parquet").exists()
    if not is_finished:
        print(f"{table}: without {RESULTS / study}, which is missing; run: snakemake --cores all")
    return is_finished


def models() -> None:
    """Train the twenty families of models, healthy and broken; print every verdict."""
    from vgstudy.validation.models import model_rows
    from vgstudy.validation.scores import OURS

    rows = []
    for row in model_rows():
        rows.append(row)
        print(
            f"{row['name']}, epoch {row['epoch']}: {row['truth']}: {row[OURS]} alarms", flush=True
        )
    write_record("models", rows)


def rules() -> None:
    """Score published rules and ours on the families of models and on the studies' cells."""
    from vgstudy.results import Results
    from vgstudy.store.records import read_record
    from vgstudy.validation.scores import cell_scores, family_scores

    studies = {
        name: Results(RESULTS / name) for name in DEFAULT_STUDIES if _is_trained("rules", name)
    }
    rows = list(family_scores(read_record("models").rows))
    rows += cell_scores(studies) if studies else []
    write_record("rules", rows, studies=list(studies))
    for row in rows:
        shares = (
            f"{row['found']} of {row['broken']} found, {row['blamed']} of {row['healthy']} blamed"
        )
        print(f"{row['rule']}, {row['models']}, {row['when']}: {shares}")


def rates() -> None:
    """Keep the tutorials' networks at their best learning rates, from the study `rates`."""
    columns = (*FACTORS, "at_one", "value", "low", "high", "n", "chosen_on")
    _keep("rates", _rows_of("rates", "best_rates", columns))


def interventions() -> None:
    """Keep what rescaled gradients cure and harm, from the study `interventions-best`."""
    columns = (*FACTORS, "factor", "reference", "reference_rate", "learned", "learned_reference")
    counts = ("cured", "harmed", "value", "low", "high", "p", "n")
    _keep("interventions", _rows_of("interventions-best", "paired", (*columns, *counts)))


def remedies() -> None:
    """Keep which remedies make 20 layers of 10 learn, from the study `remedies-best`."""
    from vgstudy.analysis.best_rates import ranked

    columns = (*FACTORS, "value", "low", "high", "n")
    rows = _rows_of("remedies-best", "best_rates", columns)
    _keep("remedies", ranked([row for row in rows if (row["depth"], row["width"]) == (20, 10)]))


def initialisers() -> None:
    """Keep decay factors of ten layers next to theory, and who learns, from `initialisers`."""
    study = "initialisers"
    networks = _networks(study)
    columns = ("cell", "quantity", "predicted", "value", "low", "high", "n")
    learned = _learned(study)
    rows = [
        {**networks[row["cell"]], **row, "learned": learned[row["cell"]]}
        for row in _rows_of(study, "overlays", columns)
        if row["quantity"] == "d_delta" and networks[row["cell"]]["depth"] == DEPTH
    ]
    _keep(study, [_without(row, "cell", "quantity") for row in rows])


def fair() -> None:
    """Keep how often networks learn at the given and at their best learning rate, from the studies
    `fair` and `fair-best`."""
    learned = _learned("fair")
    at_one = {
        tuple(_without(levels, "rate_factor").values()): learned[cell]
        for cell, levels in _networks("fair").items()
        if levels["rate_factor"] == 1
    }
    rows = _rows_of("fair-best", "best_rates", (*FACTORS, "value", "low", "high", "n"))
    keys = [name for name in FACTORS if name != "rate_factor"]
    _keep("fair", [row | {"at_one": at_one[tuple(row[key] for key in keys)]} for row in rows])


def _networks(study: str) -> dict[str, dict[str, Any]]:
    """Return the levels of each cell of a study."""
    rows = _rows_of(study, "runs", ("cell", *FACTORS))
    return {row["cell"]: _without(row, "cell") for row in rows}


def _learned(study: str) -> dict[str, float]:
    """Return the share of learned runs of each cell of a study."""
    rows = _rows_of(study, "estimates", ("cell", "quantity", "value"))
    return {row["cell"]: row["value"] for row in rows if row["quantity"] == "p_learned"}


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def confirmation() -> None:
    """Judge the tutorials' claims on fresh seeds."""
    from vgstudy.validation.claims_again import confirmed, fingerprints

    _keep_claims("confirmation", list(confirmed()), studies=fingerprints())


def best_rate_claims() -> None:
    """Judge the tutorials' claims about outcomes with each network at its best learning rate."""
    from vgstudy.validation.claims_again import at_best_rates

    _keep_claims("best_rate_claims", list(at_best_rates()))


def _keep_claims(name: str, rows: list[dict[str, Any]], **settings: Any) -> None:
    """Keep verdicts as a validation table, and print that on each claim."""
    write_record(name, rows, **settings)
    for key in dict.fromkeys((row["seeds"], row["id"], row["study"]) for row in rows):
        row = next(row for row in rows if key == (row["seeds"], row["id"], row["study"]))
        print(*key, row["claim_verdict"], row["claim_share"], row["claim_n"])


def _rows_of(study: str, table: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return some columns of a study's table; no rows where the study was not run."""
    folder = Path("results") / study
    if not folder.is_dir():
        print(f"{folder} is missing; run the study {study}")
        return []
    rows: list[dict[str, Any]] = read_rows(folder, table, list(columns)).to_pylist()
    return rows


def _keep(name: str, rows: list[dict[str, Any]]) -> None:
    """Keep rows as a validation table, and print the share that learned of each network."""
    if rows:
        write_record(name, rows)
    for row in rows:
        levels = ", ".join(str(row[factor]) for factor in FACTORS)
        print(f"{levels}: {row['value']:.2f} [{row['low']:.2f}, {row['high']:.2f}]")


TABLES: Mapping[str, Callable[[], None]] = {
    "coverage": coverage,
    "published": published,
    "diagnosis": diagnosis,
    "models": models,
    "rules": rules,
    "rates": rates,
    "interventions": interventions,
    "remedies": remedies,
    "initialisers": initialisers,
    "fair": fair,
    "confirmation": confirmation,
    "best_rate_claims": best_rate_claims,
}


def main(names: Sequence[str]) -> None:
    """Make the named tables, or all."""
    if unknown := sorted(set(names) - TABLES.keys()):
        sys.exit(f"unknown table {unknown[0]!r}; the validation tables are {', '.join(TABLES)}")
    try:
        for name in names or TABLES:
            TABLES[name]()
    except UserError as mistake:
        sys.exit(f"error: {mistake}")


if __name__ == "__main__":
    main(sys.argv[1:])
