"""What a study found, as sentences and small tables made from its finished estimates; no conclusion
is written in advance."""

from vgstudy.figures.frames import Frames
from vgstudy.report.contrasts import contrast
from vgstudy.report.decay import decay
from vgstudy.report.finding import Finding, Table
from vgstudy.report.limit import limit
from vgstudy.report.movement import movement
from vgstudy.report.precision import precision
from vgstudy.report.prediction import prediction
from vgstudy.report.theory import theory
from vgstudy.report.variance import variance

__all__ = ["Finding", "Table", "findings"]


def findings(frames: Frames) -> list[Finding]:
    """Every finding the study has estimates for, the most telling first."""
    factors = list(dict.fromkeys(declared["factor"] for declared in frames.study["contrasts"]))
    compared = [contrast(frames, factor) for factor in factors]
    about_seeds = [variance(frames), movement(frames), precision(frames)]
    found = [
        decay(frames),
        limit(frames),
        prediction(frames),
        *compared,
        theory(frames),
        *about_seeds,
    ]
    return [finding for finding in found if finding]
