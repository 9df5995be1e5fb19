"""What a study found, as sentences and small tables made from its finished estimates; no conclusion is written in advance."""

from vgstudy.findings.contrasts import contrast
from vgstudy.findings.decay import decay
from vgstudy.findings.finding import Finding, Table
from vgstudy.findings.limit import limit
from vgstudy.findings.movement import movement
from vgstudy.findings.precision import precision
from vgstudy.findings.prediction import prediction
from vgstudy.findings.theory import theory
from vgstudy.findings.variance import variance
from vgstudy.views.frames import Frames

__all__ = ["Finding", "Table", "findings"]


def findings(frames: Frames) -> list[Finding]:
    """Every finding the study has estimates for, the most telling first."""
    factors = list(dict.fromkeys(declared["factor"] for declared in frames.study["contrasts"]))
    compared = [contrast(frames, factor) for factor in factors]
    about_seeds = [variance(frames), movement(frames), precision(frames)]
    found = [decay(frames), limit(frames), prediction(frames), *compared, theory(frames), *about_seeds]
    return [finding for finding in found if finding]
