"""Great Expectations' own page of what a gate saw, one per suite and night, under reports/data_docs.

A gate judges figures, so no page can show a value of a row. References to other hosts are taken out: a page
is opened where there may be no network, and a report of the night calls nobody.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

from alluvium.settings import Settings

_ELSEWHERE = re.compile(
    r"<script[^>]*src=[\"']https?://[^>]*>\s*</script>|<link[^>]*>"
    r"|<img[^>]*src=[\"']https?://[^>]*>|<footer>.*?</footer>",
    re.IGNORECASE | re.DOTALL,
)
_LOOK = """<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; color: #1f2933 }
table { border-collapse: collapse } td, th { border-bottom: 1px solid #d9e2ec; padding: .3rem .8rem }
.fa-check-circle::before { content: "passed " } .fa-times::before { content: "failed " }
.navbar, .modal, .toast, #ge-cta-footer, .show-hide-filters { display: none }
</style>"""


def page_of(judged: Any) -> str:
    """The page of one validation result."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    page = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(judged))
    return _ELSEWHERE.sub("", page).replace("</head>", f"{_LOOK}</head>", 1)


def place(settings: Settings, run_date: date, suite: str) -> Path:
    """Where the page of a suite and night lies."""
    return settings.reports / "data_docs" / str(run_date) / f"{suite}.html"


def write(judged: Any, settings: Settings, run_date: date, suite: str) -> Path:
    """Write the page, in place of the one of an earlier run of the same night."""
    path = place(settings, run_date, suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page_of(judged), encoding="utf-8")
    return path
