"""An alert as an e-mail, through the mail server of the settings."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential

from alluvium.alerts.alert import Alert
from alluvium.settings import Settings

TIMEOUT_SECONDS = 10


def message_of(settings: Settings, alert: Alert) -> EmailMessage:
    """The e-mail: the subject says what happened, the text all of it."""
    message = EmailMessage()
    first = " ".join(alert.lines[0].split())  # A header has one line.
    message["Subject"] = f"Alluvium {alert.run_date}: {alert.job}: {first}"[:200]
    message["From"] = settings.alerts_email_from
    message["To"] = settings.alerts_email_to
    message["X-Alluvium-Kind"] = alert.kind
    message.set_content(alert.text)
    return message


def _server(settings: Settings) -> smtplib.SMTP:
    place = (settings.alerts_email_host, settings.alerts_email_port)
    if settings.alerts_email_security == "tls":
        return smtplib.SMTP_SSL(*place, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(*place, timeout=TIMEOUT_SECONDS)


def _may_pass(error: BaseException) -> bool:
    """Whether a second try makes sense; every error of smtplib is an OSError, 5xx is a server's last word."""
    return isinstance(error, OSError) and not 500 <= getattr(error, "smtp_code", 0) < 600


@retry(
    retry=retry_if_exception(_may_pass),
    stop=stop_after_attempt(3),
    wait=wait_exponential(multiplier=0.2, max=2),
    reraise=True,
)
def send(settings: Settings, alert: Alert) -> None:
    """Send one alert. Raises OSError when the mail server does not take it."""
    with _server(settings) as server:
        if settings.alerts_email_security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.alerts_email_user and settings.alerts_email_password:
            server.login(settings.alerts_email_user, settings.alerts_email_password.get_secret_value())
        server.send_message(message_of(settings, alert))
