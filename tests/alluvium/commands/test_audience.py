"""`alluvium audience`: every request gets its line of answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alluvium import catalog
from alluvium.commands.audience import app
from alluvium.errors import UsageError
from alluvium.lake import ledger

VECTORS = Path(__file__).parents[2] / "spark_jobs" / "publish" / "audience_vectors.json"


def ask(requests: str | bytes) -> list[dict[str, object]]:
    done = CliRunner().invoke(app, ["normalise", "--json"], input=requests, catch_exceptions=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_vector_is_answered_in_its_line():
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    answers = ask("".join(f"{json.dumps(vector)}\n" for vector in vectors))
    expected = [
        {"rejected": vector["rejected"]}
        if "rejected" in vector
        else {"normalised": vector["normalised"], "sha256": vector["sha256"]}
        for vector in vectors
    ]
    assert answers == expected


def test_a_line_that_cannot_be_read_does_not_end_the_rest():
    half_a_character = '{"platform": "meta", "field": "city", "input": "\\ud800"}'
    number = '{"platform": "meta", "field": "zip", "input": 94025, "country": "US"}'
    answers = ask(f'nonsense\n[1]\n{half_a_character}\n{{"platform": "meta"}}\n{number}\n')
    assert [answer.get("rejected") for answer in answers] == [
        "invalid_json",
        "invalid_request",
        "not_sendable",
        "invalid_request",
        None,
    ]


def test_bytes_that_are_no_text_and_nesting_without_end_are_answered_too():
    answers = ask(
        b"\xff\xfe\n" + b"[" * 100_000 + b'\n{"platform": "meta", "field": "zip", "input": ["1"]}\n'
    )
    assert [answer["rejected"] for answer in answers] == ["invalid_json", "invalid_json", "invalid_request"]


def test_an_answer_comes_before_the_next_request_and_without_spark():
    request = '{"platform": "x", "field": "email", "input": "Ann@Example.org"}\n'
    code = (
        "import sys; from alluvium.commands.audience import normalise; normalise(as_json=True); "
        "sys.exit('pyspark' in sys.modules)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(request)
        running.stdin.flush()
        assert json.loads(running.stdout.readline())["normalised"] == "ann@example.org"
        running.stdin.close()
        assert running.wait(timeout=60) == 0


def test_without_json_it_says_how_to_call_it():
    with pytest.raises(UsageError, match="--json"):
        CliRunner().invoke(app, ["normalise"], catch_exceptions=False)


def test_deliveries_are_listed_before_the_first_night(settings):
    done = CliRunner().invoke(app, ["list", "--json"], catch_exceptions=False)
    rows = json.loads(done.stdout)
    assert {"segment": "cart_abandoners", "platform": "email", "purpose": "marketing_email"}.items() <= rows[
        0
    ].items()
    assert rows[0]["status"] is None


def test_an_approval_has_a_reason_and_a_planned_delivery(settings):
    def approve(*arguments: str):
        return CliRunner().invoke(
            app, ["approve", *arguments, "--run-date", "2017-11-02", "--reason", "a sale"]
        )

    assert "alluvium audience deliver --run-date 2017-11-02" in approve("champions", "google").stdout
    (act,) = ledger.read(catalog.OPS_AUDIT, settings).to_pylist()
    assert (act["action"], act["subject"]) == ("audience.approve", "champions to google on 2017-11-02")
    assert isinstance(approve("champions", "tiktok").exception, UsageError)
