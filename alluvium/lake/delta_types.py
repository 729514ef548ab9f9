"""Types by the name that Spark's SQL gives them, as Delta's log writes them (Delta protocol, "Schema
serialization format"), and back for people to read."""

from __future__ import annotations

from typing import Any

PLAIN = {
    "BIGINT": "long",
    "INT": "integer",
    "SMALLINT": "short",
    "TINYINT": "byte",
    "TEXT": "string",
    "VARCHAR": "string",
    "TIMESTAMP": "timestamp",
    "TIMESTAMPTZ": "timestamp",
    "TIMESTAMPNTZ": "timestamp_ntz",
}


def of_spark(name: str) -> Any:
    """`array<int>` as Delta's log says it; plain types are a string, nested ones a JSON object."""
    from sqlglot import exp

    return _written(exp.DataType.build(name, dialect="spark"))


def _written(kind: Any) -> Any:
    inner = kind.expressions
    match kind.this.name:
        case "ARRAY" | "LIST":
            return {"type": "array", "elementType": _written(inner[0]), "containsNull": True}
        case "MAP":
            keys, values = map(_written, inner)
            return {"type": "map", "keyType": keys, "valueType": values, "valueContainsNull": True}
        case "STRUCT":
            return {
                "type": "struct",
                "fields": [field(part.name, _written(part.args["kind"])) for part in inner],
            }
        case "DECIMAL":
            precision, scale = [int(part.name) for part in inner] or [10, 0]
            return f"decimal({precision},{scale})"
        case plain:
            return PLAIN.get(plain, plain.lower())


def field(name: str, kind: Any, comment: str = "") -> dict[str, Any]:
    """A column, or a part of a struct; all of ours may be null."""
    metadata = {"comment": comment} if comment else {}
    return {"name": name, "type": kind, "nullable": True, "metadata": metadata}


def shown(kind: Any) -> str:
    """A type of Delta's log in one line, without what may be null."""
    if isinstance(kind, str):
        return kind
    match kind["type"]:
        case "array":
            return f"array<{shown(kind['elementType'])}>"
        case "map":
            return f"map<{shown(kind['keyType'])},{shown(kind['valueType'])}>"
        case _:
            parts = (f"{part['name']}:{shown(part['type'])}" for part in kind["fields"])
            return f"struct<{','.join(parts)}>"
