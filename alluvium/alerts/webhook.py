"""An alert as JSON: a field `text` in words, which chat rooms show as it is, and the same for programs."""

from __future__ import annotations

import json
from urllib.request import Request, urlopen

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from alluvium.alerts.alert import Alert
from alluvium.settings import Settings

TIMEOUT_SECONDS = 5


@retry(
    retry=retry_if_exception_type(OSError),
    stop=stop_after_attempt(3),
    wait=wait_exponential(multiplier=0.2, max=2),
    reraise=True,
)
def _post(url: str, body: bytes) -> None:
    request = Request(url, body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=TIMEOUT_SECONDS):
        pass


def post(settings: Settings, alert: Alert) -> None:
    """Post one alert. Raises OSError when it does not arrive, ValueError when the address is none."""
    assert settings.alerts_webhook_url is not None
    body = {
        "text": alert.text,
        "kind": alert.kind,
        "job": alert.job,
        "run_date": alert.run_date.isoformat(),
        "details": list(alert.lines),
    }
    _post(settings.alerts_webhook_url.get_secret_value(), json.dumps(body).encode())
