"""A month is published once: asked again it costs nothing, and what the budget does not cover is refused."""

from __future__ import annotations

import json
from datetime import date

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from alluvium import catalog
from alluvium.commands.privacy import app
from alluvium.errors import AlluviumError, UsageError
from alluvium.lake import ledger
from alluvium.privacy import audit
from alluvium.tables.privacy import OPS_PRIVATE_RELEASES
from spark_jobs.privacy.releases import definition, mechanism, release

OCTOBER = date(2017, 10, 1)
ORDERS = [("C1", "store", 3)] * 40 + [("C2", "web", 5), ("C3", "store", 5), ("C4", "store", 70)]


@pytest.fixture
def lake(settings):
    """Orders of October and one of December; C3 does not want to be counted."""
    orders = [
        {
            "customer_id": who,
            "channel": channel,
            "ordered_on": date(2017, 10, 1) if day < 32 else date(2017, 12, 1),
        }
        for who, channel, day in ORDERS
    ]
    customers = [{"customer_id": f"C{n}", "is_analytics_allowed": n != 3} for n in range(1, 5)]
    for table, rows in {"orders": orders, "customers": customers}.items():
        path = settings.lake / "gold" / table
        path.parent.mkdir(parents=True, exist_ok=True)
        write_deltalake(str(path), pa.Table.from_pylist(rows))
    return settings


@pytest.fixture
def definitions():
    return definition.load()


def test_every_breakdown_of_ours_can_be_counted_and_costs_what_it_says(lake, definitions):
    for name, each in definitions.breakdowns.items():
        assert mechanism.cost(each) == pytest.approx(each.epsilon)
        found = release.release(lake, definitions, name, OCTOBER)
        assert set(found.figures) == set(each.groups)


def test_what_is_counted_before_noise_is_bounded_and_leaves_out_who_said_no(lake, definitions):
    orders = definitions.get("orders_by_channel")
    rows = release._contributions(lake, orders, (OCTOBER, date(2017, 10, 31)))
    # 40 orders of C1 count as twelve, C3 does not want to be counted, C4 came in December.
    assert mechanism.bounded_sums(rows, orders) == {"store": 12, "web": 1}


def test_a_rerun_gives_the_same_figures_at_no_cost(lake, definitions):
    first = release.release(lake, definitions, "orders_by_channel", OCTOBER)
    again = [
        release.release(lake, definitions, "orders_by_channel", OCTOBER.replace(day=9)) for _ in range(5)
    ]
    assert {json.dumps(each.figures) for each in again} == {json.dumps(first.figures)}
    assert {each.budget_left for each in again} == {first.budget_left}
    assert not first.is_stored
    assert all(each.is_stored for each in again)
    assert len(ledger.rows(OPS_PRIVATE_RELEASES, lake)) == 1
    assert [row["action"] for row in ledger.rows(catalog.OPS_AUDIT, lake)] == ["privacy.release"]
    assert audit.verify(lake) == []


def test_an_overdrawn_request_is_refused_and_leaves_no_trace(lake, definitions):
    poor = definitions.model_copy(update={"budget_of_a_year": 1.2})
    release.release(lake, poor, "orders_by_channel", OCTOBER)
    with pytest.raises(AlluviumError, match=r"The budget of 2017 is spent.*0\.2 is left"):
        release.release(lake, poor, "customers_by_channel", OCTOBER)
    assert len(ledger.rows(OPS_PRIVATE_RELEASES, lake)) == 1
    assert release.release(lake, poor, "orders_by_channel", OCTOBER).is_stored
    assert not release.release(lake, poor, "orders_by_channel", date(2018, 1, 1)).is_stored  # Another year.


def test_a_month_is_not_published_under_two_definitions(lake, definitions):
    release.release(lake, definitions, "orders_by_channel", OCTOBER)
    changed = definitions.get("orders_by_channel").model_copy(update={"most_value": 99})
    other = definitions.model_copy(update={"breakdowns": {"orders_by_channel": changed}})
    with pytest.raises(AlluviumError, match="another definition"):
        release.release(lake, other, "orders_by_channel", OCTOBER)
    with pytest.raises(UsageError, match="no breakdown"):
        release.release(lake, definitions, "salaries", OCTOBER)


def test_a_month_that_is_not_over_is_not_published(lake):
    answer = CliRunner().invoke(app, ["release", "orders_by_channel", "--month", "2017-10"])
    assert "is not over" in str(answer.exception)
