"""One delivery while its people stream by: who goes out, who is taken back, and why somebody does neither.

Memory holds the rows of those who leave, where an address may stand only once 8 bytes of each address, and
where contacts are capped the ids of who enters; the rest goes straight to the files.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

from alluvium import stays
from spark_jobs.publish import guards, judging
from spark_jobs.publish.contacts import Contacts
from spark_jobs.publish.counts import Counts
from spark_jobs.publish.files import REJECT_COLUMNS, REJECTS, AudienceFiles, CsvFile
from spark_jobs.publish.judging import Judged
from spark_jobs.publish.moves import HELD_OUT, MoveLog
from spark_jobs.publish.people import RECORD, SAME_ADDRESS, identifiers, line
from spark_jobs.publish.plan import Guards, Platform
from spark_jobs.publish.tokens import unsubscribe_token

DELIVERED, HELD, BLOCKED, REFUSED, ENDED = "delivered", "held", "blocked", "refused", "ended"
# Which count a member adds to who is judged so.
LEFT_OUT = {
    judging.WITHOUT_CONSENT: "without_consent",
    judging.SUPPRESSED: "suppressed",
    judging.HELD_OUT: "held_out",
    judging.UNIDENTIFIED: "rejected",
}


@dataclass(frozen=True)
class Rules:
    """What is the same for every person of a delivery.

    `removals_only` is a status and a reason: nobody is sent, and only who must go is taken back.
    """

    segment: str
    platform_name: str
    platform: Platform
    minimum_size: int
    guards: Guards
    is_approved: bool
    mode: str
    definition_version: str
    run_date: date
    secret: bytes
    unsubscribe_url: str
    removals_only: tuple[str, str] | None = None
    contacts: Contacts = field(default_factory=Contacts)

    def unsubscribe(self, customer_id: str) -> str:
        """The customer's one-click address."""
        return self.unsubscribe_url.format(token=unsubscribe_token(self.secret, customer_id))


@dataclass(frozen=True)
class Outcome:
    """How a delivery ended."""

    status: str
    reason: str | None = None
    counts: dict[str, int] = field(default_factory=lambda: asdict(Counts()))
    match_rate: float | None = None


class Audience:
    """Takes people in the order of their ids and writes the files of one delivery into `folder`."""

    def __init__(self, folder: Path, moves: Path, rules: Rules) -> None:
        self._rules, self._counts = rules, Counts()
        self._files = AudienceFiles(folder, rules.platform, moves.with_suffix(".kept"))
        self._rejects = CsvFile(folder / REJECTS, REJECT_COLUMNS)
        self._moves = MoveLog(moves, rules.run_date, rules.platform.purpose, rules.definition_version)
        self._leaving: list[tuple[str, dict[str, str]]] = []
        self._addresses: set[int] = set()
        self._entered: list[str] = []

    def take(self, person: Judged) -> None:
        """Write the person, or note why not; whoever was there before and is not now is taken back."""
        was_there = person.entered_at is not None
        self._counts.members += person.verdict != judging.NOT_MEMBER
        self._counts.before += was_there
        for name, reason in person.rejects:
            self._rejects.write([person.customer_id, name, reason])
        if self._is_capped(person, was_there):
            self._leave_out("capped")
            return
        if person.verdict in LEFT_OUT:
            self._leave_out(LEFT_OUT[person.verdict])
        is_sent = person.verdict == judging.USABLE and not self._is_same_address(person)
        if is_sent:
            self._send(person, was_there)
        elif was_there:
            self._counts.removed += 1
            self._moves.note(person, stays.LEFT)
            self._leaving.append((person.customer_id, person.cells))
        elif person.verdict == judging.HELD_OUT:
            self._moves.note(person, HELD_OUT)

    def _is_capped(self, person: Judged, was_there: bool) -> bool:
        """Only who would newly enter is contacted by it. The cap holds for both groups of an experiment."""
        is_new = not was_there and person.verdict in (judging.USABLE, judging.HELD_OUT)
        return is_new and not self._rules.contacts.allow(self._rules.platform_name, person.customer_id)

    def _leave_out(self, count: str) -> None:
        setattr(self._counts, count, getattr(self._counts, count) + 1)

    def _is_same_address(self, person: Judged) -> bool:
        """Whether somebody before has the same address, where an address may stand only once."""
        if not self._rules.platform.one_row_per_address:
            return False
        text = "\n".join(identifiers(self._rules.platform, person.cells).values())
        address = int.from_bytes(sha256(text.encode()).digest()[:8], "big")
        if address not in self._addresses:
            self._addresses.add(address)
            return False
        self._rejects.write([person.customer_id, RECORD, SAME_ADDRESS])
        self._leave_out("rejected")
        return True

    def _send(self, person: Judged, was_there: bool) -> None:
        self._counts.exported += 1
        self._counts.added += not was_there
        self._moves.note(person, stays.STAYED if was_there else stays.ENTERED)
        if not was_there and self._rules.contacts.caps.get(self._rules.platform_name):
            self._entered.append(person.customer_id)
        if was_there and self._rules.mode == "diff":
            self._files.keep(person.cells)
        else:
            self._files.add(self._line(person.customer_id, person.cells), person.cells)

    def _line(self, customer_id: str, cells: dict[str, str]) -> list[str]:
        return line(self._rules.platform, customer_id, cells, self._rules.unsubscribe)

    def finish(self) -> Outcome:
        """Close the files. What a guard holds back sends nobody: then only removals go out."""
        self._files.close()
        status, reason = self._verdict()
        match_rate = round(self._counts.match_rate, 4)
        if status != DELIVERED:
            self._files.discard()
            self._counts.exported = self._counts.added = 0
        else:
            self._rules.contacts.note(self._rules.platform_name, self._entered)
        self._write_removals(self._still_used() if status == DELIVERED else frozenset())
        self._files.close()
        self._files.forget_kept()
        self._rejects.close()
        self._moves.close()
        return Outcome(status, reason, asdict(self._counts), match_rate)

    def _verdict(self) -> tuple[str, str | None]:
        if self._rules.removals_only is not None:
            return self._rules.removals_only
        reason = guards.too_few(self._counts, self._rules.minimum_size)
        if reason is None and not self._rules.is_approved:
            reason = guards.objection(self._counts, self._rules.guards)
        return (HELD, reason) if reason else (DELIVERED, None)

    def _still_used(self) -> frozenset[str]:
        """Addresses of leaving people that somebody who stays has too: taking them back would lose both."""
        leaving = {
            cell for _, cells in self._leaving for cell in identifiers(self._rules.platform, cells).values()
        }
        return self._files.sent_among(leaving)

    def _write_removals(self, still_used: frozenset[str]) -> None:
        for customer_id, cells in self._leaving:
            kept = {name: cell for name, cell in cells.items() if cell not in still_used}
            if identifiers(self._rules.platform, kept):
                self._files.remove(self._line(customer_id, kept), kept)
