"""The normalisers: known answers, and laws that hold for every text."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from alluvium import contact

NORMALISERS = [
    contact.normalise_email,
    contact.normalise_phone,
    contact.normalise_name,
    contact.normalise_text,
    contact.normalise_postal_code,
]
EMAILS = st.from_regex(r"\A[ ]?[A-Za-z0-9.+]{1,12}@[A-Za-z0-9-]{1,10}\.[A-Za-z]{2,6}[ ]?\Z")
PHONES = st.from_regex(r"\A[+]?[0-9 ().-]{4,18}\Z")


@pytest.mark.parametrize("normalise", NORMALISERS)
@given(text=st.one_of(st.text(max_size=40), EMAILS, PHONES))
def test_normalising_twice_changes_nothing_more(normalise, text):
    once = normalise(text)
    assert once is None or normalise(once) == once


@pytest.mark.parametrize("normalise", NORMALISERS)
@given(text=st.one_of(st.text(max_size=40), EMAILS, PHONES))
def test_white_space_around_a_value_means_nothing(normalise, text):
    assert normalise(f"  {text}\t") == normalise(text)


@given(
    mailbox=st.sampled_from(["test", "no", "jane", "a.b", "unknown", "tbd"]),
    domain=st.sampled_from(["test.com", "jane.com", "example.org", "unknown.net", "no.de"]),
)
def test_what_names_nobody_is_known_without_asking_of_every_address(mailbox, domain):
    address = f"{mailbox}@{domain}"
    assert (contact.normalise_email(address) is None) == contact.is_placeholder("email", address)


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        (" Jane.Doe@Example.COM ", "jane.doe@example.com"),
        ("jane@@example.com", None),
        ("jane", None),
        ("test@test.com", None),
        ("", None),
        (None, None),
    ],
)
def test_email(given_value, expected):
    assert contact.normalise_email(given_value) == expected


DOMAINS = st.sampled_from(
    [
        "example.org",
        "münchen.de",
        "a.b",
        "xn--mnchen-3ya.de",
        "-bad.com",
        "bad..com",
        "[127.0.0.1]",
        "com",
        "x1.test",
    ]
)


@settings(deadline=None)  # The library is loaded by the first.
@given(mailbox=st.from_regex(r"[a-z0-9_.+-]{1,70}", fullmatch=True) | st.text(max_size=9), domain=DOMAINS)
def test_a_plain_mailbox_is_written_as_the_library_writes_it(mailbox, domain):
    address = f"{mailbox}@{domain}".lower()
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True)
        expected = found.normalized.lower()
    except EmailNotValidError:
        expected = None
    assert contact._canonical_email(address) == expected


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ("(212) 555-0123", "+12125550123"),
        ("+1 212 555 0123", "+12125550123"),
        ("+49 30 901820", "+4930901820"),
        ("000-000-0000", None),
        ("123", None),
        ("call me", None),
    ],
)
def test_phone(given_value, expected):
    assert contact.normalise_phone(given_value) == expected


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [("  JosÉ ", "jose"), ("İpek", "ipek"), ("O'Brien-Smith", "o'brien-smith"), ("N/A", None), ("12", None)],
)
def test_name(given_value, expected):
    assert contact.normalise_name(given_value) == expected


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [("2138", "02138"), ("02138-1234", "02138"), ("00000", None), (" 10001 ", "10001")],
)
def test_postal_code(given_value, expected):
    assert contact.normalise_postal_code(given_value) == expected


def test_an_identifier_is_trimmed_and_a_zero_names_nobody():
    assert contact.normalise_identifier("loyalty_card", " 900 ") == "900"
    assert contact.normalise_identifier("loyalty_card", "000") is None
