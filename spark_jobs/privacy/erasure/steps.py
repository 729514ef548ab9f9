"""The steps of an erasure, in order. Each can be repeated; a kill between or within them loses nothing.

Tokens come first: from then on ingest lets none of the old rows in again, so that what a later step takes out
stays out. Proof comes last, and only then the names are forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from alluvium.errors import AlluviumError
from alluvium.privacy import contact_keys, erasures, keys
from alluvium.settings import Settings
from spark_jobs.privacy import certificate
from spark_jobs.privacy.erasure import batches, elsewhere, exports, landing, quarantine, state, tables
from spark_jobs.privacy.erasure.state import Erasure
from spark_jobs.privacy.erasure.words import Words, fields_of, words_of
from spark_jobs.privacy.lake import Lake
from spark_jobs.privacy.people import People
from spark_jobs.privacy.scan.forms import SURROGATE, Identifier
from spark_jobs.privacy.scan.needles import Needles
from spark_jobs.privacy.scan.search import Scan, files_under, scan

Say = Callable[[str], None]
OPEN_STAYS = "SELECT platform, segment, customer_id FROM published.audience_members WHERE left_at IS NULL"


class Work:
    """What the steps of one erasure share."""

    def __init__(self, settings: Settings, erasure: Erasure) -> None:
        self.settings, self.erasure = settings, erasure
        self.secret = keys.load_secret(keys.key_file(settings))
        self.lake = Lake(settings)
        self.contracts = People(self.lake, self.secret).contracts

    @cached_property
    def words(self) -> dict[str, Words]:
        """What delivered texts of each contract are searched for."""
        return words_of(self.erasure.people, self.contracts)

    def save(self) -> None:
        """What is done so far survives a kill from here on."""
        state.save(self.settings, self.erasure)

    def note_table(self, done: tables.Outcome) -> None:
        """Add what was done to a table to what an attempt before did."""
        before = self.erasure.tables.get(done.table, {})
        self.erasure.tables[done.table] = asdict(done) | {
            "rows": done.rows + before.get("rows", 0),
            "rows_kept": done.rows_kept + before.get("rows_kept", 0),
            "version_before": before.get("version_before", done.version_before),
        }
        self.save()


def note_tokens(work: Work) -> None:
    """From here on ingest suppresses what the people did up to now."""
    erasure = work.erasure
    found = {key for person in erasure.people for key in (*person.record_keys, *person.identifier_keys)}
    erasures.note(work.settings, work.secret, found, erasure.erased_at, erasure.request_id)


def shred_contacts(work: Work) -> None:
    """Destroy the keys of their contact details: no copy of the vault, old or new, opens any more."""
    ids = {one for person in work.erasure.people for one in person.customer_ids}
    contact_keys.shred(work.settings, ids, work.erasure.request_id)


def clear_landing(work: Work) -> None:
    """Rewrite the files that were delivered."""
    for path, contract in landing.files(work.settings.landing, work.contracts):
        try:
            done = landing.rewrite(path, contract, work.words[contract.name])
        except Exception:  # noqa: BLE001 - a file that ingest could not open either; the scan will tell
            continue
        if done is not None:
            name = str(path.relative_to(work.settings.home))
            work.erasure.files[name] = {"removed": done.rows_removed, "emptied": done.rows_emptied} | {
                "batch": [done.source, done.entity, done.run_date.isoformat()]
            }
            work.save()


def clear_exports(work: Work) -> None:
    """Rewrite the files that went out; before the tables, which know who is with which platform."""
    has_ledger = "published.audience_members" in work.lake.tables
    stays = set(work.lake.rows(OPEN_STAYS)) if has_ledger else set()
    erasure, place = work.erasure, work.settings.exports
    taken = exports.take_out(place, erasure.people, stays, request_id=erasure.request_id)
    work.erasure.count_removals = len(exports.removals(place, erasure.request_id))
    for name, rows in taken.rows.items():
        work.erasure.files[name] = {"removed": rows, "emptied": 0}


def clear_quarantine(work: Work) -> None:
    """Delete refused rows that name the people."""
    if quarantine.TABLE in work.lake.tables:
        rows = quarantine.naming(work.lake, work.contracts, work.words)
        work.note_table(quarantine.erase(work.lake, rows))


def clear_tables(work: Work) -> None:
    """Delete or empty their rows in every table that holds persons."""
    found = work.erasure.keys
    for rule, counts, _ in tables.plan(work.lake, found):
        if counts:
            work.note_table(tables.erase(work.settings, rule, counts, found, work.erasure.nonce))


def settle_batches(work: Work) -> None:
    """Make the ledger of deliveries add up again."""
    from datetime import date

    touched: set[batches.Batch] = set()
    for done in work.erasure.files.values():
        if "batch" in done:
            source, entity, day = done["batch"]
            touched.add((source, entity, date.fromisoformat(day)))
    batches.settle(work.lake, touched, work.contracts)


def purge_tables(work: Work) -> None:
    """Remove replaced files and old commits of every table that holds persons, touched today or earlier."""
    for rule, _, _ in tables.plan(work.lake, []):
        version = tables.purge(work.settings.lake / rule.table.replace(".", "/", 1))
        if rule.table in work.erasure.tables:
            work.erasure.tables[rule.table]["version_after"] = version


def _state_files(work: Work) -> set[Path]:
    return {state.file_of(work.settings, request) for request in state.unfinished(work.settings)}


def search(work: Work) -> tuple[Scan, dict[str, int]]:
    """Look in every file, once: for what names the people, and for ids of ours that stood for them.

    Returns what was found of the first, and of the second how often by table or file: witnesses of what was
    done. Only the file that lets this erasure go on is left out: it names the people until the end.
    """
    ids = {each for person in work.erasure.people for each in (*person.customer_ids, *person.record_keys)}
    wanted = [*_identifiers(work), *(Identifier(SURROGATE, each) for each in sorted(ids))]
    own = _state_files(work)
    found = scan(work.settings.home, wanted, [p for p in files_under(work.settings.home) if p not in own])
    witnesses = [finding for finding in found.findings if finding.kind == SURROGATE]
    found.findings = [finding for finding in found.findings if finding.kind != SURROGATE]
    return found, dict(Counter(finding.table or finding.file for finding in witnesses))


def _identifiers(work: Work) -> list[Identifier]:
    names: dict[str, set[str]] = {}
    for contract in work.contracts:
        for kind, fields in fields_of(contract).items():
            names.setdefault(kind, set()).update(fields)
    return [
        Identifier(kind, value, person.subject, tuple(sorted(names.get(kind, ()))))
        for person in work.erasure.people
        for kind, value in person.identifiers
    ]


def clear_elsewhere(work: Work) -> None:
    """Blot values out of logs, reports and artefacts; the proof names what only a person can see to."""
    home = work.settings.home
    wanted = _identifiers(work)
    found = scan(home, wanted, [path for path in files_under(home) if elsewhere.is_here(home, path)])
    files = [finding.file for finding in found.findings]
    blotted, by_hand = elsewhere.blot_out(home, files, Needles(wanted))
    for name, count in blotted.items():
        work.erasure.files[name] = {"removed": 0, "emptied": count}
    work.erasure.left_to_hand = by_hand


STEPS: dict[str, Callable[[Work], None]] = {
    "tokens": note_tokens,
    "contact keys": shred_contacts,
    "landing": clear_landing,
    "exports": clear_exports,
    "quarantine": clear_quarantine,
    "tables": clear_tables,
    "batches": settle_batches,
    "purge": purge_tables,
    "elsewhere": clear_elsewhere,
}


def run(settings: Settings, erasure: Erasure, say: Say) -> None:
    """Do every step that is not done yet. The caller holds `alone`."""
    state.save(settings, erasure)
    left = [name for name in STEPS if name not in erasure.done]
    work = Work(settings, erasure) if left else None
    for name in left:
        assert work is not None
        say(name)
        STEPS[name](work)
        erasure.done.append(name)
        work.save()


def removals_sent(settings: Settings, erasure: Erasure) -> None:
    """The platforms were told: the removal files go."""
    for path in exports.removals(settings.exports, erasure.request_id):
        path.unlink(missing_ok=True)


def waiting_removals(settings: Settings, erasure: Erasure) -> list[Path]:
    """Removal files that have not been sent."""
    return exports.removals(settings.exports, erasure.request_id)


def certify(settings: Settings, erasure: Erasure) -> dict[str, Any]:
    """Search once more, sign that nothing was found, keep it, and forget who it was.

    Raises AlluviumError naming the files that still hold something.
    """
    given = certificate.find(settings, erasure.request_id)
    if given is None:
        work = Work(settings, erasure)
        found, witnesses = search(work)
        if not found.is_clean:
            erasure.done = [name for name in erasure.done if name != "elsewhere"]
            work.save()
            files = sorted({finding.file for finding in found.findings})
            raise AlluviumError(
                f"{len(found.findings)} findings in {len(files)} files are left",
                where=", ".join(files[:5]),
                do=f"See to them, then `alluvium privacy erase --request {erasure.request_id}`",
            )
        given = certificate.make(settings, erasure, found, witnesses)
        certificate.keep(settings, given)
    state.end(settings, erasure)
    return given
