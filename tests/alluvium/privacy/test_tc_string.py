"""A TC string means what its author meant, and one that cannot be read agrees to nothing."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alluvium.privacy import tc_string

# Of the documentation of another decoder, GDPR::IAB::TCFv2, with what it reads from it.
PUBLISHED = "CLcVDxRMWfGmWAVAHCENAXCkAKDAADnAABRgA5mdfCKZuYJez-NQm0TBMYA4oCAAGQYIAAAAAAEAIAEgAA"
ALL_PURPOSES = range(1, 25)


def encoded(purposes, updated_at=0, version=2):
    """The core segment, written field by field as the specification lists them."""
    fields = [(version, 6), (0, 36), (updated_at, 36), (21, 12), (7, 12), (2, 6), (0, 12), (23, 12), (4, 6)]
    fields += [(0, 1), (0, 1), (0, 12)]
    fields += [(int(number in purposes), 1) for number in ALL_PURPOSES]
    fields += [(0, 24), (0, 1), (0, 12), (0, 17)]
    text = "".join(f"{value:0{width}b}" for value, width in fields)
    text += "0" * (-len(text) % 8)
    raw = int(text, 2).to_bytes(len(text) // 8)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_a_published_string_says_what_another_decoder_reads():
    for text in (PUBLISHED, f"{PUBLISHED}.argAC0gAAAAAAAAAAAA", f" {PUBLISHED}\n"):
        found = tc_string.decode(text)
        assert found.purposes == {1, 3, 9, 10}
        assert int(found.updated_at.timestamp()) == 1326215413


@given(st.sets(st.sampled_from(ALL_PURPOSES)), st.integers(0, 2**35))
def test_what_is_written_is_read(purposes, updated_at):
    found = tc_string.decode(encoded(purposes, updated_at))
    assert found.purposes == purposes
    assert (found.updated_at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 10 == updated_at


def test_a_purpose_of_ours_needs_all_its_purposes_of_the_framework():
    assert tc_string.decode(encoded({3, 4, 8})).choices == {
        "marketing_ads": False,
        "ad_user_data": False,
        "ad_personalization": True,
        "personalisation": False,
        "analytics": False,
    }


@pytest.mark.parametrize(
    "text", ["", "C", "no base64!", encoded({1}, version=1), encoded({1})[:20], "é" * 60]
)
def test_what_is_no_string_of_version_2_is_refused(text):
    with pytest.raises(tc_string.TcStringError):
        tc_string.decode(text)


def test_a_column_of_strings_becomes_choices_and_a_broken_one_refuses_all():
    found = tc_string.choices_column(pa.array([encoded(set(ALL_PURPOSES)), "broken", None, " "])).to_pylist()
    assert set(json.loads(found[0]).values()) == {True}
    assert set(json.loads(found[1]).values()) == {False}
    assert found[2:] == [None, None]
