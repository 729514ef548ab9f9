"""Keyed hashes: one secret, well kept; keys that are the same for the same thing and for nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from alluvium.errors import AlluviumError
from alluvium.privacy import keys

SECRET = bytes(range(32))


def test_the_secret_is_made_once_and_nobody_else_can_read_it(settings):
    path = keys.ensure_key(settings)
    first = keys.load_secret(path)
    assert keys.load_secret(keys.ensure_key(settings)) == first
    assert len(first) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == [keys.FILE_NAME]


def test_many_at_once_agree_on_one_secret(settings):
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: keys.ensure_key(settings), range(16)))
    assert len({path.read_text() for path in paths}) == 1


def test_a_secret_that_others_can_read_is_refused(settings):
    path = keys.ensure_key(settings)
    path.chmod(0o644)
    with pytest.raises(AlluviumError, match="chmod 600"):
        keys.load_secret(path)


def test_a_missing_or_cut_secret_is_not_replaced_silently(settings):
    with pytest.raises(AlluviumError, match="cannot be read"):
        keys.load_secret(settings.secrets / keys.FILE_NAME)
    path = keys.ensure_key(settings)
    path.write_text("abcd")
    with pytest.raises(AlluviumError, match="32 bytes"):
        keys.load_secret(path)


def test_a_worker_with_another_file_system_is_told_where_the_secret_lies(settings, monkeypatch):
    path = keys.ensure_key(settings)
    monkeypatch.setenv(keys.FILE_VARIABLE, str(path))
    assert keys.load_secret("/nowhere/record.key") == bytes.fromhex(path.read_text())


def test_a_record_belongs_to_its_source_and_an_identifier_to_all():
    assert keys.record_key("crm", "7", SECRET) != keys.record_key("shop", "7", SECRET)
    assert keys.identifier_key("email", " A@Example.org", secret=SECRET) == keys.identifier_key(
        "email", "a@example.org", secret=SECRET
    )
    assert keys.identifier_key("phone", "(212) 555-0123", secret=SECRET) == keys.identifier_key(
        "phone", "+1 212 555 0123", secret=SECRET
    )


def test_a_known_key_does_not_change_with_a_release():
    # A changed key would cut every record off from its history.
    assert keys.record_key("pos", "900", SECRET) == "dd8169e53b801a3c001e418d4b8b4edc"
    assert keys.identifier_key("loyalty_card", "900", secret=SECRET) == "94ccc4ed10bddf045888e47d85d9a1dd"


@pytest.mark.parametrize("value", [None, "", " ", "n/a", "000"])
def test_what_names_nobody_has_no_key(value):
    assert keys.record_key("pos", value, SECRET) is None
    assert keys.identifier_key("loyalty_card", value, secret=SECRET) is None


def test_a_column_is_hashed_once_per_distinct_value():
    asked = []

    def make_key(value: str) -> str:
        asked.append(value)
        return value * 2

    found = keys.key_column(pa.array(["a", None, "b", "a"]), make_key)
    assert found.to_pylist() == ["aa", None, "bb", "aa"]
    assert asked == ["a", "b"]


def test_texts_are_hashed_as_one_by_one():
    texts = ["", "x", "ß"]
    assert keys.hash_column(SECRET, pa.array(texts)).to_pylist() == [keys.digest(SECRET, t) for t in texts]
