"""The order of DAGs, read from their assets: there is no other list of steps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from alluvium.errors import AlluviumError, UsageError

if TYPE_CHECKING:
    from airflow.sdk import DAG


@dataclass(frozen=True)
class Links:
    """Which assets start a DAG, which its tasks read besides, and which they write; by name."""

    starts_on: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()


def links(dag: DAG) -> Links:
    """The assets that a DAG's schedule and tasks name."""
    return Links(
        starts_on=frozenset(_names(getattr(dag.timetable, "asset_condition", None))),
        reads=frozenset(asset.name for task in dag.tasks for asset in task.inlets),
        writes=frozenset(asset.name for task in dag.tasks for asset in task.outlets),
    )


def _names(condition: Any) -> set[str]:
    """The assets of a condition: one asset, or several joined by `&` and `|`."""
    if condition is None:
        return set()
    parts = getattr(condition, "objects", None)
    return {condition.name} if parts is None else set().union(*(_names(part) for part in parts))


def nightly(dags: Mapping[str, Links]) -> set[str]:
    """The DAGs of the nightly chain: those that an asset starts, and those that write such an asset."""
    starting = frozenset().union(*(dag.starts_on for dag in dags.values()))
    return {name for name, dag in dags.items() if dag.starts_on or dag.writes & starting}


def in_order(dags: Mapping[str, Links], wanted: Collection[str]) -> list[str]:
    """The wanted DAGs, each behind those that write what it starts on or reads.

    Raises UsageError for an unknown DAG, AlluviumError when the assets go round in a circle.
    """
    if unknown := sorted(set(wanted) - set(dags)):
        raise UsageError(f"There is no DAG {unknown[0]!r}", do=f"Known are {', '.join(sorted(dags))}")
    before = {
        name: [
            other
            for other in sorted(wanted)
            if other != name and dags[other].writes & (dags[name].starts_on | dags[name].reads)
        ]
        for name in sorted(wanted)
    }
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise AlluviumError(
            f"The assets of the DAGs go round in a circle: {' -> '.join(error.args[1])}"
        ) from None
