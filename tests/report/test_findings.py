"""A study's findings together."""

from synthetic import made_frames
from vgstudy.report.findings import findings


def test_no_estimates_no_findings():
    assert findings(made_frames()) == []
