"""Masked details recognise a caller and reach nobody; what is too short to mask is not shown."""

from __future__ import annotations

import pytest

from alluvium.privacy import masking


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("ann@example.org", "a•••@example.org"),
        ('"a@b"@example.org', '"•••@example.org'),
        ("ann", None),
        (None, None),
    ],
)
def test_an_address_shows_its_first_letter_and_domain(value, shown):
    assert masking.email(value) == shown


@pytest.mark.parametrize(("value", "shown"), [("+1 312 555 0142", "•••42"), ("42", None), (None, None)])
def test_a_number_shows_its_last_two_digits(value, shown):
    assert masking.phone(value) == shown


def test_a_name_shows_initials():
    assert masking.name("Ann", " Bell ") == "A. B."
    assert masking.name(None, "") is None
