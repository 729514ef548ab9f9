"""Every published vector, and what must hold for any input at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.publish.normalise import PLATFORMS, Normalised, Reason, Rejected, normalise, text

VECTORS = json.loads(Path(__file__).with_name("audience_vectors.json").read_text(encoding="utf-8"))
HASH_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
PAIRS = sorted((platform, field) for platform, fields in PLATFORMS.items() for field in fields)
# A normal form that is its own normal form; birth dates become parts.
# Meta's digits without a plus are read as a national number again: 49201000 is one in Germany.
IDEMPOTENT = [(p, f) for p, f in PAIRS if not f.startswith("birth_") and (p, f) != ("meta", "phone")]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['platform']}-{v['field']}-{v['input'][:20]}")
def test_a_published_vector_holds(vector):
    result = normalise(vector["platform"], vector["field"], vector["input"], vector["country"])
    if "rejected" in vector:
        assert result == Rejected(vector["rejected"])
    else:
        assert result == Normalised(vector["normalised"], vector["sha256"])


@pytest.mark.parametrize(
    ("platform", "field", "value", "country", "normal"),
    [
        ("meta", "city", "München", None, "münchen"),
        ("meta", "first_name", "Jose\u0301", None, "josé"),
        ("meta", "last_name", "O’Neil Jr.", None, "oneil jr"),
        ("meta", "zip", "94025-1234", None, "94025"),
        ("meta", "zip", "1000-205", "PT", "1000-205"),
        ("google", "email", "a.b+c@GMAIL.com", None, "ab@gmail.com"),
        ("google", "phone", "+44 20 7946 0958", None, "+442079460958"),
        (
            "x",
            "device_id",
            "AEBE52E7-03EE-455A-B3C4-E57283966239",
            None,
            "aebe52e7-03ee-455a-b3c4-e57283966239",
        ),
        ("email", "email", " Ann@Example.org", None, "ann@example.org"),
        ("meta", "email", "\u200bann@example.org\ufeff", None, "ann@example.org"),
        ("meta", "zip", "94025 1234", "us", "94025"),
        ("meta", "birth_month", "1985-3-7", None, "03"),
        ("meta", "birth_day", "1985-03-07T00:00:00Z", None, "07"),
        ("meta", "phone", "(+44) 20 7946 0958", None, "442079460958"),
        ("meta", "phone", "+1 415 555 2671 ext. 5", None, "14155552671"),
        ("google", "phone", "００４４ ２０ ７９４６ ０９５８", "GB", "+442079460958"),
        ("google", "phone", "+49 (0)30 123456", None, "+4930123456"),
        ("meta", "phone", "06 1234 5678", "IT", "390612345678"),
        ("meta", "last_name", "Анна-Мария", None, "аннамария"),
        ("meta", "first_name", "小明", None, "小明"),
    ],
)
def test_a_normal_form_is_as_the_platform_states(platform, field, value, country, normal):
    result = normalise(platform, field, value, country)
    assert isinstance(result, Normalised)
    assert result.value == normal


@pytest.mark.parametrize(
    ("platform", "field", "value", "reason"),
    [
        ("meta", "email", None, Reason.EMPTY),
        ("meta", "email", "   ", Reason.EMPTY),
        ("meta", "last_name", " - ", Reason.EMPTY),
        ("google", "email", "+news@gmail.com", Reason.INVALID_EMAIL),
        ("meta", "country", "Germany", Reason.INVALID_COUNTRY),
        ("meta", "birth_day", "2017-02-30", Reason.INVALID_DATE),
        ("meta", "device_id", "00000000-0000-0000-0000-000000000000", Reason.PLACEHOLDER),
        ("x", "phone", "+14155552671", Reason.NOT_SENDABLE),
        ("nobody", "email", "ann@example.org", Reason.UNKNOWN_PLATFORM),
        ("meta", "shoe_size", "42", Reason.UNKNOWN_FIELD),
        ("meta", "first_name", "\u200b\u2060", Reason.EMPTY),
        ("google", "phone", "0044 20 7946 0958", Reason.COUNTRY_NEEDED),
        ("meta", "birth_year", "03/07/1985", Reason.INVALID_DATE),
    ],
)
def test_what_cannot_be_sent_is_rejected_with_its_reason(platform, field, value, reason):
    assert normalise(platform, field, value) == Rejected(reason)


values = st.one_of(
    st.text(max_size=30),
    st.emails(),
    st.from_regex(r"\+?[0-9 ()-]{5,18}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)
countries = st.sampled_from([None, "US", "GB", "DE", "xx", ""])


@given(pair=st.sampled_from(PAIRS), value=values, country=countries)
def test_nothing_is_never_hashed_and_no_hash_is_hashed_again(pair, value, country):
    result = normalise(*pair, value, country)
    if isinstance(result, Normalised):
        assert result.value
        assert result.cell != HASH_OF_NOTHING
        again = normalise(*pair, result.sha256, country) if result.sha256 else Rejected(Reason.ALREADY_HASHED)
        assert again == Rejected(Reason.ALREADY_HASHED)


@given(pair=st.sampled_from(IDEMPOTENT), value=values, country=countries)
def test_a_normal_form_is_its_own_normal_form(pair, value, country):
    result = normalise(*pair, value, country)
    if isinstance(result, Normalised):
        assert normalise(*pair, result.value, country) == result


mailboxes = st.from_regex(r"[a-z0-9_.+-]{1,70}", fullmatch=True) | st.text(max_size=10)
domains = st.from_regex(r"[a-z0-9.-]{1,20}\.(com|local|test|x1|de)", fullmatch=True)


@given(mailbox=mailboxes, domain=domains)
def test_an_address_is_valid_exactly_when_the_library_says_so(mailbox, domain):
    address = text.lower(text.trim(f"{mailbox}@{domain}"))
    try:
        validate_email(address, check_deliverability=False)
        accepted = True
    except EmailNotValidError:
        accepted = False
    result = normalise("x", "email", address)
    if result != Rejected(Reason.PLACEHOLDER):
        assert isinstance(result, Normalised) == accepted


@given(pair=st.sampled_from(PAIRS), value=values, country=countries)
def test_a_rejection_never_repeats_the_value(pair, value, country):
    result = normalise(*pair, value, country)
    if isinstance(result, Rejected):
        assert result.reason in set(Reason)
