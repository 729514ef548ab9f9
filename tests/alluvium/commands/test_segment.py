"""`alluvium segment` before the first night."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from alluvium.commands.segment import app
from alluvium.errors import UsageError


def test_every_definition_is_listed(settings):
    done = CliRunner().invoke(app, ["list", "--json"], catch_exceptions=False)
    rows = {row["segment"]: row for row in json.loads(done.stdout)}
    assert rows["cart_abandoners"]["owner"] == "crm-team"
    assert rows["cart_abandoners"]["size"] is None


def test_a_definition_is_shown_as_it_is_written(settings):
    done = CliRunner().invoke(app, ["show", "champions"], catch_exceptions=False)
    assert "-- owner: crm-team\n" in done.stdout
    assert "from gold.customer_rfm" in done.stdout


def test_a_preview_needs_a_night(settings):
    done = CliRunner().invoke(app, ["preview", "champions"])
    assert isinstance(done.exception, UsageError)
    assert "--run-date" in str(done.exception)
