"""What a dbt command did, node by node, and which error it ended with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alluvium.errors import AlluviumError
from alluvium.privacy.redact import redact

_STATES = {"warned": "warn", "skipped": "skipped"}


@dataclass(frozen=True)
class NodeResult:
    """How one model, seed, snapshot or test went; `cost` says in words what it has to read and write."""

    name: str
    kind: str
    status: str
    seconds: float
    message: str
    cost: str | None = None


@dataclass(frozen=True)
class DbtResult:
    """What one dbt command did, node by node in the order they ended."""

    nodes: tuple[NodeResult, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Nodes by kind, and how many of them warned or were skipped; for the ledger."""
        kinds = ("model", "snapshot", "seed", "test", "unit_test")
        found = {f"{kind}s": sum(node.kind == kind for node in self.nodes) for kind in kinds}
        states = {state: sum(node.status == word for node in self.nodes) for state, word in _STATES.items()}
        return {name: count for name, count in {**found, **states}.items() if count}

    @property
    def slowest(self) -> list[NodeResult]:
        """Nodes by their seconds, the slowest first."""
        return sorted(self.nodes, key=lambda node: -node.seconds)


def read(path: Path) -> DbtResult:
    """The results that dbt left; no nodes when it never came so far."""
    if not path.exists():
        return DbtResult(())
    found = json.loads(path.read_text(encoding="utf-8"))["results"]
    described = json.loads(path.with_name("manifest.json").read_text(encoding="utf-8"))["nodes"]
    return DbtResult(tuple(_node(result, described.get(result["unique_id"], {})) for result in found))


def _node(result: Mapping[str, Any], described: Mapping[str, Any]) -> NodeResult:
    kind, _, name = result["unique_id"].split(".")[:3]
    return NodeResult(
        name,
        kind,
        result["status"],
        round(result["execution_time"], 3),
        result["message"] or "",
        described.get("config", {}).get("meta", {}).get("cost"),
    )


def raise_if_failed(done: DbtResult, exit_code: int, complaints: Sequence[str], log: Path) -> None:
    """Raises AlluviumError that names the first node that failed, or why dbt could not run."""
    if exit_code == 0:
        return
    failed = [node for node in done.nodes if node.status in {"error", "fail", "runtime error"}]
    if not failed:
        reason = _reason(complaints[-1]) if complaints else f"its process ended with exit code {exit_code}"
        raise AlluviumError(f"dbt could not run: {reason}", where=str(log))
    others = f", and {len(failed) - 1} more failed" if len(failed) > 1 else ""
    first = failed[0]
    raise AlluviumError(
        f"dbt {first.kind} {first.name} failed: {_reason(first.message)}{others}", where=str(log)
    )


def _reason(message: str) -> str:
    """The line of a dbt message that says why, without the values of rows that Spark puts in quotes."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith("[")] or lines[1:] or lines or ["no reason given"]
    return redact(_without_values(telling[0]))[:300]


def _without_values(line: str) -> str:
    if line.startswith("[CAST_INVALID_INPUT") or "value '" in line:
        return line.split("'")[0].rstrip() + " …"
    return line
