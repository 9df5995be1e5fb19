"""Compute the validation tables again and keep them in the package: `make validate`.

Each function here makes one table. `git diff` shows what is new in it.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vgstudy.errors import UserError
from vgstudy.schema import FACTORS
from vgstudy.store.records import read_record, write_record
from vgstudy.store.tables import read_rows

REPETITIONS = 2000
RESULTS = Path("results")
DEFAULT_STUDY = RESULTS / "extensions"
DEFAULT_STUDIES = ("circles", "digits", "extensions", "visualising")
ESTIMATE = ("value", "low", "high", "n")
# of the networks kept from `initialisers`
INITIALISED = {"depth": 10}
# of the tests over all depths
POOLED = (
    *(name for name in FACTORS if name != "depth"),
    *("factor", "reference", "depths", "learned", "n", "learned_reference", "n_reference"),
    *("value", "low", "high", "p", "p_adjusted", "p_depth_adjusted"),
)
CONFIRMING = list(range(10, 30))

Row = dict[str, Any]


def coverage() -> None:
    """Simulate how often every interval and test is right."""
    from vgstudy.validation.simulation import simulate

    write_record("coverage", simulate(REPETITIONS))


def published() -> None:
    """Recompute published numbers."""
    from vgstudy.validation.published_laws import law_checks
    from vgstudy.validation.published_networks import network_checks

    write_record("published", [vars(check) for check in (*law_checks(), *network_checks())])


def diagnosis() -> None:
    """Count how often the verdicts of `vgstudy diagnose` are right in the default study."""
    from vgstudy.validation.scores import count_verdicts

    rows = count_verdicts(DEFAULT_STUDY)
    runs = sum(row["learned"] + row["failed"] for row in rows if row["epoch"] == 0)
    write_record("diagnosis", rows, study=DEFAULT_STUDY.name, runs=runs)


def models() -> None:
    """Train the twenty families of models, healthy and broken."""
    from vgstudy.validation.models import model_rows

    write_record("models", list(model_rows()))


def rules() -> None:
    """Score published rules and ours on the families of models and on the cells of those default
    studies that were run."""
    from vgstudy.results import Results
    from vgstudy.validation.scores import cell_scores, family_scores

    folders = {name: RESULTS / name for name in DEFAULT_STUDIES}
    studies = {name: Results(path) for name, path in folders.items() if path.is_dir()}
    rows = list(family_scores(read_record("models").rows))
    rows += cell_scores(studies) if studies else []
    write_record("rules", rows)


def rates() -> None:
    """Keep the tutorials' networks at their best learning rates, from the study `rates`."""
    columns = (*FACTORS, "at_one", *ESTIMATE, "chosen_on")
    write_record("rates", _rows_of("rates", "best_rates", columns))


def interventions() -> None:
    """Keep what rescaled gradients cure and harm, from the study `interventions-best`."""
    columns = (*FACTORS, "factor", "reference", "reference_rate", "learned", "learned_reference")
    counts = ("cured", "harmed", "value", "low", "high", "p", "n")
    write_record("interventions", _rows_of("interventions-best", "paired", (*columns, *counts)))


def remedies() -> None:
    """Keep which remedies make deep networks learn, from the study `remedies-best`."""
    from vgstudy.analysis.best_rates import ranked

    rows = _rows_of("remedies-best", "best_rates", (*FACTORS, *ESTIMATE))
    write_record("remedies", ranked(rows))


def initialisers() -> None:
    """Keep decay factors next to theory, and who learns, from the study `initialisers`."""
    networks, learned = _networks("initialisers"), _learned("initialisers")
    columns = ("cell", "quantity", "predicted", *ESTIMATE)
    rows = [
        {**networks[row["cell"]], **row, "learned": learned[row["cell"]]}
        for row in _rows_of("initialisers", "overlays", columns)
        if row["quantity"] == "d_delta" and INITIALISED.items() <= networks[row["cell"]].items()
    ]
    write_record("initialisers", [_without(row, "cell", "quantity") for row in rows])


def fair() -> None:
    """Keep how often networks learn at the given and at their best learning rate, from the studies
    `fair` and `fair-best`."""
    networks, learned = _networks("fair"), _learned("fair")
    at_one = {
        tuple(_without(levels, "rate_factor").values()): learned[cell]
        for cell, levels in networks.items()
        if levels["rate_factor"] == 1
    }
    rows = _rows_of("fair-best", "best_rates", (*FACTORS, *ESTIMATE))
    keys = [name for name in FACTORS if name != "rate_factor"]
    write_record(
        "fair", [row | {"at_one": at_one[tuple(row[key] for key in keys)]} for row in rows]
    )


def pooled_again() -> None:
    """Keep the default study's tests over all depths on seeds 10 to 29: results of
    `snakemake --config studies=extensions seeds=10-29`."""
    from vgstudy.design import read_design
    from vgstudy.report.repeats import fingerprint

    study = read_design(DEFAULT_STUDY).study
    if study["seeds"] != CONFIRMING:
        raise UserError(f"{DEFAULT_STUDY} has other seeds than 10 to 29")
    write_record(
        "pooled_again",
        _rows_of("extensions", "pooled", POOLED),
        seeds=CONFIRMING,
        fingerprint=fingerprint(study),
    )


def confirmation() -> None:
    """Judge the tutorials' claims on fresh seeds."""
    from vgstudy.validation.claims_again import confirmed, fingerprints

    write_record("confirmation", list(confirmed()), studies=fingerprints())


def best_rate_claims() -> None:
    """Judge the tutorials' claims about outcomes with each network at its best learning rate."""
    from vgstudy.validation.claims_again import at_best_rates

    write_record("best_rate_claims", list(at_best_rates()))


def _rows_of(study: str, table: str, columns: Sequence[str]) -> list[Row]:
    """Return some columns of a study's table."""
    rows: list[Row] = read_rows(RESULTS / study, table, list(columns)).to_pylist()
    return rows


def _networks(study: str) -> dict[str, Row]:
    """Return the levels of each cell of a study."""
    rows = _rows_of(study, "runs", ("cell", *FACTORS))
    return {row["cell"]: _without(row, "cell") for row in rows}


def _learned(study: str) -> dict[str, float]:
    """Return the share of learned runs of each cell of a study."""
    rows = _rows_of(study, "estimates", ("cell", "quantity", "value"))
    return {row["cell"]: row["value"] for row in rows if row["quantity"] == "p_learned"}


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}


TABLES: Mapping[str, Callable[[], None]] = {
    function.__name__: function
    for function in (
        coverage,
        published,
        diagnosis,
        models,
        rules,
        rates,
        interventions,
        remedies,
        initialisers,
        fair,
        pooled_again,
        confirmation,
        best_rate_claims,
    )
}


def main(names: Sequence[str]) -> None:
    """Make the named tables, or all; say of which the studies were not run."""
    if unknown := sorted(set(names) - TABLES.keys()):
        sys.exit(f"unknown table {unknown[0]!r}; the validation tables are {', '.join(TABLES)}")
    for name in names or TABLES:
        try:
            TABLES[name]()
            print(f"{name}: written", flush=True)
        except UserError as mistake:
            print(f"{name}: not written: {mistake}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
