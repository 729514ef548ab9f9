"""The vault gives back what was sealed, in no other row, and to nobody once the key is destroyed."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from alluvium.errors import AlluviumError
from alluvium.lake import ledger
from alluvium.privacy import contact_keys, contact_vault, purpose_keys, sealing
from alluvium.tables.privacy import OPS_KEY_TOMBSTONES, PII_CONTACT_VAULT, SUPPORT_CUSTOMERS

ANN = {"customer_id": "C1", "email": "ann.bell@example.org", "phone": "+13125550142", "first_name": "Ann"}
JOE = {"customer_id": "C2", "email": "ANN.BELL@example.org ", "phone": None, "first_name": "José"}


def customers(settings, *rows):
    full = [
        dict.fromkeys(contact_vault.COLUMNS) | {"birth_date": date(1980, 2, 29), "country": "US"} | row
        for row in rows
    ]
    kinds = {"birth_date": pa.date32()}
    names = ("customer_id", *contact_vault.COLUMNS)
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    path = settings.lake / "pii" / "customers"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_deltalake(str(path), pa.Table.from_pylist(full, schema), mode="overwrite")


def vault(settings):
    return ledger.rows(PII_CONTACT_VAULT, settings)


def opened(settings, rows=None):
    held = pa.RecordBatch.from_pylist(rows if rows is not None else vault(settings))
    found = contact_vault.Opener(settings).batch(held, "customer_id").to_pylist()
    return {row["customer_id"]: row for row in found}


def test_what_is_sealed_comes_back_and_is_nowhere_in_the_files(settings):
    customers(settings, ANN, JOE)
    assert contact_vault.refresh(settings) == 2
    found = opened(settings)
    assert {name: found["C1"][name] for name in ANN} == ANN
    assert (found["C2"]["first_name"], found["C2"]["birth_date"]) == ("José", date(1980, 2, 29))
    files = (settings.lake / "pii" / "contact_vault").rglob("*")
    content = b"".join(path.read_bytes() for path in files if path.is_file())
    assert not any(word in content for word in (b"ann.bell", b"ANN.BELL", b"3125550142", b"1980"))


def test_a_shared_address_is_seen_without_opening_it(settings):
    customers(settings, ANN, JOE)
    contact_vault.refresh(settings)
    assert len({row["email_match"] for row in vault(settings)}) == 1


def test_only_what_changed_is_written_again_and_an_unchanged_table_is_not_even_read(settings, monkeypatch):
    customers(settings, ANN, JOE)
    contact_vault.refresh(settings)
    before = {row["customer_id"]: row for row in vault(settings)}
    customers(settings, ANN, JOE | {"phone": "+13125550143"})
    assert contact_vault.refresh(settings) == 1
    after = {row["customer_id"]: row for row in vault(settings)}
    assert after["C1"] == before["C1"]
    assert after["C2"]["email"] != before["C2"]["email"]  # Another nonce.
    monkeypatch.setattr(contact_vault, "_customers", lambda _: pytest.fail("was read"))
    assert contact_vault.refresh(settings) == 0


def test_a_value_moved_to_another_column_or_customer_or_changed_does_not_open(settings):
    customers(settings, ANN, JOE)
    contact_vault.refresh(settings)
    ann, joe = sorted(vault(settings), key=lambda row: row["customer_id"])
    swapped = sealing.b64encode(sealing.b64decode(ann["email"])[:-1] + b"\0").decode()
    for broken in ({"first_name": ann["email"]}, {"email": joe["email"]}, {"email": swapped}):
        with pytest.raises(AlluviumError, match="does not open"):
            opened(settings, [ann | broken])


def test_a_customer_without_a_key_has_no_details_and_a_restored_key_is_destroyed_again(settings, tmp_path):
    customers(settings, ANN, JOE)
    contact_vault.refresh(settings)
    backup = shutil.copy(contact_keys.file_of(settings), tmp_path / "backup.db")
    sealed = vault(settings)
    assert contact_keys.shred(settings, ["C1"], "r1") == 1
    assert opened(settings, sealed)["C1"]["email"] is None
    assert opened(settings, sealed)["C2"]["email"] == JOE["email"]
    assert contact_keys.make(settings, ["C1"]) == {}
    shutil.copy(backup, contact_keys.file_of(settings))
    assert opened(settings, sealed)["C1"]["email"] == ANN["email"]  # As long as nobody looks.
    customers(settings, JOE | {"phone": None})
    contact_vault.refresh(settings)
    assert opened(settings, sealed)["C1"]["email"] is None
    [stone] = ledger.rows(OPS_KEY_TOMBSTONES, settings)
    assert stone["request_id"] == "r1"
    assert stone["shredded_at"] <= datetime.now(UTC)
    assert "C1" not in stone["token"]


def test_a_new_master_key_opens_what_was_sealed_before_and_the_old_one_is_gone(settings):
    customers(settings, ANN, JOE)
    contact_vault.refresh(settings)
    sealed = vault(settings)
    key = purpose_keys.rotate(settings, contact_keys.PURPOSE, date(2017, 11, 1))
    assert contact_keys.rewrap(settings) == 2
    purpose_keys.forget(settings, contact_keys.PURPOSE, key.version)
    assert opened(settings, sealed)["C1"]["email"] == ANN["email"]
    assert [each.version for each in purpose_keys.versions(settings, contact_keys.PURPOSE)] == [2]
    assert contact_keys.rewrap(settings) == 0


def test_who_retired_goes_from_the_vault_and_may_be_born_again(settings):
    customers(settings, ANN, JOE)
    contact_vault.refresh(settings)
    customers(settings, JOE)
    contact_vault.refresh(settings)
    assert [row["customer_id"] for row in vault(settings)] == ["C2"]
    customers(settings, ANN, JOE)
    contact_vault.refresh(settings)
    assert opened(settings)["C1"]["email"] == ANN["email"]


def test_support_sees_enough_to_recognise_a_caller_and_too_little_to_reach_them(settings):
    customers(settings, ANN | {"last_name": "Bell", "city": "Chicago"}, JOE | {"email": None})
    contact_vault.refresh(settings)
    rows = {row["customer_id"]: row for row in ledger.rows(SUPPORT_CUSTOMERS, settings)}
    shown = {"email": "a•••@example.org", "phone": "•••42", "name": "A. B.", "city": "Chicago"}
    assert rows["C1"] == shown | {"customer_id": "C1", "country": "US"}
    assert (rows["C2"]["email"], rows["C2"]["phone"]) == (None, None)


def test_nothing_is_made_before_there_are_customers(settings):
    assert contact_vault.refresh(settings) == 0
    assert not DeltaTable.is_deltatable(str(settings.lake / "pii" / "contact_vault"))
