"""`alluvium segment` before the first night."""

from __future__ import annotations

import json
from datetime import date
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from alluvium import catalog
from alluvium.commands.segment import app
from alluvium.errors import AlluviumError, UsageError
from alluvium.lake import ledger
from spark_jobs.segments import versions
from spark_jobs.segments.definition import FOLDER, load, parse


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


@pytest.mark.parametrize("command", [["show"], ["preview"], ["results"], ["propose"], ["canary"]])
def test_a_misspelt_segment_is_told_with_the_nearest_name(settings, command):
    done = CliRunner().invoke(app, [*command, "champion"])
    assert isinstance(done.exception, UsageError)
    assert "Did you mean champions?" in str(done.exception)


def test_an_interview_becomes_a_definition_that_can_be_read(settings, tmp_path):
    answers = [
        "crm-team", "marketing_email", "nightly", "twenty", "20", "5000", "30", "People who only look.",
        "all",
        # A misspelt event is asked for again; then a score, with its horizon.
        "2", "Product Vewed", "Product Viewed", "3", "7", "yes",
        "1", "churn.churn_probability", "30", "above", "0.4", "no",
    ]  # fmt: skip
    call = ["new", "lookers", "--folder", str(tmp_path)]
    done = CliRunner().invoke(app, call, input="\n".join(answers) + "\n", catch_exceptions=False)
    assert "did you mean 'Product Viewed'?" in done.stdout
    assert "'twenty' is not a whole number" in done.stdout
    definition = load("lookers", tmp_path)
    assert [leaf.words for leaf in definition.leaves] == [
        "'Product Viewed' at least 3 times in the last 7 days",
        "churn.churn_probability within 30 days above 0.4",
    ]
    assert isinstance(CliRunner().invoke(app, call).exception, UsageError), "written over"


def test_a_name_that_is_no_file_is_refused_before_anything_is_asked(settings, tmp_path):
    done = CliRunner().invoke(app, ["new", "../up", "--folder", str(tmp_path)])
    assert isinstance(done.exception, AlluviumError)


def test_an_earlier_definition_comes_back_with_a_witness(settings, tmp_path):
    text = (FOLDER / "champions.sql").read_bytes()
    earlier = parse(text, "champions.sql")
    at = SimpleNamespace(night=date(2017, 11, 1))
    versions.remember(settings, [earlier], at)
    (tmp_path / "champions.sql").write_text("edited")
    call = ["rollback", "champions", earlier.version, "--folder", str(tmp_path), "--reason", "too wide"]
    CliRunner().invoke(app, call, catch_exceptions=False)
    assert (tmp_path / "champions.sql").read_bytes() == text
    acts = ledger.read(catalog.OPS_AUDIT, settings).to_pylist()
    assert {act["action"] for act in acts} == {"segment.rollback", "segment.approve"}


def test_the_schema_is_printed_for_editors(settings):
    done = CliRunner().invoke(app, ["schema"], catch_exceptions=False)
    assert (
        "customer.region" in json.loads(done.stdout)["$defs"]["FieldCondition"]["properties"]["field"]["enum"]
    )
