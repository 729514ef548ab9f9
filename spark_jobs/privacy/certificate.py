"""A signed statement that people were erased and nothing of them was found; it names nobody.

It is kept in `ops.audit`, as the reason of the act `privacy.certificate`, and can be checked by anybody who
has the public key.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from alluvium import catalog
from alluvium.errors import AlluviumError
from alluvium.lake import ledger
from alluvium.privacy import audit, signing
from alluvium.settings import Settings
from spark_jobs.privacy.erasure import champions
from spark_jobs.privacy.erasure.state import Erasure
from spark_jobs.privacy.scan.search import Scan, scanner_hash

ACTION = "privacy.certificate"
SAYS = (
    "Rows of the people of this request were removed from every table and file named here; what must add up "
    "stays without keys. Earlier versions of these tables can no longer be read."
)


def make(settings: Settings, erasure: Erasure, found: Scan, surrogates: dict[str, int]) -> dict[str, Any]:
    """The signed certificate of an erasure. Raises AlluviumError when the scan found something."""
    if not found.is_clean:
        raise AlluviumError(f"{len(found.findings)} places still hold the person: no certificate")
    said = {
        "request_id": erasure.request_id,
        "erased_at": erasure.erased_at.isoformat(),
        "certified_at": datetime.now(UTC).isoformat(),
        "says": SAYS,
        "people": len(erasure.people),
        "identifiers_searched": sum(len(person.identifiers) for person in erasure.people),
        "identifiers_of_others_not_searched": sum(person.count_shared for person in erasure.people),
        "tables": erasure.tables,
        "files_rewritten": len(erasure.files),
        "removal_files": erasure.count_removals,
        "files_scanned": found.count_files,
        "bytes_scanned": found.count_bytes,
        "files_not_decoded": len(found.undecodable),
        "patterns": found.count_patterns,
        "findings": len(found.findings),
        "pseudonyms_left": surrogates,
        "models_to_retrain": champions.before(settings, erasure.erased_at),
        "scanner_sha256": scanner_hash(),
        "public_key": signing.public_key(settings),
    }
    return said | {"signature": signing.sign(settings, said)}


def keep(settings: Settings, certificate: dict[str, Any]) -> None:
    """Note it in `ops.audit`, once."""
    if find(settings, certificate["request_id"]) is None:
        audit.note(settings, ACTION, certificate["request_id"], json.dumps(certificate, sort_keys=True))


def find(settings: Settings, request_id: str) -> dict[str, Any] | None:
    """The certificate of a request."""
    for row in ledger.rows(catalog.OPS_AUDIT, settings):
        if row["action"] == ACTION and row["subject"] == request_id:
            return dict(json.loads(row["reason"]))
    return None


def problems(settings: Settings, certificate: dict[str, Any], public: str | None = None) -> list[str]:
    """What is wrong with a certificate; nothing when it is sound.

    `public` is the key as an auditor keeps it; without it the key of this home is taken.
    """
    known = public or signing.public_key(settings)
    said = {name: value for name, value in certificate.items() if name != "signature"}
    found = []
    if said.get("public_key") != known:
        found.append("it names another public key")
    if not signing.is_signed_by(known, said, str(certificate.get("signature", ""))):
        found.append("the signature does not fit: the certificate was changed, or another key made it")
    if said.get("findings") != 0:
        found.append("it does not say that nothing was found")
    return found
