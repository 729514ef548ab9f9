"""One delivery while its people stream by: who goes out, who is taken back, and why somebody does neither.

Memory holds one id per customer who enters or leaves, and the rows of those who leave; the rest goes straight
to the file. That is about 1 GB for 5 million changes in a night.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from alluvium import stays
from spark_jobs.publish.files import REJECT_COLUMNS, REJECTS, REMOVALS, ChunkedCsv, CsvFile
from spark_jobs.publish.people import (
    NO_IDENTIFIER,
    RECORD,
    SAME_ADDRESS,
    PersonRow,
    line,
    make_row,
)
from spark_jobs.publish.plan import Platform
from spark_jobs.publish.suppression import Suppressed
from spark_jobs.publish.tokens import unsubscribe_token

DELIVERED, HELD, BLOCKED, REFUSED = "delivered", "held", "blocked", "refused"


def micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC."""
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


@dataclass(frozen=True)
class Rules:
    """What is the same for every person of a delivery."""

    segment: str
    platform_name: str
    platform: Platform
    minimum_size: int
    definition_version: str
    night: datetime
    suppressed: Suppressed
    secret: bytes
    unsubscribe_url: str

    def unsubscribe(self, customer_id: str) -> str:
        """The customer's one-click address."""
        return self.unsubscribe_url.format(token=unsubscribe_token(self.secret, customer_id))


@dataclass
class Counts:
    """Customers of one delivery."""

    members: int = 0
    without_consent: int = 0
    suppressed: int = 0
    rejected: int = 0
    exported: int = 0
    added: int = 0
    removed: int = 0


@dataclass
class Outcome:
    """How a delivery ended: `moves` go into `published.audience_members`."""

    status: str
    reason: str | None = None
    counts: dict[str, int] = field(default_factory=lambda: asdict(Counts()))
    moves: list[dict[str, Any]] = field(default_factory=list)


class Audience:
    """Takes people in the order of their ids and writes the files of one delivery into `folder`."""

    def __init__(self, folder: Path, rules: Rules) -> None:
        self._rules, self._counts = rules, Counts()
        header = list(rules.platform.columns)
        self._audience = ChunkedCsv(folder, header, rules.platform.chunk_rows)
        self._removals = CsvFile(folder / REMOVALS, header)
        self._rejects = CsvFile(folder / REJECTS, REJECT_COLUMNS)
        self._moves: list[dict[str, Any]] = []
        self._leaving: list[tuple[str, PersonRow]] = []
        self._addresses: set[bytes] = set()

    def take(self, person: Mapping[str, Any]) -> None:
        """Write the person, or note why not; whoever was there before and is not now is taken back."""
        row = self._usable(person) if person["is_member"] else None
        was_there = person["entered_at"] is not None
        if row is not None:
            self._audience.write(
                line(self._rules.platform, person["customer_id"], row, self._rules.unsubscribe)
            )
            self._counts.exported += 1
            self._counts.added += not was_there
            self._note(person, stays.STAYED if was_there else stays.ENTERED)
        elif was_there:
            self._leave(person)

    def _usable(self, person: Mapping[str, Any]) -> PersonRow | None:
        self._counts.members += 1
        if not person["is_consented"]:
            self._counts.without_consent += 1
        elif self._rules.suppressed.has(person):
            self._counts.suppressed += 1
        else:
            return self._identified(person)
        return None

    def _identified(self, person: Mapping[str, Any]) -> PersonRow | None:
        refused = frozenset(name for name in ("email", "phone") if person[f"{name}_is_refused"])
        row = make_row(self._rules.platform_name, self._rules.platform, person, refused)
        for field_name, reason in row.rejects:
            self._rejects.write([person["customer_id"], field_name, reason])
        objection = self._objection(row)
        if objection is None:
            return row
        self._rejects.write([person["customer_id"], RECORD, objection])
        self._counts.rejected += 1
        return None

    def _objection(self, row: PersonRow) -> str | None:
        identifiers = row.identifiers(self._rules.platform)
        if not identifiers:
            return NO_IDENTIFIER
        if not self._rules.platform.one_row_per_address:
            return None
        address = sha256("\n".join(identifiers.values()).encode()).digest()[:8]
        if address in self._addresses:
            return SAME_ADDRESS
        self._addresses.add(address)
        return None

    def _leave(self, person: Mapping[str, Any]) -> None:
        """The customer leaves; the address to take back is that of today's id of the person."""
        self._counts.removed += 1
        self._note(person, stays.LEFT)
        row = make_row(self._rules.platform_name, self._rules.platform, person)
        self._leaving.append((person["customer_id"], row))

    def _note(self, person: Mapping[str, Any], move: str) -> None:
        if move == stays.STAYED and person["written_left_at"] is None:
            return
        is_new = move == stays.ENTERED
        rules = self._rules
        self._moves.append(
            {
                "segment": rules.segment,
                "platform": rules.platform_name,
                "customer_id": person["customer_id"],
                "purpose": rules.platform.purpose if is_new else person["former_purpose"],
                "definition_version": rules.definition_version if is_new else person["former_version"],
                "entered_at": micros(rules.night) if is_new else person["entered_at"],
                "written_left_at": person["written_left_at"],
                "move": move,
            }
        )

    def finish(self) -> Outcome:
        """Close the files. Too few people are nobody's audience: then only removals go out."""
        self._audience.close()
        size, smallest = self._counts.exported, self._rules.minimum_size
        if size >= smallest:
            self._write_removals(self._still_used())
            self._close()
            return Outcome(DELIVERED, None, asdict(self._counts), self._moves)
        self._audience.discard()
        self._write_removals(frozenset())
        self._close()
        self._counts.exported = self._counts.added = 0
        kept = [move for move in self._moves if move["move"] != stays.ENTERED]
        reason = f"{size} people, fewer than {smallest}" if size else "nobody is left to send"
        return Outcome(HELD, reason, asdict(self._counts), kept)

    def _still_used(self) -> frozenset[str]:
        """Addresses of leaving people that somebody who stays has too: taking them back would lose both."""
        leaving = {
            cell for _, row in self._leaving for cell in row.identifiers(self._rules.platform).values()
        }
        if not leaving:
            return frozenset()
        return frozenset(cell for cells in self._audience.read() for cell in cells if cell in leaving)

    def _write_removals(self, still_used: frozenset[str]) -> None:
        for customer_id, row in self._leaving:
            row.cells = {name: cell for name, cell in row.cells.items() if cell not in still_used}
            if row.identifiers(self._rules.platform):
                self._removals.write(line(self._rules.platform, customer_id, row, self._rules.unsubscribe))

    def _close(self) -> None:
        self._removals.close()
        self._rejects.close()
