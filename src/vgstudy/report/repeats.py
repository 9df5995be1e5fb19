"""The tutorials' claims when they were judged again, on seeds of their own: tables that the package
keeps."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from vgstudy.cells import canonical_json
from vgstudy.claims.judging import ANSWERED
from vgstudy.design import read_design
from vgstudy.formatting import percent
from vgstudy.report.table import Row
from vgstudy.store.records import read_record

# seeds on which the claims were judged again; the first confirm
SAME_SAMPLE, FRESH_SAMPLES, BEST_RATE = "100-149", "150-199", "200-299"
LABELS: Mapping[str, str] = {
    SAME_SAMPLE: "Judged again on seeds 100 to 149",
    FRESH_SAMPLES: "On seeds 150 to 199, each with a sample of its own",
    BEST_RATE: "Outcomes at each network's best learning rate, seeds 230 to 299",
}
CONFIRMATION = LABELS[SAME_SAMPLE]
WHOLE = 1e-6  # how near to a whole number a count of seeds is


@dataclass(frozen=True)
class Repeat:
    """A claim judged by one run.

    Attributes
    ----------
    label
        What differed from the first run.
    verdict
        That of its worst statement.
    statement, arm, share
        The worst statement, the network that it is about, and for how many seeds it holds.
    all_hold
        For how many seeds all statements hold.
    """

    label: str
    verdict: str
    statement: str = ""
    arm: str = ""
    share: str = ""
    all_hold: str = ""

    @property
    def confirms(self) -> bool:
        """Whether it is the confirmation: nothing but the seeds differed."""
        return self.label == CONFIRMATION


def run_again(results: Path, studies: Sequence[str]) -> list[str]:
    """Return those of the studies that are the same as when their claims were judged again."""
    known = read_record("confirmation").provenance["studies"]
    same = ((name, fingerprint(read_design(results / name).study)) for name in studies)
    return [name for name, found in same if known.get(name) == found]


def fingerprint(study: Mapping[str, Any]) -> str:
    """Return eight hexadecimal digits of what a study trains, whatever its seeds and its log."""
    parts = {key: study[key] for key in ("task", "factors", "arms", "training", "outcome")}
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()[:8]


def repeats(rows: Sequence[Row]) -> Iterator[Repeat]:
    """Yield how a claim was judged again, from its rows of `claims`; nothing if its statements are
    others than those that were judged again."""
    statements = {row["statement"] for row in rows}
    key = (rows[0]["id"], rows[0]["study"])
    for seeds, again in _judged_again().items():
        of_claim = again.get(key, [])
        if of_claim and {row["statement"] for row in of_claim} <= statements:
            yield judged(LABELS[seeds], of_claim)


def judged(label: str, rows: Sequence[Row]) -> Repeat:
    """Return how one run judges a claim, from the rows of its statements."""
    verdict, decides = rows[0]["claim_verdict"], worst(rows)
    return Repeat(
        label,
        verdict,
        decides["statement"],
        decides["arm"],
        share_text(decides["share"], decides["n"] - decides.get("n_failed", 0)),
        share_text(rows[0]["claim_share"], rows[0]["claim_n"]),
    )


def worst(rows: Sequence[Row]) -> Row:
    """Return the statement that decides the verdict on a claim: of those with this verdict the one
    that holds for the fewest seeds; of an open question the first."""
    same = [row for row in rows if row["verdict"] == rows[0]["claim_verdict"]] or rows
    return same[0] if same[0]["verdict"] == ANSWERED else min(same, key=lambda row: row["share"])


def verdict_giver(run: Repeat, again: Sequence[Repeat]) -> Repeat:
    """Return the run that gives the verdict: the confirmation where it differs from the first run,
    else the first run, which has more seeds."""
    differing = (each for each in again if each.confirms)
    return next((each for each in differing if each.verdict != run.verdict), run)


def share_text(share: float | None, seeds: int) -> str:
    """Return a share as a number of seeds, ``96 of 100``; in percent where seeds without a value
    are among them."""
    if share is None:
        return ""
    count = round(share * seeds)
    is_whole = abs(share * seeds - count) < WHOLE
    return f"{count:,} of {seeds:,}" if is_whole else f"{percent(round(share, 2))} of {seeds:,}"


@cache
def _judged_again() -> Mapping[str, Mapping[tuple[str, str], list[Row]]]:
    """Return the kept rows by seeds, and by claim and study."""
    rows = [*read_record("confirmation").rows, *read_record("best_rate_claims").rows]
    return {
        seeds: {
            key: list(of_claim)
            for key, of_claim in groupby(some, key=lambda row: (row["id"], row["study"]))
        }
        for seeds, some in groupby(rows, key=lambda row: row["seeds"])
    }
