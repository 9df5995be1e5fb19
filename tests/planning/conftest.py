"""The smoke study and its plan."""

from pathlib import Path

import pytest

from vgstudy.config.load import load_study
from vgstudy.config.study import Study
from vgstudy.planning.plan import Plan, plan_study

STUDY = Path(__file__).parents[2] / "config/studies/smoke.yaml"


@pytest.fixture(scope="session")
def smoke() -> Study:
    return load_study(STUDY)


@pytest.fixture
def planned(smoke: Study, tmp_path: Path) -> Plan:
    return plan_study(smoke, tmp_path / "results")
