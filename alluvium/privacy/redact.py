"""Take personal data and secrets out of text that is about to be kept: logs, error messages, ledgers."""

from __future__ import annotations

import re

_PATTERNS = (
    (re.compile(r"\w[\w.+%'-]*@[\w-]+(?:\.[\w-]+)+"), "<email>"),
    (
        re.compile(
            r"(?i)(token|password|secret|authorization|aws_secret_access_key)([\"']?\s*[=:]\s*[\"']?)[^\s\"',;]+"
        ),
        r"\1\2<secret>",
    ),
    (re.compile(r"(?<![\w.-])\+?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"), "<phone>"),
    (re.compile(r"(?<![\w.])\+\d{8,15}(?!\w)"), "<phone>"),
)


def redact(text: str) -> str:
    """Replace e-mail addresses, telephone numbers and secrets by their kind."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
