"""Tell somebody: jobs that failed, gates that are shut and gates that warn go to a webhook when one is set.

The body is JSON with a field `text` in words, which chat rooms show as it is, and the same as fields for
programs. It names jobs, tables and checks, never a row's value.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import date
from typing import Literal
from urllib.error import URLError
from urllib.request import Request, urlopen

from tenacity import RetryError, retry, retry_if_exception_type, stop_after_attempt, wait_exponential

from alluvium.privacy.redact import redact
from alluvium.settings import Settings

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5
Kind = Literal["job_failed", "gate_warns"]


@retry(
    retry=retry_if_exception_type(OSError),
    stop=stop_after_attempt(3),
    wait=wait_exponential(multiplier=0.2, max=2),
)
def _post(url: str, body: bytes) -> None:
    request = Request(url, body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=TIMEOUT_SECONDS):
        pass


def send(
    settings: Settings, kind: Kind, job: str, run_date: date, what: str, details: Sequence[str] = ()
) -> None:
    """Post one alert; without a webhook nothing is done.

    An alert that does not arrive is logged and stops nothing: the ledgers know what happened.
    """
    if settings.alerts_webhook_url is None:
        return
    lines = [redact(what), *(redact(line) for line in details)]
    text = f"Alluvium, run date {run_date}: {job}: " + "\n".join(lines)
    body = {"text": text, "kind": kind, "job": job, "run_date": run_date.isoformat(), "details": lines}
    try:
        _post(settings.alerts_webhook_url.get_secret_value(), json.dumps(body).encode())
    except (RetryError, URLError, OSError, ValueError) as error:
        # Not the error's text: it may hold the address, which is a secret.
        log.warning("The alert about %s did not reach the webhook (%s)", job, type(error).__name__)
