"""What a study found, as sentences and small tables made from its finished estimates; no conclusion is written in advance."""

from vgstudy.findings.contrasts import contrast
from vgstudy.findings.decay import decay
from vgstudy.findings.failure import failure
from vgstudy.findings.finding import Finding, Table
from vgstudy.findings.movement import movement
from vgstudy.findings.prediction import prediction
from vgstudy.findings.width import width
from vgstudy.views.frames import Frames

__all__ = ["Finding", "Table", "findings"]


def findings(frames: Frames) -> list[Finding]:
    """Every finding the study has estimates for, the most telling first."""
    factors = list(dict.fromkeys(declared["factor"] for declared in frames.study["contrasts"]))
    compared = [contrast(frames, factor) for factor in factors]
    wider = width(frames) if "width" not in factors else None
    found = [decay(frames), failure(frames), prediction(frames), *compared, wider, movement(frames)]
    return [finding for finding in found if finding]
