"""What an erasure has done so far, so that it goes on after a kill: one file under `secrets/` until it ends.

The file names the people: it must, since half erased they can no longer be found. It is readable by its owner
alone and removed when the certificate is written.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alluvium.errors import AlluviumError
from alluvium.settings import Settings
from spark_jobs.privacy import people
from spark_jobs.privacy.people import Person

FOLDER = "erasures"


@dataclass
class Erasure:
    """One erasure of one or many people."""

    request_id: str
    erased_at: datetime
    nonce: str
    people: list[Person]
    done: list[str] = field(default_factory=list)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    count_removals: int = 0
    left_to_hand: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Everything that stands for the people in tables: customer ids, record keys, identifier keys."""
        found: set[str] = set()
        for person in self.people:
            found |= {*person.customer_ids, *person.record_keys, *person.identifier_keys}
        return sorted(found)


def folder(settings: Settings) -> Path:
    """Where open erasures are."""
    return settings.secrets / FOLDER


def file_of(settings: Settings, request_id: str) -> Path:
    """The state file of an erasure."""
    return folder(settings) / f"{request_id}.json"


def new(found: list[Person]) -> Erasure:
    """An erasure that has not begun."""
    now = datetime.now(UTC)
    return Erasure(f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}", now, secrets.token_hex(16), found)


def save(settings: Settings, erasure: Erasure) -> None:
    """Write the state, whole or not at all."""
    place = file_of(settings, erasure.request_id)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    values = asdict(erasure) | {
        "erased_at": erasure.erased_at.isoformat(),
        "people": [people.as_json(person) for person in erasure.people],
    }
    draft = place.with_suffix(".draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(values, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, place)


def load(settings: Settings, request_id: str) -> Erasure:
    """The erasure to go on with. Raises AlluviumError when there is none of that id."""
    place = file_of(settings, request_id)
    if not place.is_file():
        raise AlluviumError(f"There is no open erasure {request_id}", where=str(place.parent))
    values = json.loads(place.read_text(encoding="utf-8"))
    values["erased_at"] = datetime.fromisoformat(values["erased_at"])
    values["people"] = [people.from_json(person) for person in values["people"]]
    return Erasure(**values)


def unfinished(settings: Settings) -> list[str]:
    """Ids of the erasures that began and have not ended, oldest first."""
    return sorted(path.stem for path in folder(settings).glob("*.json"))


def end(settings: Settings, erasure: Erasure) -> None:
    """Forget who it was."""
    file_of(settings, erasure.request_id).unlink(missing_ok=True)
    file_of(settings, erasure.request_id).with_suffix(".draft").unlink(missing_ok=True)
