"""Tell somebody: jobs that failed, gates that are shut and gates that warn, by webhook, by e-mail or by both.

An alert names jobs, tables and checks, never a row's value. One that does not arrive is logged and stops
nothing: the ledgers know what happened.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date

from alluvium.alerts import mail, webhook
from alluvium.alerts.alert import Alert, Kind
from alluvium.privacy.redact import redact
from alluvium.settings import Settings

log = logging.getLogger(__name__)


def send(
    settings: Settings, kind: Kind, job: str, run_date: date, what: str, details: Sequence[str] = ()
) -> None:
    """Send one alert to everywhere that the settings name; nothing is done when they name nowhere."""
    alert = Alert(kind, job, run_date, [redact(what), *(redact(line) for line in details)])
    if settings.alerts_webhook_url is not None:
        _tried("the webhook", webhook.post, settings, alert)
    if settings.alerts_email_to:
        _tried("the mail server", mail.send, settings, alert)


def _tried(where: str, way: Callable[[Settings, Alert], None], settings: Settings, alert: Alert) -> None:
    try:
        way(settings, alert)
    except (OSError, ValueError) as error:
        # Not the error's text: it may hold the address, which is a secret.
        log.warning("The alert about %s did not reach %s (%s)", alert.job, where, type(error).__name__)
