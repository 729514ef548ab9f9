"""Alerts arrive at a real mail server; one that does not arrive stops nothing and gives nothing away."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import ValidationError

from alluvium import alerts, job
from alluvium.errors import AlluviumError
from alluvium.settings import Settings

DAY = date(2017, 11, 1)


class _Postbox:
    """Takes every mail, after as many answers that ask to come again as it is told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.busy = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.busy:
            self.busy -= 1
            return "451 come again"
        mail = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"


class _Server(Controller):
    """On a free port, which it learns when it has begun."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def server() -> Iterator[Controller]:
    controller = _Server(_Postbox(), hostname="127.0.0.1", port=0)
    controller.start()
    yield controller
    controller.stop()


def _settings(home: Path, server: Controller, **more: Any) -> Settings:
    where = {"alerts_email_host": "127.0.0.1", "alerts_email_port": server.port}
    return Settings(home=home, alerts_email_to="night@example.org, day@example.org", **where, **more)


def test_a_failed_job_is_mailed_without_personal_data(server: Controller, tmp_path: Path) -> None:
    def work() -> None:
        raise AlluviumError("Nothing was delivered for pos/order_lines by ada@example.org")

    with pytest.raises(AlluviumError):
        job.recorded("ingest.load", DAY, work, _settings(tmp_path, server))
    (mail,) = server.handler.mails
    assert mail["To"] == "night@example.org, day@example.org"
    assert mail["Subject"].startswith("Alluvium 2017-11-01: ingest.load: Nothing was delivered for pos/")
    assert mail["X-Alluvium-Kind"] == "job_failed"
    assert "ada@example.org" not in mail.as_string()


def test_a_server_that_is_busy_is_asked_again(server: Controller, tmp_path: Path) -> None:
    server.handler.busy = 2
    lines = ["silver.pos_order_lines: rows is 3,\nexpected 9"]
    alerts.send(_settings(tmp_path, server), "gate_warns", "expectations.silver", DAY, "1 warns", lines)
    (mail,) = server.handler.mails
    assert mail["Subject"] == "Alluvium 2017-11-01: expectations.silver: 1 warns"
    assert "expected 9" in mail.get_content()


def test_a_server_that_is_not_there_stops_nothing(
    tmp_path: Path, server: Controller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    nowhere = _settings(tmp_path, server).model_copy(update={"alerts_email_port": 9})
    alerts.send(nowhere, "job_failed", "churn.score", DAY, "no")
    assert "did not reach the mail server" in caplog.text


def test_a_password_is_not_sent_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="needs alerts_email_security"):
        Settings(home=tmp_path, alerts_email_password="s3cret", alerts_email_security="none")
    settings = Settings(home=tmp_path, alerts_email_password="s3cret", alerts_email_security="tls")
    assert "s3cret" not in repr(settings)
