"""The first screen: the question, what all studies shown say about it, what became of their runs,
what they cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vgstudy.formatting import listing, plural
from vgstudy.report.accounting import counts_sentence, status_counts
from vgstudy.report.origin import Origin, cost_sentence
from vgstudy.report.points import (
    Named,
    Point,
    Row,
    claims_point,
    limits,
    open_questions,
    prediction,
    start,
)

QUESTION = "Do gradients vanish in deep networks, and is that why training fails?"


@dataclass(frozen=True)
class Overview:
    """The first screen.

    Attributes
    ----------
    question, asked
        What is asked, and what was done to answer it.
    warning
        Which studies do not count; empty if all do.
    points
        What was found.
    counts
        Runs by status, of all studies that count.
    accounting, cost
        The same, and what training took, in sentences.
    """

    question: str
    asked: str
    warning: str
    points: tuple[Point, ...]
    counts: Mapping[str, int]
    accounting: str
    cost: str


def overview(named: Named, claims: Sequence[Row], origins: Mapping[str, Origin]) -> Overview:
    """The first screen from the studies' tables and origins by name and the rows of the claims.

    Studies that are mere trials count only where there is no other.
    """
    trials = [name for name, frames in named.items() if frames.study["trial"]]
    counted = {name: frames for name, frames in named.items() if name not in trials} or dict(named)
    totals = [status_counts(frames) for frames in counted.values()]
    counts = {
        status: sum(total.get(status, 0) for total in totals)
        for total in totals
        for status in total
    }
    costs = [cost for name in counted for cost in origins[name].costs]
    found = (
        claims_point(claims),
        prediction(counted),
        start(counted),
        limits(counted),
        open_questions(counted, claims),
    )
    return Overview(
        question=QUESTION,
        asked=asked_sentence(counted),
        warning=warning(trials, len(trials) == len(named)),
        points=tuple(point for point in found if point),
        counts=counts,
        accounting=counts_sentence(counts),
        cost=cost_sentence(costs, sum(origins[name].jobs for name in counted)),
    )


def warning(trials: Sequence[str], only: bool) -> str:
    """That numbers of trials mean nothing."""
    if not trials:
        return ""
    those = f"{listing(trials)} {'is' if len(trials) == 1 else 'are'} a test of the workflow, trained far too briefly"
    return f"{those}: {'these numbers mean nothing' if only else 'the numbers there mean nothing and are not counted here'}."


def asked_sentence(named: Named) -> str:
    """How many networks were trained with how many seeds."""
    cells = sum(frames.runs["cell"].nunique() for frames in named.values())
    seeds = {len(frames.study["seeds"]) for frames in named.values()}
    many = plural(max(seeds), "seed") if len(seeds) == 1 else f"{min(seeds)} to {max(seeds)} seeds"
    told = (
        "estimates of a configuration come with their intervals wherever enough seeds have a value"
    )
    if min(seeds) == 1:
        told = (
            "one seed has no interval"
            if max(seeds) == 1
            else "numbers come with their intervals but for studies of one seed"
        )
    studies = f"{len(named)} studies" if len(named) > 1 else "one study"
    return (
        f"Tutorials train each network once and read their conclusions off one curve. Here {plural(cells, 'configuration')} "
        f"{'was' if cells == 1 else 'were each'} trained with {many} in {studies}; {told}."
    )
