"""The JSON Schema of rule documents: editors complete fields and events by it."""

from __future__ import annotations

import json
from pathlib import Path

from spark_jobs.segments.rules.document import Document

FILE = Path(__file__).with_name("rules.schema.json")


def text() -> str:
    """The schema, as the file beside this module holds it."""
    schema = Document.model_json_schema(by_alias=True)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"
