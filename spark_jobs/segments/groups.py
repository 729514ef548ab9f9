"""Which segments go before another in its priority group: who is in one of them is not in it."""

from __future__ import annotations

from pathlib import Path

from alluvium.settings import Settings
from spark_jobs.segments import lifecycle
from spark_jobs.segments.definition import FOLDER, Definition, load_all
from spark_jobs.segments.moment import Moment


def ahead_of(
    settings: Settings, definition: Definition, at: Moment, folder: Path = FOLDER
) -> list[Definition]:
    """The segments of the group with a lower place that are not over, in their order; none without a group.

    Raises AlluviumError when the group's definitions cannot be read.
    """
    own = definition.priority
    if own is None:
        return []
    group = [
        (other.priority.place, other)
        for other in load_all(folder)
        if other.priority is not None
        and other.priority.group == own.group
        and other.priority.place < own.place
    ]
    before = [other for _, other in sorted(group, key=lambda pair: pair[0]) if other.name != definition.name]
    over = lifecycle.retired(settings, before, at)
    return [other for other in before if other.name not in over]
