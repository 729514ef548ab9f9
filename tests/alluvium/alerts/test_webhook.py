"""Alerts arrive at a real server, and one that does not arrive stops nothing and gives nothing away."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr

from alluvium import alerts, job
from alluvium.alerts import webhook
from alluvium.errors import AlluviumError
from alluvium.settings import Settings

DAY = date(2017, 11, 1)


class _Room(HTTPServer):
    """A chat room that takes what is posted, after refusing as often as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Door)
        self.heard: list[dict[str, Any]] = []
        self.refusals = 0


class _Door(BaseHTTPRequestHandler):
    server: _Room

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_refused, self.server.refusals = self.server.refusals > 0, self.server.refusals - 1
        if not is_refused:
            self.server.heard.append(said)
        self.send_response(503 if is_refused else 200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def room() -> Iterator[_Room]:
    with _Room() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _settings(home: Path, url: str | None) -> Settings:
    return Settings(home=home, alerts_webhook_url=SecretStr(url) if url else None)


def test_a_failed_job_is_told_without_personal_data(room: _Room, tmp_path: Path) -> None:
    def work() -> None:
        raise AlluviumError("Nothing was delivered for pos/order_lines by ada@example.org")

    settings = _settings(tmp_path, f"http://127.0.0.1:{room.server_port}/hook/s3cret")
    with pytest.raises(AlluviumError):
        job.recorded("ingest.load", DAY, work, settings)
    (said,) = room.heard
    assert (said["kind"], said["job"], said["run_date"]) == ("job_failed", "ingest.load", "2017-11-01")
    assert "Nothing was delivered for pos/order_lines" in said["text"]
    assert "ada@example.org" not in json.dumps(said)


def test_a_refusal_is_tried_again(room: _Room, tmp_path: Path) -> None:
    room.refusals = 2
    settings = _settings(tmp_path, f"http://127.0.0.1:{room.server_port}/")
    alerts.send(
        settings, "gate_warns", "expectations.bronze", DAY, "1 checks warn", ["rows is 3, expected 9"]
    )
    assert room.heard[0]["details"] == ["1 checks warn", "rows is 3, expected 9"]


def test_what_does_not_arrive_stops_nothing_and_the_address_stays_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    settings = _settings(tmp_path, "http://127.0.0.1:9/hook/s3cret")
    alerts.send(settings, "job_failed", "churn.score", DAY, "no")
    assert "did not reach the webhook" in caplog.text
    assert "s3cret" not in caplog.text + repr(settings)


def test_without_a_webhook_nobody_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "_post", lambda *_: pytest.fail("posted"))
    alerts.send(_settings(tmp_path, None), "job_failed", "churn.score", DAY, "no")
