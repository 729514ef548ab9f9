"""One delivery while its people stream by: who goes out, who is taken back, and why somebody does neither.

People come in batches. Memory holds the rows of those who leave, where an address may stand only once 8 bytes
of each address, and where contacts are capped the ids of who enters; the rest goes straight to the files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from hashlib import sha256
from operator import itemgetter
from pathlib import Path

import polars as pl

from alluvium.lake import stays
from spark_jobs.publish import guards, judging
from spark_jobs.publish.contacts import Contacts
from spark_jobs.publish.counts import Counts
from spark_jobs.publish.files import REJECT_COLUMNS, REJECTS, AudienceFiles, CsvFile
from spark_jobs.publish.judging import Judged
from spark_jobs.publish.moves import HELD_OUT, MoveLog
from spark_jobs.publish.people import RECORD, SAME_ADDRESS, fields_of, lines
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
# Null for who is nowhere: not sent, and nothing to take back.
MOVE = (
    pl.when((pl.col("verdict") == judging.USABLE) & pl.col("was_there"))
    .then(pl.lit(stays.STAYED))
    .when(pl.col("verdict") == judging.USABLE)
    .then(pl.lit(stays.ENTERED))
    .when("was_there")
    .then(pl.lit(stays.LEFT))
    .when(pl.col("verdict") == judging.HELD_OUT)
    .then(pl.lit(HELD_OUT))
)


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
        self._leaving: list[dict[str, str | None]] = []
        self._addresses: set[int] = set()
        self._entered: list[str] = []

    def take(self, judged: Judged) -> None:
        """Write the people, or note why not; whoever was there before and is not now is taken back."""
        people = judged.people.with_columns(was_there=pl.col("entered_at").is_not_null())
        self._counts.members += people.filter(pl.col("verdict") != judging.NOT_MEMBER).height
        self._counts.before += people.filter("was_there").height
        people = self._without_capped(people.with_row_index("row"))
        for verdict, count in people["verdict"].value_counts().iter_rows():
            if verdict in LEFT_OUT:
                self._leave_out(LEFT_OUT[verdict], count)
        people, same = self._once_per_address(people)
        self._reject(judged, same)
        moved = people.with_columns(move=MOVE).filter(pl.col("move").is_not_null())
        self._moves.note(judged.segment, judged.platform, moved)
        self._send(moved.filter(pl.col("move").is_in([stays.ENTERED, stays.STAYED])))
        leaving = moved.filter(move=stays.LEFT)
        self._counts.removed += leaving.height
        self._leaving += leaving.select("customer_id", *self._fields).iter_rows(named=True)

    @property
    def _fields(self) -> list[str]:
        return fields_of(self._rules.platform)

    def _without_capped(self, people: pl.DataFrame) -> pl.DataFrame:
        """Only who would newly enter is contacted by it. The cap holds for both groups of an experiment."""
        name, contacts = self._rules.platform_name, self._rules.contacts
        if name not in contacts.caps:
            return people
        is_new = ~pl.col("was_there") & pl.col("verdict").is_in([judging.USABLE, judging.HELD_OUT])
        new = people.filter(is_new)
        capped = [
            row for row, one in new.select("row", "customer_id").iter_rows() if not contacts.allow(name, one)
        ]
        self._leave_out("capped", len(capped))
        return people.filter(~pl.col("row").is_in(pl.Series(capped, dtype=pl.UInt32).implode()))

    def _leave_out(self, count: str, customers: int) -> None:
        setattr(self._counts, count, getattr(self._counts, count) + customers)

    def _once_per_address(self, people: pl.DataFrame) -> tuple[pl.DataFrame, list[int]]:
        """Whoever has the address of somebody before is not sent, where an address may stand only once."""
        if not self._rules.platform.one_row_per_address:
            return people, []
        usable = people.filter(verdict=judging.USABLE)
        addresses = usable.select("row", *self._rules.platform.identifiers).iter_rows()
        same = [row for row, *cells in addresses if not self._is_new_address(cells)]
        self._leave_out("rejected", len(same))
        is_same = pl.col("row").is_in(pl.Series(same, dtype=pl.UInt32).implode())
        return people.with_columns(verdict=pl.when(~is_same).then("verdict")), same

    def _is_new_address(self, cells: Sequence[str | None]) -> bool:
        text = "\n".join(cell for cell in cells if cell is not None)
        address = int.from_bytes(sha256(text.encode()).digest()[:8], "big")
        is_new = address not in self._addresses
        self._addresses.add(address)
        return is_new

    def _reject(self, judged: Judged, same: Sequence[int]) -> None:
        found = sorted([*judged.rejects, *((row, RECORD, SAME_ADDRESS) for row in same)], key=itemgetter(0))
        ids = judged.people["customer_id"]
        rows = [(ids[row], name, reason) for row, name, reason in found]
        if rows:
            self._rejects.write(
                pl.DataFrame(rows, schema=dict.fromkeys(REJECT_COLUMNS, pl.String), orient="row")
            )

    def _send(self, people: pl.DataFrame) -> None:
        new = people.filter(move=stays.ENTERED)
        self._counts.exported += people.height
        self._counts.added += new.height
        if self._rules.platform_name in self._rules.contacts.caps:
            self._entered += new["customer_id"].to_list()
        if self._rules.mode == "diff":
            self._files.keep(people.filter(move=stays.STAYED))
            people = new
        self._files.add(self._lines(people), people)

    def _lines(self, people: pl.DataFrame) -> pl.DataFrame:
        return lines(self._rules.platform, people["customer_id"], people, self._rules.unsubscribe)

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
        identifiers = self._rules.platform.identifiers
        leaving = {
            cell for cells in self._leaving for name in identifiers if (cell := cells[name]) is not None
        }
        return self._files.sent_among(leaving)

    def _write_removals(self, still_used: frozenset[str]) -> None:
        schema = dict.fromkeys(["customer_id", *self._fields], pl.String)
        identifiers = self._rules.platform.identifiers
        kept = pl.Series(sorted(still_used), dtype=pl.String).implode()
        leaving = pl.DataFrame(self._leaving, schema=schema).with_columns(
            pl.when(~pl.col(name).is_in(kept)).then(pl.col(name)).alias(name) for name in identifiers
        )
        found = leaving.filter(pl.any_horizontal(pl.col(identifiers).is_not_null()))
        self._files.remove(self._lines(found), found)
