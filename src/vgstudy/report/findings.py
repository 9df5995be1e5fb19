"""What a study found: sentences and tables made from its finished estimates."""

from vgstudy.figures.frames import Frames
from vgstudy.report.contrast_findings import contrast
from vgstudy.report.decay_findings import initial_decay, precision, theory_agreement
from vgstudy.report.failure_findings import failure_prediction
from vgstudy.report.finding import Finding
from vgstudy.report.training_findings import depth_limits, variance_shares


def findings(frames: Frames) -> list[Finding]:
    """Return every finding that the study has estimates for, in the order of the report."""
    factors = dict.fromkeys(declared["factor"] for declared in frames.study["contrasts"])
    made = [
        initial_decay(frames),
        depth_limits(frames),
        failure_prediction(frames),
        *(contrast(frames, factor) for factor in factors),
        theory_agreement(frames),
        variance_shares(frames),
        precision(frames),
    ]
    return [finding for finding in made if finding]
