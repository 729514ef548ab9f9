"""The engine on the public FEBRL data sets, whose truth is known."""

from __future__ import annotations

import pytest

from spark_jobs.identity import febrl
from spark_jobs.identity.engine.columns import Mapping
from tests.spark_jobs.identity.engine.test_run import clusters, figures

FEBRL = Mapping(id="rec_id", roles=febrl.ROLES)


@pytest.mark.parametrize("number", [3, pytest.param(4, marks=pytest.mark.full)])
def test_febrl_is_resolved_without_labels(number: int) -> None:
    rows = febrl.records(number)
    scores = figures(clusters(rows, FEBRL), rows["person_id"])
    assert scores["pairwise"] >= 0.999
    assert scores["b_cubed"] >= 0.999
