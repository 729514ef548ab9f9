"""Exports of consent management platforms as files of `consent/preferences`, the contract there is."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from alluvium.contracts.contract import load
from alluvium.errors import UsageError
from alluvium.privacy import tc_string
from alluvium.settings import Settings

SOURCE, ENTITY = "consent", "preferences"
_STATUS = {
    "granted": "granted", "yes": "granted", "true": "granted", "1": "granted", "opt_in": "granted",
    "denied": "denied", "no": "denied", "false": "denied", "0": "denied",
    "revoked": "revoked", "withdrawn": "revoked", "opt_out": "revoked",
}  # fmt: skip
Choice = dict[str, Any]
Mistake = tuple[int, str]


def read(path: Path, names: Mapping[str, str]) -> tuple[list[Choice], list[Mistake]]:
    """The choices of an export, and its lines that cannot be used with what is wrong: never a value.

    `names` are the platform's words for our purposes. Raises UsageError for a file without the columns.
    """
    if not path.is_file():
        raise UsageError("There is no such file", where=str(path))
    choices, mistakes = [], []
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        given = set(rows.fieldnames or [])
        if not {"subject_id", "changed_at"} <= given or not (
            {"purpose", "status"} <= given or "tc_string" in given
        ):
            raise UsageError(
                "The file needs subject_id, changed_at, and purpose with status or tc_string",
                where=f"{path}, line 1",
            )
        known = load(SOURCE, ENTITY).columns["purpose"].allowed or ()
        for line, row in enumerate(rows, 2):
            try:
                choices += list(_choices(row, names, known))
            except ValueError as error:
                mistakes.append((line, str(error)))
    return choices, mistakes


def _choices(
    row: Mapping[str, str | None], names: Mapping[str, str], known: Iterable[str]
) -> Iterator[Choice]:
    said = {
        name: (value or "").strip() for name, value in row.items() if name and not isinstance(value, list)
    }
    if not said["subject_id"]:
        raise ValueError("subject_id is empty")
    changed_at = _moment(said["changed_at"])
    for purpose, status in _said(said, names, known):
        choice = {
            "subjectId": said["subject_id"],
            "email": said.get("email") or None,
            "phone": said.get("phone") or None,
            "purpose": purpose,
            "status": status,
            "changedAt": changed_at,
            "policyVersion": said.get("policy_version") or None,
            "provenance": "real",
        }
        # The same choice in a later export is the same choice.
        key = json.dumps([choice["subjectId"], purpose, status, changed_at])
        yield {"preferenceId": f"cmp-{sha256(key.encode()).hexdigest()[:24]}", **choice}


def _said(
    said: Mapping[str, str], names: Mapping[str, str], known: Iterable[str]
) -> Iterator[tuple[str, str]]:
    if said.get("tc_string"):
        try:
            found = tc_string.decode(said["tc_string"])
        except tc_string.TcStringError as error:
            raise ValueError(f"tc_string: {error}") from None
        yield from ((name, "granted" if agreed else "denied") for name, agreed in found.choices.items())
        return
    purpose = names.get(said.get("purpose", ""), said.get("purpose", ""))
    if purpose not in known:
        raise ValueError("purpose is none of ours; name it with --purposes")
    status = _STATUS.get(said.get("status", "").lower())
    if status is None:
        raise ValueError("status is none of granted, denied, revoked")
    yield purpose, status


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("changed_at is not a time such as 2017-10-31T08:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError("changed_at needs a time zone, such as Z")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def land(settings: Settings, choices: Iterable[Choice], run_date: date, given: Path) -> Path:
    """Write the choices where the night of the run date finds them; the same export has the same file."""
    folder = settings.landing / SOURCE / ENTITY / f"run_date={run_date.isoformat()}"
    folder.mkdir(parents=True, exist_ok=True)
    name = sha256(given.read_bytes()).hexdigest()[:16]
    place = folder / f"cmp_{name}.json"
    draft = place.with_name(f".{place.name}.draft")
    draft.write_text("".join(json.dumps(choice) + "\n" for choice in choices), encoding="utf-8")
    os.replace(draft, place)
    return place
